"""A database URL as an endpoint."""

import re
from collections.abc import Iterator, Sequence

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from exporter.db.dialect import Dialect, ParameterError
from exporter.model import Endpoint, Secret, SecretUnreadable
from exporter.net.resolve import is_address

EXAMPLE = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class UrlError(Exception):
    """A URL that cannot be used; the texts never show the URL, because a password may stand in it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_url(written: str, password: Secret | None, dialects: Sequence[Dialect]) -> tuple[Endpoint, Dialect]:
    """Read a URL in SQLAlchemy's form; a driver named behind a plus sign makes no difference to us.

    Raises UrlError in words for people, with all that is wrong.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise UrlError(f"is not a database URL; {EXAMPLE}") from None
    scheme = url.drivername.partition("+")[0].lower()
    dialect = next((dialect for dialect in dialects if scheme in dialect.names), None)
    if dialect is None:
        known = ", ".join(f"{name}://" for dialect in dialects for name in dialect.names)
        raise UrlError(f"does not begin with a database that we probe; allowed: {known}")
    problems = [problem for problem in _problems(url, has_password=password is not None) if problem]
    if problems:
        raise UrlError(*problems)
    return _endpoint(url, password, dialect, scheme), dialect


def prepare(endpoint: Endpoint, dialect: Dialect) -> None:
    """Check what only the database's own driver can check: the parameters. Raises UrlError."""
    try:
        dialect.prepare(endpoint)
    except ParameterError as error:
        raise UrlError(*(f"parameter {problem}" for problem in error.problems)) from None


def _endpoint(url: URL, password: Secret | None, dialect: Dialect, scheme: str) -> Endpoint:
    if url.password is not None:
        try:
            password = Secret.literal(str(url.password), "the URL")
        except SecretUnreadable as error:
            raise UrlError(f"has a password that cannot be used: {error}") from None
    return Endpoint(
        dialect=dialect.names[scheme],
        host=str(url.host),
        port=dialect.default_port if url.port is None else url.port,
        user=str(url.username),
        password=password,
        database=url.database or "",
        params={name: value for name, value in url.query.items() if isinstance(value, str)},
    )


def _problems(url: URL, *, has_password: bool) -> Iterator[str]:
    """Say all that is wrong with a URL; what is empty is right."""
    texts = [
        url.username or "",
        url.host or "",
        url.database or "",
        *url.query,
        *map(str, url.query.values()),
    ]
    if not all(text.isprintable() for text in texts):
        yield "has a control character in it"
    yield host_problem(url.host or "")
    if url.port is not None and not 0 < url.port < 65536:
        yield f"has port {url.port}; 1 to 65535 is allowed"
    if not url.username:
        yield f"names no user; {EXAMPLE}"
    if "@" in (url.database or ""):
        yield "has an @ in the database's name; if it belongs to the password, write it as %40, and / as %2F"
    if url.password is not None and has_password:
        yield "has a password, and a password block stands beside it; keep one of them"
    for name, value in url.query.items():
        if not isinstance(value, str):
            yield f"gives the parameter {name} more than once"


def host_problem(host: str) -> str:
    """Say why this is no host, or nothing."""
    if not host:
        return f"names no host; {EXAMPLE}"
    if "," in host:
        return "names several hosts; make each a target of its own"
    if is_address(host):
        return ""
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or labels[-1].isdigit() or not all(LABEL.fullmatch(label) for label in labels):
        return "names a host that is neither a host name nor an address"
    return ""
