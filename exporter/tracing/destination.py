"""Where to: a host, a host and its port, or the URL of a database, as people write it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.model import ProbeError
from exporter.net.resolve import Resolver, is_address

USAGE: Final = "write HOST, HOST:PORT, [IPv6 address]:PORT, or a database URL"
URL: Final = re.compile(
    r"([^:/@]+)://(?:[^:/@?]*(?::[^@]*)?@)?(\[[^]]*\]|[^:/?#@]*)(?::([^/?#]*))?(?:[/?#].*)?"
)
PLACE: Final = re.compile(r"(\[[^]]*\]|[^:\[\]]*)(?::(.*))?")
RESOLVED_WITHIN: Final = 10.0
"""Seconds that the system's resolver may take."""
VERSIONS: Final = {4: "IPv4", 6: "IPv6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A host as it was named, the one of its addresses that is traced, and the `others` it has.

    `port` is TCP's; the other protocols have none that matters.
    """

    host: str
    address: str
    port: int
    protocol: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = self.host if self.host == self.address else f"{self.host} ({self.address})"
        if self.protocol == "tcp":
            return f"TCP port {self.port} of {where}"
        return f"{where} by {self.protocol.upper()}"


class NoDestination(Exception):
    """There is no way to go there; the text says why, and never shows a password."""


def read_place(written: str, ports: Mapping[str, int]) -> tuple[str, int | None]:
    """Give the host, and the port if one is written or the URL's kind of database has one by default.

    `ports` are the defaults, by the schemes of URLs. Raises NoDestination.
    """
    if "://" in written:
        return _read_url(written, ports)
    if is_address(written):
        return written, None
    found = PLACE.fullmatch(written)
    if found is None or "@" in written:
        raise NoDestination(f"this is no host; {USAGE}")
    return _host(found[1]), None if found[2] is None else read_port(found[2])


def read_port(written: str) -> int:
    """Read a port; raise NoDestination."""
    if not (written.isascii() and written.isdigit() and 0 < int(written[:6]) < 65536):
        raise NoDestination("a port is a number from 1 to 65535")
    return int(written)


def find(
    host: str,
    port: int,
    resolver: Resolver,
    *,
    protocol: str,
    version: int | None = None,
    within: float = RESOLVED_WITHIN,
) -> Destination:
    """Look the host's addresses up and choose the first, of this IP version if one is asked for.

    Raises NoDestination, and `exporter.net.waiting.Stopped`.
    """
    try:
        found = resolver.addresses(host, within)
    except ProbeError as error:
        raise NoDestination(error.detail) from None
    fitting = [address for address in found if version in (None, 6 if ":" in address else 4)]
    if version is not None and not fitting:
        raise NoDestination(f"{host} has no {VERSIONS[version]} address, but {', '.join(found)}")
    return Destination(
        host=host,
        address=fitting[0],
        port=port,
        protocol=protocol,
        others=tuple(address for address in found if address != fitting[0]),
    )


def _read_url(written: str, ports: Mapping[str, int]) -> tuple[str, int | None]:
    found = URL.fullmatch(written)
    if found is None:
        raise NoDestination(f"this is no database URL; {USAGE}, such as postgresql://user@host:5432/database")
    default = ports.get(found[1].partition("+")[0].lower())
    if default is None:
        raise NoDestination(f"the URL is of no database known here; it may begin with {_schemes(ports)}")
    return _host(found[2]), read_port(found[3]) if found[3] else default


def _schemes(ports: Mapping[str, int]) -> str:
    names: Sequence[str] = [f"{name}://" for name in ports]
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _host(written: str) -> str:
    host = written
    if written.startswith("["):
        host = written[1:-1]
        if not (is_address(host) and ":" in host):
            raise NoDestination(f"only an IPv6 address stands in brackets; {USAGE}")
    if not host:
        raise NoDestination(f"no host is named; {USAGE}")
    if not host.isprintable() or set(host) & set(" /\\,;<>\"'"):
        raise NoDestination(f"this is neither a host name nor an address; {USAGE}")
    return host
