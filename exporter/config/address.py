"""A database URL as an endpoint."""

import re
from collections.abc import Sequence

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from exporter.db.dialect import Dialect, ParameterError
from exporter.model import Endpoint, Secret

EXAMPLE = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")


class UrlError(Exception):
    """A URL that cannot be used; the text never shows the URL, because a password may stand in it."""


def read_url(written: str, password: Secret | None, dialects: Sequence[Dialect]) -> tuple[Endpoint, Dialect]:
    """Read a URL in SQLAlchemy's form; a driver named behind a plus sign makes no difference to us.

    Raises UrlError in words for people.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise UrlError(f"is not a database URL; {EXAMPLE}") from None
    scheme = url.drivername.partition("+")[0].lower()
    dialect = next((dialect for dialect in dialects if scheme in dialect.names), None)
    if dialect is None:
        known = ", ".join(f"{name}://" for dialect in dialects for name in dialect.names)
        raise UrlError(f"begins with {scheme}://, which is no database we probe; allowed: {known}")
    _check(url)
    endpoint = Endpoint(
        dialect=dialect.names[scheme],
        host=str(url.host),
        port=dialect.default_port if url.port is None else url.port,
        user=str(url.username),
        password=password or _from_url(url, password),
        database=url.database or "",
        params={name: value for name, value in url.query.items() if isinstance(value, str)},
    )
    return endpoint, dialect


def prepare(endpoint: Endpoint, dialect: Dialect) -> None:
    """Check what only the database's own driver can check: the parameters. Raises UrlError."""
    try:
        dialect.prepare(endpoint)
    except ParameterError as error:
        raise UrlError(f"parameter {error.parameter}: {error.problem}") from None


def _from_url(url: URL, password: Secret | None) -> Secret | None:
    if url.password is None:
        return password
    return Secret.literal(str(url.password), "the URL")


def _check(url: URL) -> None:
    if not url.host:
        raise UrlError(f"names no host; {EXAMPLE}")
    if "," in url.host:
        raise UrlError("names several hosts; make each a target of its own")
    if not HOST.fullmatch(url.host) or len(url.host) > 253:
        raise UrlError("names a host that is neither a host name nor an address")
    if url.port is not None and not 0 < url.port < 65536:
        raise UrlError(f"has port {url.port}; 1 to 65535 is allowed")
    if not url.username:
        raise UrlError(f"names no user; {EXAMPLE}")
    repeated = [name for name, value in url.query.items() if not isinstance(value, str)]
    if repeated:
        raise UrlError(f"gives the parameter {repeated[0]} more than once")
