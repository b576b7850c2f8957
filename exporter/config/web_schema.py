"""What may be written in a web configuration file: exporter-toolkit's format."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from exporter.model import ClientCertificate
from exporter.net.listener_tls import CURVES, NEWER_SUITES, SUITES
from exporter.settings import Settings

HASH: Final = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
COSTS: Final = range(4, 32)
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""Headers that may be set, each with its values; none: any."""
DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
NEVER: Final = (None, 0, "0", "0s")
ALIASES: Final = {"RequireClientCert": ClientCertificate.REQUIRE_ANY}
"""What the toolkit takes for old files' sake."""
REQUIRED: Final = ("RequireAnyClientCert", "RequireAndVerifyClientCert", *ALIASES)


def _user(value: str) -> str:
    if ":" in value:
        raise ValueError("has a colon in the name, which ends it where it is sent")
    return value


def _hash(value: str) -> str:
    match = HASH.fullmatch(value)
    if match is None:
        raise ValueError(
            "is not a bcrypt hash, of $2a$, $2b$ or $2y$ and 60 characters; `htpasswd -nBC 10 USER` makes one"
        )
    if int(match["cost"]) not in COSTS:
        raise ValueError("has a cost that is none of bcrypt's; 4 to 31 is allowed, 10 is usual")
    return value


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"is not known; allowed: {', '.join(allowed)}")
        return value

    return AfterValidator(check)


def _interval(value: object) -> float:
    """Read a duration as Go writes them, as seconds; 0 switches the limit off."""
    if value in NEVER:
        return 0.0
    if not isinstance(value, str) or not re.fullmatch(f"(?:{DURATION.pattern})+", value):
        raise ValueError("is not a duration; write a number with ms, s, m or h, such as 100ms or 1m30s")
    return sum(float(number) * UNITS[unit] for number, unit in DURATION.findall(value))


Version = Annotated[str, _one_of(("TLS12", "TLS13"))]
Suite = Annotated[str, _one_of((*SUITES, *NEWER_SUITES))]
Curve = Annotated[str, _one_of(tuple(CURVES))]
Policy = Annotated[str, _one_of((*ClientCertificate, *ALIASES))]
Header = Annotated[str, _one_of(tuple(HEADERS))]
User = Annotated[str, AfterValidator(_user)]
Hash = Annotated[str, AfterValidator(_hash)]


class TlsServer(Settings):
    """The block `tls_server_config`."""

    cert: str = ""
    cert_file: str = ""
    key: str = Field(default="", repr=False)
    key_file: str = ""
    client_ca: str = ""
    client_ca_file: str = ""
    client_auth_type: Policy = "NoClientCert"
    client_allowed_sans: Annotated[list[str], Field(min_length=1)] | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: list[Suite] = Field(default=[])
    prefer_server_cipher_suites: bool = True
    curve_preferences: list[Curve] = Field(default=[])

    @property
    def policy(self) -> ClientCertificate:
        """What is asked of clients."""
        return ALIASES.get(self.client_auth_type) or ClientCertificate(self.client_auth_type)


class HttpServer(Settings):
    """The block `http_server_config`."""

    http2: bool = True
    headers: dict[Header, str] = Field(default={})


class Limit(Settings):
    """The block `rate_limit`."""

    interval: Annotated[float, BeforeValidator(_interval)] = 0.0
    burst: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class WebFile(Settings):
    """A whole file; all of it may be left out."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer | None = None
    basic_auth_users: dict[User, Hash] = Field(default={}, repr=False)
    rate_limit: Limit | None = None


def misfits(tls: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name keys of `tls_server_config` that do not go with the others, and say why, as they are written."""
    policy = tls.get("client_auth_type", "NoClientCert")
    authorities = next((key for key in ("client_ca", "client_ca_file") if key in tls), "")
    if (tls.get("min_version"), tls.get("max_version")) == ("TLS13", "TLS12"):
        yield "max_version", "is older than min_version"
    if policy == "NoClientCert" and authorities:
        yield authorities, "does nothing without a client_auth_type that asks for certificates"
    if policy in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert") and not authorities:
        yield (
            "client_auth_type",
            "needs client_ca_file: without it a certificate of any public authority would do",
        )
    if "client_allowed_sans" in tls and policy not in REQUIRED:
        yield (
            "client_allowed_sans",
            f"needs a client_auth_type that requires one: {' or '.join(REQUIRED[:2])}",
        )


def header_problem(name: str, text: str) -> str:
    """Say why a header cannot have this value; empty where it can."""
    allowed = HEADERS.get(name)
    if allowed and text not in allowed:
        return f"must be {' or '.join(allowed)}"
    return "" if text.isascii() and text.isprintable() else "must be printable ASCII, in one line"
