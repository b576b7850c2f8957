"""What may be written in a configuration file."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_network
from typing import Annotated, Any, Protocol

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from exporter.settings import Duration, Percentage, ProbeSettings, Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
OWN_LABELS = ("target", "dialect", "host", "port", "vantage")


class ProbeKind(Protocol):
    """What the configuration has to know of a probe."""

    @property
    def name(self) -> str:
        """The key under which its settings stand."""
        ...

    @property
    def settings(self) -> type[ProbeSettings]:
        """The model of its settings."""
        ...


def _name(value: str) -> str:
    if not NAME.fullmatch(value) or len(value) > 100:
        raise ValueError(
            f"{value!r} is not a name; letters, digits and _ . : - are allowed, at most 100 of them"
        )
    return value


def _labels(value: dict[str, str]) -> dict[str, str]:
    for label in value:
        if not LABEL.fullmatch(label) or label.startswith("__"):
            raise ValueError(
                f"{label!r} is not a label name; letters, digits and _ are allowed, no digit first"
            )
        if label in OWN_LABELS:
            raise ValueError(f"{label!r} is one of our own labels ({', '.join(OWN_LABELS)}); choose another")
    return value


def _networks(value: dict[str, list[str]]) -> dict[str, list[str]]:
    for name, ranges in value.items():
        for written in ranges:
            try:
                ip_network(written)
            except ValueError as error:
                raise ValueError(f"{name}: {error}; write ranges such as 172.104.0.0/15") from None
    return value


def _one_source(value: "PasswordSource") -> "PasswordSource":
    if (value.env is None) == (value.file is None):
        raise ValueError("has no single source; write either {env: NAME} or {file: PATH}")
    return value


def _no_plain_text(value: object) -> object:
    if isinstance(value, str):
        raise ValueError("must not stand in the configuration; write {env: NAME} or {file: PATH}")  # noqa: TRY004
    return value


Name = Annotated[str, AfterValidator(_name)]
Labels = Annotated[dict[str, str], AfterValidator(_labels)]


class PasswordSource(Settings):
    """Where a password comes from; it never stands in the configuration itself."""

    env: str | None = Field(default=None, description="name of an environment variable")
    file: str | None = Field(default=None, description="path of a file; read anew for each session")


class Thresholds(Settings):
    """From where on a diagnosis calls something bad."""

    loss: Percentage = Field(default=0.01, description="share of echoes lost")
    latency: Duration = Field(default=0.1, description="round-trip delay")
    saturation: Percentage = Field(default=0.9, description="share of the server's connection slots in use")


class TargetBlock(Settings):
    """One database endpoint as the application reaches it."""

    name: Name = Field(description="what people call it; the label `target` of every series")
    url: str = Field(
        repr=False, description="postgresql://, mysql:// or mariadb://user@host:port/database?parameter=value"
    )
    password: Annotated[
        Annotated[PasswordSource, AfterValidator(_one_source)] | None, BeforeValidator(_no_plain_text)
    ] = Field(default=None, description="where the password comes from")
    labels: Labels = Field(default={}, description="labels for conndrop_target_info")


class ConfigurationFile(Settings):
    """The whole configuration file."""

    model_config = ConfigDict(title="conndrop-exporter configuration")

    vantage: Name | None = Field(
        default=None, description="where this exporter stands; a label on everything"
    )
    target_files: list[str] = Field(
        default=[], description="patterns of further files, each a list of targets"
    )
    networks: Annotated[dict[str, list[str]], AfterValidator(_networks)] = Field(
        default={}, description="names for address ranges, so that a loss has an owner"
    )
    diagnosis: Thresholds = Field(default=Thresholds(), description="thresholds of the diagnosis")


def models(kinds: Sequence[ProbeKind]) -> tuple[type[Settings], type[Settings]]:
    """Build the models of a whole file and of one target for these kinds of probes."""
    blocks: Mapping[str, Any] = {kind.name: kind.settings for kind in kinds}
    fields = partial(_fields, blocks)
    defaults = create_model(
        "Defaults", __base__=Settings, __doc__="Settings for all targets.", **fields(switch=False)
    )
    probes = create_model(
        "Probes", __base__=Settings, __doc__="Settings for one target.", **fields(switch=True)
    )
    target = create_model(
        "Target",
        __base__=TargetBlock,
        __doc__=TargetBlock.__doc__,
        probes=(
            probes,
            Field(default=probes(), description="settings of its probes, or false to switch one off"),
        ),
    )
    whole = create_model(
        "Configuration",
        __base__=ConfigurationFile,
        __doc__=ConfigurationFile.__doc__,
        defaults=(defaults, Field(default=defaults(), description="settings of the probes, for all targets")),
        targets=(list[target], Field(default=[], description="what is probed")),  # type: ignore[valid-type]
    )
    return whole, target


class _Switch:
    """Lets `true` and `false` stand where a block of settings can: as it is by default, and not at all."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._choose, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "boolean"}]}

    @staticmethod
    def _choose(value: Any, block: Callable[[Any], Any]) -> Any:
        if isinstance(value, bool):
            return block({}) if value else False
        return block(value)


def _fields(blocks: Mapping[str, Any], *, switch: bool) -> dict[str, Any]:
    """Describe one optional block for each probe; None says that nothing was written."""
    return {
        name: (
            Annotated[settings | None, _Switch()] if switch else settings | None,
            Field(default=None, description=(settings.__doc__ or "").strip().splitlines()[0]),
        )
        for name, settings in blocks.items()
    }


def json_schema(kinds: Sequence[ProbeKind]) -> dict[str, Any]:
    """Describe the configuration file as a JSON Schema, for editors."""
    whole, _ = models(kinds)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole.model_json_schema()}
