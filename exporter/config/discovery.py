"""What may be written of the places where targets are discovered, in Prometheus's words."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from exporter.config.modules import TlsConfig
from exporter.config.naming import Connections, Labels, Name
from exporter.config.passwords import PasswordSource, password_source
from exporter.settings import Duration, Settings, format_duration

SHORTEST: Final = 1.0
"""Seconds between two looks, at least."""
MOST_NAMES: Final = 100
FILE: Final = re.compile(r".*\.(json|yml|yaml)", re.IGNORECASE)
Password = Annotated[PasswordSource | None, BeforeValidator(password_source)]


def _refresh(value: float) -> float:
    if value < SHORTEST:
        raise ValueError(f"must be at least {format_duration(SHORTEST)}")
    return value


def _file(value: str) -> str:
    if not FILE.fullmatch(value):
        raise ValueError("must end in .json, .yml or .yaml")
    return value


Refresh = Annotated[Duration, AfterValidator(_refresh)]


class TargetTemplate(Settings):
    """What becomes of each target found. {address}, {host}, {port} and the list's labels are filled in."""

    name: str = Field(default="{address}", description="what people call it; the label `target`")
    url: str = Field(
        repr=False, description="its URL, such as `postgresql://probe@{address}/{database}?sslmode=require`"
    )
    password: Password = Field(default=None, description="where the password comes from")
    labels: Labels = Field(default={}, description="labels for conndrop_target_info, beside the list's")
    connection_budget: Connections | None = Field(
        default=None, description="connections that all its probes together may have open at once"
    )


class BasicAuth(Settings):
    """Who asks for a list, by a name and a password."""

    username: str = Field(min_length=1, description="the name")
    password: Password = Field(default=None, description="where the password comes from")
    password_file: str | None = Field(default=None, description="the same as `password: {file: …}`")

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.password and self.password_file:
            raise ValueError("password and password_file say the same; keep one of them")
        return self


class Authorization(Settings):
    """Who asks for a list, by what stands in the header Authorization."""

    type: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] = Field(
        default="Bearer", description="its first word"
    )
    credentials: Password = Field(default=None, description="where the rest comes from")
    credentials_file: str | None = Field(default=None, description="the same as `credentials: {file: …}`")

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.type.lower() == "basic":
            raise ValueError("for Basic write basic_auth: {username: …, password: {file: …}}")
        if bool(self.credentials) == bool(self.credentials_file):
            raise ValueError("needs one of credentials: {file: …} or {env: …}, and credentials_file")
        return self


class Discovery(Settings):
    """A place where targets are discovered."""

    name: Name | None = Field(
        default=None, description="the label `source` of its series; such as http_sd_configs[0] if none"
    )


class FileDiscovery(Discovery):
    """Files with lists of targets, in Prometheus's format; read anew when they change."""

    files: list[Annotated[str, AfterValidator(_file)]] = Field(
        min_length=1, description="patterns of the files, which are JSON or YAML"
    )
    refresh_interval: Refresh = Field(default=5.0, description="time between two looks at the files")


class HttpDiscovery(Discovery):
    """A list of targets that a server has, in Prometheus's format."""

    url: str = Field(repr=False, description="where the list is; http:// or https://")
    refresh_interval: Refresh = Field(default=60.0, description="time between two looks at it")
    timeout: Duration = Field(default=10.0, description="longest time that a look may take in all")
    basic_auth: BasicAuth | None = Field(default=None, description="who asks")
    authorization: Authorization | None = Field(default=None, description="who asks, in another way")
    tls_config: TlsConfig = Field(default=TlsConfig(), description="how the server's certificate is judged")
    follow_redirects: bool = Field(
        default=True, description="go where the server says; nobody else is told who asks"
    )

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if self.basic_auth and self.authorization:
            raise ValueError("basic_auth and authorization exclude each other; keep one of them")
        return self


class DnsDiscovery(Discovery):
    """Records in DNS, of which each is a target."""

    names: list[str] = Field(min_length=1, max_length=MOST_NAMES, description="the names asked for")
    type: Literal["SRV", "A", "AAAA"] = Field(default="SRV", description="the type of the records")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="the port, which A and AAAA do not tell"
    )
    refresh_interval: Refresh = Field(default=30.0, description="time between two looks")

    @model_validator(mode="after")
    def _port_where_needed(self) -> Self:
        if self.type == "SRV" and self.port is not None:
            raise ValueError("port is for A and AAAA; records of SRV bring their own")
        if self.type != "SRV" and self.port is None:
            raise ValueError(f"port is missing; records of {self.type} tell none")
        return self


KEYS: Final[Mapping[str, type[Discovery]]] = {
    "file_sd_configs": FileDiscovery,
    "http_sd_configs": HttpDiscovery,
    "dns_sd_configs": DnsDiscovery,
}
"""The keys under which they stand, Prometheus's own."""


def discovery_models(probes: type[Settings]) -> dict[str, type[Settings]]:
    """Build the model of an entry under each key, with a template whose `probes` have this model."""
    template = create_model(
        "TargetTemplate",
        __base__=TargetTemplate,
        __doc__=TargetTemplate.__doc__,
        probes=(
            probes,
            Field(default=probes(), description="settings of its probes, or false to switch one off"),
        ),
    )
    target: Any = (template, Field(description="what becomes of each target found"))
    return {
        key: create_model(base.__name__, __base__=base, __doc__=base.__doc__, target=target)
        for key, base in KEYS.items()
    }
