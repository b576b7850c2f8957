"""The status pages, given what they show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from exporter.alerts import manuscripts, runbooks
from exporter.app.watches import Watches
from exporter.model import Incident, Observation
from exporter.probes import KINDS
from exporter.probes.idle import IdleSettings
from exporter.runtime.history import History
from exporter.runtime.latest import Latest
from exporter.web.pages import Pages, Sources, Watch

OFF = "it is switched off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memories:
    """What the daemon remembers of what it saw: a sink, of which pages and documents are drawn."""

    latest: Latest = field(default_factory=Latest)
    history: History = field(default_factory=History)

    def record(self, observation: Observation) -> None:
        """Take in an observation."""
        self.latest.record(observation)
        self.history.record(observation)

    def forget(self, target: str) -> None:
        """Let go of a target, once its probes have stopped."""
        self.latest.forget(target)
        self.history.forget(target)


def pages(
    memories: Memories, incidents: Callable[[], Sequence[Incident]], watches: Watches, prefix: str = ""
) -> Pages:
    """Put the pages together; every link begins with `prefix`, which is empty or begins with a slash."""
    sources = Sources(
        targets=watches.targets,
        seen=memories.latest.of,
        watch=partial(_watch, watches),
        incidents=incidents,
        failures=memories.history.failures,
        results=memories.history.listed,
        find=memories.history.find,
        latest=memories.history.latest,
        runbooks=runbooks(),
        manuscripts=manuscripts(),
    )
    return Pages(sources, prefix)


def _watch(watches: Watches, target: str) -> Watch:
    watch = watches.of(target)
    if watch is None:
        return Watch()
    settings, absent = watch.probed.probes, dict(watch.absent)
    idle = settings.get("idle")
    return Watch(
        probes={kind.name: absent.get(kind.name, "") if kind.name in settings else OFF for kind in KINDS},
        rungs=tuple(idle.ladder) if isinstance(idle, IdleSettings) else (),
    )
