"""What may be written in a configuration file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import SchemaSerializer, core_schema

from exporter.config.discovery import discovery_models
from exporter.config.modules import ModuleBlock, ProbeAccess
from exporter.config.naming import Connections, Labels, Name
from exporter.config.passwords import PasswordSource, password_source
from exporter.settings import Duration, Percentage, ProbeBlock, Settings, format_duration

SHORTEST_QUIET = 1.0
"""Seconds; a shorter time would close an incident between two probes."""


class ProbeKind(Protocol):
    """What the configuration has to know of a probe."""

    @property
    def name(self) -> str:
        """The key under which its settings stand."""
        ...

    @property
    def settings(self) -> type[ProbeBlock]:
        """The model of its settings."""
        ...


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError(
            "is not an address range, with its first address; write it like 172.104.0.0/15"
        ) from None
    return value


Networks = dict[Name, list[Annotated[str, AfterValidator(_network)]]]


def _quiet(value: float) -> float:
    if value < SHORTEST_QUIET:
        raise ValueError(f"must be at least {format_duration(SHORTEST_QUIET)}")
    return value


class Thresholds(Settings):
    """What the diagnosis takes for trouble, and when it is over."""

    loss: Percentage = Field(
        default=0.01, description="share of echoes lost that is trouble, where TCP suffers, too"
    )
    latency: Duration = Field(
        default=0.1, description="round-trip delay that is trouble, where it is twice the usual"
    )
    saturation: Percentage = Field(
        default=0.9, description="share of the server's connection slots in use that is told as evidence"
    )
    quiet: Annotated[Duration, AfterValidator(_quiet)] = Field(
        default=60.0, description="time without a symptom after which an incident is over; at least 1s"
    )


class TargetBlock(Settings):
    """One database endpoint as the application reaches it."""

    name: Name = Field(description="what people call it; the label `target` of every series")
    url: str = Field(
        repr=False, description="postgresql://, mysql:// or mariadb://user@host:port/database?parameter=value"
    )
    password: Annotated[PasswordSource | None, BeforeValidator(password_source)] = Field(
        default=None, description="where the password comes from"
    )
    labels: Labels = Field(default={}, description="labels for conndrop_target_info")
    connection_budget: Connections | None = Field(
        default=None, description="connections that all its probes together may have open at once"
    )


class ConfigurationFile(Settings):
    """The whole configuration file."""

    model_config = ConfigDict(title="conndrop-exporter configuration")

    vantage: Name | None = Field(
        default=None, description="where this exporter stands; a label on everything"
    )
    target_files: list[str] = Field(
        default=[], description="patterns of further files, each a list of targets"
    )
    connection_budget: Connections = Field(
        default=9, description="connections to one target that all probes together may have open at once"
    )
    networks: Networks = Field(
        default={}, description="names for address ranges, so that a loss has an owner"
    )
    diagnosis: Thresholds = Field(default=Thresholds(), description="thresholds of the diagnosis")
    probe: ProbeAccess = Field(default=ProbeAccess(), description="what /probe may look at")
    modules: dict[Name, ModuleBlock] = Field(default={}, description="how /probe looks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The models of a whole file, of one target, and by its key that of a place where some are discovered.

    They are made for these `kinds` of probes.
    """

    kinds: Sequence[ProbeKind]
    whole: type[Settings]
    target: type[Settings]
    discovery: Mapping[str, type[Settings]]


def models(kinds: Sequence[ProbeKind]) -> Models:
    """Build the models for these kinds of probes."""
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
    discovery = discovery_models(probes)
    further: dict[str, Any] = {
        key: (list[model], Field(default=[], description=_summary(model)))  # type: ignore[valid-type]  # as below
        for key, model in discovery.items()
    }
    whole = create_model(
        "Configuration",
        __base__=ConfigurationFile,
        __doc__=ConfigurationFile.__doc__,
        defaults=(defaults, Field(default=defaults(), description="settings of the probes, for all targets")),
        targets=(list[target], Field(default=[], description="what is probed")),  # type: ignore[valid-type]  # made at run time
        **further,
    )
    return Models(kinds=kinds, whole=whole, target=target, discovery=discovery)


def _summary(model: type[Settings]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


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
            Field(default=None, description=_summary(settings)),
        )
        for name, settings in blocks.items()
    }


class _AsWritten(GenerateJsonSchema):
    """Gives defaults as they are written in a file: `30s`, not 30.0, which the schema itself would refuse."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        default = schema.get("default")
        if isinstance(default, Settings):
            described["default"] = default.model_dump(mode="json")
        elif default is not None:
            described["default"] = SchemaSerializer(schema["schema"]).to_python(default, mode="json")
        return described


def json_schema(kinds: Sequence[ProbeKind]) -> dict[str, Any]:
    """Describe the configuration file as a JSON Schema, for editors."""
    described = models(kinds).whole.model_json_schema(schema_generator=_AsWritten)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
