"""A configuration as it is in force, written as a configuration file: with every default, and no secret."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final
from urllib.parse import quote

import yaml

from exporter.config.discovery import KEYS
from exporter.config.meaning import Configuration
from exporter.config.probed import ProbedTarget
from exporter.config.problems import CREDENTIALS, MASKED
from exporter.config.schema import ProbeKind
from exporter.model import Endpoint, Secret
from exporter.model.endpoint import MASK
from exporter.settings import Settings

HIDDEN: Final = re.compile(r"pass|pwd|secret|token|credential|scram_\w+_key", re.IGNORECASE)
"""Parameters whose values are not for everybody."""
WITHIN: Final = re.compile(rf"([^\s=]*(?:{HIDDEN.pattern})[^\s=]*\s*=\s*)(?:\\.|\S)+", re.IGNORECASE)
"""The same within a value, such as PostgreSQL's `options`."""
ENVIRONMENT: Final = "environment variable "
FILE: Final = "file "


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # which there is
    """Writes what is used twice two times: an alias is hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the base class's signature
        """Have no aliases."""
        return True


def shown(configuration: Configuration, kinds: Sequence[ProbeKind]) -> str:
    """Write a configuration as YAML that could be read again, where no password stood in a URL."""
    document = {
        each.name: plain
        for each in fields(configuration)
        if each.name not in ("targets", "files", "listings", "modules")
        and (plain := _plain(getattr(configuration, each.name))) is not None
    }
    for key, block in KEYS.items():
        shown_here = [each.block for each in configuration.listings if isinstance(each.block, block)]
        document |= {key: [_masked(_plain(each)) for each in shown_here]} if shown_here else {}
    document["modules"] = {module.name: _masked(_plain(module.block)) for module in configuration.modules}
    document["targets"] = [_target(probed, kinds) for probed in configuration.targets]
    return _yaml(document)


def shown_settings(settings: Mapping[str, object]) -> str:
    """Write settings for whoever asks for a look by them; of passwords not even where they come from."""
    return _yaml(_masked(_plain(settings), sources=False))


def _masked(plain: Any, *, sources: bool = True) -> Any:
    """Mask what is secret; with `sources` it is told where a password comes from."""
    if isinstance(plain, dict):
        return {
            key: MASK
            if HIDDEN.search(key) and not (sources and isinstance(each, dict))
            else _masked(each, sources=sources)
            for key, each in plain.items()
        }
    return _masked_text(plain) if isinstance(plain, str) else plain


def _masked_text(text: str) -> str:
    """Mask what is secret in a text; of a URL the password, and parameters one by one."""
    if "://" not in text:
        return WITHIN.sub(rf"\1{MASK}", text)
    place, mark, parameters = CREDENTIALS.sub(MASKED, text).partition("?")
    return place + mark + "&".join(WITHIN.sub(rf"\1{MASK}", each) for each in parameters.split("&"))


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=110,
    )
    return text


class Shown:
    """The text of the configuration in force, written once: with many targets that takes half a second."""

    def __init__(self, kinds: Sequence[ProbeKind]) -> None:
        self._kinds = kinds
        self._one = threading.Lock()
        self._written: Configuration | None = None
        self._text = ""

    def __call__(self, configuration: Configuration) -> str:
        """Give the text of `shown`."""
        with self._one:
            if configuration is not self._written:
                self._text, self._written = shown(configuration, self._kinds), configuration
            return self._text


def _target(probed: ProbedTarget, kinds: Sequence[ProbeKind]) -> dict[str, Any]:
    target = probed.target
    password = target.endpoint.password
    probes = {
        kind.name: _plain(probed.probes[kind.name]) if kind.name in probed.probes else False for kind in kinds
    }
    return {
        "name": target.name,
        "url": _url(target.endpoint),
        **({} if (source := _plain(password)) in (None, MASK) else {"password": source}),
        **({"labels": dict(target.labels)} if target.labels else {}),
        "connection_budget": probed.connection_budget,
        "probes": probes,
    }


def _plain(value: object) -> Any:
    """Make of a value what can be written; of a secret, where it comes from."""
    if isinstance(value, Secret):
        return _source(value)
    if isinstance(value, Settings):
        return value.model_dump(mode="json", exclude_none=True, warnings=False)  # false is a switch
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _source(secret: Secret) -> Any:
    for beginning, key in ((ENVIRONMENT, "env"), (FILE, "file")):
        if secret.source.startswith(beginning):
            return {key: secret.source.removeprefix(beginning)}
    return MASK


def shown_url(endpoint: Endpoint, driver: str = "") -> str:
    """Write an endpoint's URL for people, without a password; secret parameters are masked."""
    scheme = f"{endpoint.dialect}+{driver}" if driver else endpoint.dialect
    return f"{scheme}{_url(replace(endpoint, password=None)).removeprefix(endpoint.dialect)}"


def is_secret(name: str, value: str) -> bool:
    """Whether a parameter of a URL is, or holds, something that is not to be shown."""
    return bool(HIDDEN.search(name) or WITHIN.search(value))


def _url(endpoint: Endpoint) -> str:
    """Write an endpoint's URL; a password that stood in it, and secret parameters, are masked."""
    user = quote(endpoint.user, safe="")
    if endpoint.password is not None and _source(endpoint.password) == MASK:
        user += f":{MASK}"
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    url = f"{endpoint.dialect}://{user}@{host}:{endpoint.port}/{quote(endpoint.database, safe='')}"
    written = "&".join(f"{quote(name)}={_parameter(name, value)}" for name, value in endpoint.params.items())
    return f"{url}?{written}" if written else url


def _parameter(name: str, value: str) -> str:
    return MASK if HIDDEN.search(name) else quote(WITHIN.sub(rf"\1{MASK}", value), safe="/<>")
