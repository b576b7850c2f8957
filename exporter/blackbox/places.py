"""What stands behind `target=`: a host and a port, or the URL of a page."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from exporter.model.allowance import is_host_name
from exporter.net.resolve import is_address

LONGEST: Final = 2000
CREDENTIALS: Final = "target has an @ in it; credentials stand in the configuration only"
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
PORTS: Final = {"http": 80, "https": 443}


class BadTarget(Exception):
    """A target that cannot be looked at; the text says why and repeats nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to look; `path` and `encrypted` are of a page."""

    host: str
    port: int | None = None
    path: str = "/"
    encrypted: bool = False


def place(target: str) -> Place:
    """Read `db.example.com`, `10.0.0.5:5432`, `fd00::5` or `[fd00::5]:5432`; raise BadTarget."""
    host, port = target, ""
    if "@" in target:
        raise BadTarget(CREDENTIALS)
    if target.startswith("["):
        host, _, rest = target[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise BadTarget("target is neither a host nor a host and a port")
        port = rest.removeprefix(":")
    elif target.count(":") == 1:
        host, _, port = target.partition(":")
    return Place(host=_host(host), port=_port(port))


def page(target: str) -> Place:
    """Read a URL of a page; without `http://` or `https://` the first is meant. Raises BadTarget."""
    if not (target.isascii() and target.isprintable()) or " " in target or len(target) > LONGEST:
        raise BadTarget("target is no URL of at most 2000 characters of ASCII")
    scheme = SCHEME.match(target)
    if scheme and scheme[1].lower() not in PORTS:
        raise BadTarget("target is no URL of http or https")
    try:
        url = urlsplit(target if scheme else f"http://{target}")
        host, port = url.hostname or "", url.port
    except ValueError:
        raise BadTarget("target is no URL") from None
    if "@" in url.netloc:
        raise BadTarget(CREDENTIALS)
    if port == 0:
        raise BadTarget("target has port 0; 1 to 65535 is allowed")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Place(host=_host(host), port=port or PORTS[url.scheme], path=path, encrypted=url.scheme == "https")


def host_name(text: str) -> str:
    """Check what is to be a server's name; raise BadTarget."""
    if "%" in text:
        raise BadTarget("hostname names an interface, which no other host knows")
    return _host(text, "hostname")


def known_as(host: str) -> str:
    """Give one spelling for all that lead to the same host without a question to anybody."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".")
    return str(getattr(address, "ipv4_mapped", None) or address)


def _host(host: str, what: str = "target") -> str:
    if not (is_host_name(host) or is_address(host)):
        raise BadTarget(f"{what} is neither a host name nor an address")
    return host


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadTarget("target has no port from 1 to 65535 behind its host")
    return int(text)
