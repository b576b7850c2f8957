"""All that may be looked at on request, and how: it changes as a whole, with the configuration."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from exporter.blackbox.places import known_as
from exporter.config import Configuration, Module, ProbedTarget
from exporter.db.dialect import Opener
from exporter.probes.kind import Tools

MOST_OPENERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Own:
    """A target of ours, and what its probes share."""

    probed: ProbedTarget
    tools: Tools

    def settings(self, kind: str) -> Any:
        """Give the settings of one of its probes, None where it is off."""
        return self.probed.probes.get(kind)


class Openers:
    """Who opens sessions at other hosts: kept, because they know when to leave a server alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int], Opener] = OrderedDict()

    def opener(self, module: Module, host: str, port: int) -> Opener:
        """Give the opener of a module at a host; the module must be one for databases."""
        dialect, endpoint = module.dialect, module.endpoint
        assert dialect is not None  # noqa: S101  see above
        assert endpoint is not None  # noqa: S101
        key = (module.name, known_as(host), port)
        with self._lock:
            found = self._kept.pop(key, None) or dialect.prepare(replace(endpoint, host=host, port=port))
            self._kept[key] = found
            while len(self._kept) > MOST_OPENERS:
                self._kept.popitem(last=False)
            return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Targets of ours by name, modules by name, and labels that everything has."""

    targets: Mapping[str, Own] = field(default_factory=dict)
    modules: Mapping[str, Module] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    openers: Openers = field(default_factory=Openers)

    @classmethod
    def of(cls, configuration: Configuration, targets: Sequence[Own]) -> "Scope":
        """Give all that a configuration lets be looked at; `targets` are all of its own."""
        return cls(
            targets={own.probed.target.name: own for own in targets},
            modules={module.name: module for module in configuration.modules},
            labels={"vantage": configuration.vantage} if configuration.vantage else {},
        )
