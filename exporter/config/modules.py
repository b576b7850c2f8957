"""How hosts are looked at on request: what may be written under `modules` and `probe`."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from exporter.config.passwords import PasswordSource, password_source
from exporter.db.dialect import TRIVIAL_QUERY
from exporter.model.allowance import Rule
from exporter.net.dns_query import question_problem
from exporter.settings import Duration, Settings

PROBERS: Final = ("tcp", "icmp", "dns", "http", "session")


def _rule(value: str) -> str:
    Rule.parse(value)
    return value


def _asked(value: "DnsModule") -> "DnsModule":
    if problem := question_problem(value.query_name, value.query_type):
        raise ValueError(problem)
    return value


Allow = list[Annotated[str, AfterValidator(_rule)]]
Status = Annotated[int, Field(ge=100, le=599)]


class TlsConfig(Settings):
    """How a server's certificate is judged, in the words of blackbox_exporter; files are PEM."""

    ca_file: str | None = Field(
        default=None, description="authorities that are trusted; the system's if none"
    )
    cert_file: str | None = Field(default=None, description="our own certificate")
    key_file: str | None = Field(default=None, description="its key, if that is in a file of its own")
    server_name: str | None = Field(default=None, description="the name asked for; the target's if none")
    insecure_skip_verify: bool = Field(default=False, description="take any certificate")


class AddressChoice(Settings):
    """Which of a host's addresses is looked at."""

    preferred_ip_protocol: Literal["ip4", "ip6"] = Field(default="ip6", description="ip4 or ip6")
    ip_protocol_fallback: bool = Field(default=True, description="take the other where there is none")


class TcpModule(AddressChoice):
    """A connect, and a TLS handshake if that is wanted."""

    tls: bool = Field(default=False, description="shake hands")
    starttls: Literal["postgresql", "mysql"] | None = Field(
        default=None, description="ask for TLS as clients of that database do, and leave without a login"
    )
    tls_config: TlsConfig = Field(default=TlsConfig(), description="how the certificate is judged")


class IcmpModule(AddressChoice):
    """One echo request."""

    payload_size: int = Field(default=56, ge=8, le=65000, description="bytes of payload")


class DnsModule(AddressChoice):
    """A question to the target, a name server."""

    query_name: str = Field(default=".", description="the name asked for")
    query_type: str = Field(default="NS", description="the type of its records")
    recursion_desired: bool = Field(default=True, description="let the server ask others")
    transport_protocol: Literal["udp", "tcp"] = Field(default="udp", description="udp or tcp")
    valid_rcodes: list[str] = Field(default=["NOERROR"], description="outcomes that are good")


class HttpModule(AddressChoice):
    """A GET, and the status that comes back."""

    valid_status_codes: list[Status] = Field(default=[], description="statuses that are good; 2xx if none")
    follow_redirects: bool = Field(default=True, description="go where the server says, if that is allowed")
    tls_config: TlsConfig = Field(default=TlsConfig(), description="how the certificate is judged")


class Credentials(Settings):
    """Who logs in."""

    user: str = Field(min_length=1, description="the account")
    password: Annotated[PasswordSource | None, BeforeValidator(password_source)] = Field(
        default=None, description="where the password comes from"
    )


class SessionModule(AddressChoice):
    """A database session: connect, log in, query, close."""

    dialect: Literal["postgresql", "mysql", "mariadb"] = Field(description="what the target speaks")
    auth: Credentials = Field(description="who logs in")
    database: str = Field(default="", description="the database's name")
    parameters: dict[str, str] = Field(default={}, description="parameters, as behind the ? of a URL")
    query: str = Field(default=TRIVIAL_QUERY, min_length=1, description="what is asked; must return little")


class ModuleBlock(Settings):
    """One way to look at hosts on request, in the words of blackbox_exporter where it has the same."""

    prober: Literal["tcp", "icmp", "dns", "http", "session"] = Field(
        description="tcp, icmp, dns, http or session"
    )
    timeout: Duration = Field(default=5.0, description="longest time that a look may take")
    allow: Allow | None = Field(default=None, description="hosts for this module, in place of probe.allow")
    tcp: TcpModule | None = Field(default=None, description="for the prober tcp")
    icmp: IcmpModule | None = Field(default=None, description="for the prober icmp")
    dns: Annotated[DnsModule, AfterValidator(_asked)] | None = Field(
        default=None, description="for the prober dns"
    )
    http: HttpModule | None = Field(default=None, description="for the prober http")
    session: SessionModule | None = Field(default=None, description="for the prober session")

    @model_validator(mode="after")
    def _one_prober(self) -> Self:
        other = next((name for name in PROBERS if name != self.prober and getattr(self, name)), None)
        if other is not None:
            raise ValueError(
                f"{other} is for another prober; the settings of this one stand under {self.prober}"
            )
        if self.prober == "session" and self.session is None:
            raise ValueError("session is missing; it says who logs in: {dialect: …, auth: {user: …}}")
        return self

    @property
    def settings(self) -> Any:
        """Give the settings of the prober, those that it has by default where none were written."""
        return getattr(self, self.prober) or DEFAULT_SETTINGS[self.prober]()


class ProbeAccess(Settings):
    """What may be looked at on request, at /probe."""

    allow: Allow = Field(
        default=[], description="names, suffixes, addresses and networks beside the targets; none by default"
    )


DEFAULT_SETTINGS: Final[Mapping[str, Callable[[], Settings]]] = {
    "tcp": TcpModule,
    "icmp": IcmpModule,
    "dns": DnsModule,
    "http": HttpModule,
}
DEFAULT_MODULES: Final[Mapping[str, ModuleBlock]] = {
    "http_2xx": ModuleBlock(prober="http"),
    "tcp_connect": ModuleBlock(prober="tcp"),
    "tls_connect": ModuleBlock(prober="tcp", tcp=TcpModule(tls=True)),
    "icmp": ModuleBlock(prober="icmp"),
    "dns": ModuleBlock(prober="dns"),
    "postgresql": ModuleBlock(prober="tcp", tcp=TcpModule(tls=True, starttls="postgresql")),
    "mysql": ModuleBlock(prober="tcp", tcp=TcpModule(tls=True, starttls="mysql")),
}
"""Modules that are there without any configuration; one of the same name takes the place of each."""
