"""All targets there are: those that a configuration names, and those that its sources discover."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from exporter.config import Configuration, ProbedTarget
from exporter.config.listing import Listing, same
from exporter.discovery import source
from exporter.discovery.groups import Broken
from exporter.discovery.place import Further, Listed, Targets, listed
from exporter.discovery.source import Source
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop, Stopped

log = logging.getLogger(__name__)

ENDING: Final = 1.0
"""Seconds for which the end waits for a change that is under way."""


class Observer(source.Observer, Protocol):
    """Who is told how all sources fare."""

    def retain(self, sources: Iterable[str]) -> None:
        """Take note that there are these sources, and no others."""
        ...

    def holds(self, source: str, targets: int) -> None:
        """Take note of how many targets are in force that a source has found."""
        ...


class Discovery:
    """Keeps the sources of a configuration, and has all targets put into force whenever some change.

    Each name is that of one target: who had it first keeps it, and the configuration's own files come first.
    """

    def __init__(
        self,
        apply: Callable[[Configuration], Mapping[str, int]],
        resolver: Resolver,
        observer: Observer,
    ) -> None:
        """Take who puts a configuration with all its targets into force, or raises and changes nothing."""
        self._apply, self._resolver, self._observer = apply, resolver, observer
        self._lock = threading.Lock()
        self._configuration = Configuration()
        self._sources: Sequence[Source] = ()
        self._started = self._ended = False

    @property
    def looked(self) -> bool:
        """Whether each source has been looked at, with or without success."""
        return all(each.looked.is_set() for each in self._sources)

    def start(self) -> None:
        """Begin to look."""
        with self._lock:
            self._started = True
            for each in self._sources:
                each.start()

    def stop(self) -> None:
        """Look no more; a change that is under way is waited for, but not for long."""
        self._ended = True
        for each in self._sources:
            each.stop()
        if self._lock.acquire(timeout=ENDING):
            self._lock.release()

    def change(self, configuration: Configuration) -> Mapping[str, int]:
        """Have another configuration from now on, and count changes; where it raises, there are none.

        What was found in places that are as before is still found; all of them are looked at anew.
        """
        with self._lock:
            sources = self._arranged(configuration)
            held = _without_twins(configuration, sources)
            counts = self._apply(_whole(configuration, held))
            gone = [each for each in self._sources if each not in sources]
            begun = [each for each in sources if each not in self._sources]
            self._configuration, self._sources = configuration, sources
            self._observer.retain(each.name for each in sources)
            for each, targets in zip(sources, held, strict=True):
                each.targets = targets
                self._observer.holds(each.name, len(targets))
                if each in begun and each.looked.is_set():
                    self._observer.good(each.name, len(targets))
            for each in gone:
                each.stop()
            for each in sources:
                if each not in begun:
                    each.ask()
                if self._started:
                    each.start()
            return counts

    def _arranged(self, configuration: Configuration) -> Sequence[Source]:
        """Give a source for each place: the one there is, or a new one with what was found there before."""
        sources: list[Source] = []
        if configuration.files is not None:
            stop = Stop()
            files = configuration.files
            further = Source(Further(files, stop), self._offer, self._observer, stop, files.targets)
            further.looked.set()  # it has been read with the configuration
            sources.append(further)
        return [*sources, *(self._same(listing) or self._new(listing) for listing in configuration.listings)]

    def _same(self, listing: Listing) -> Source | None:
        return next((each for each, before in self._listed() if same(before.listing, listing)), None)

    def _new(self, listing: Listing) -> Source:
        stop = Stop()
        place = listed(listing, self._resolver, stop)
        targets: Targets = ()
        for each, before in self._listed():
            if type(before.listing) is type(listing) and before.listing.place == listing.place:
                targets = place.inherit(before, each.targets)
                break
        return Source(place, self._offer, self._observer, stop, targets)

    def _listed(self) -> Iterable[tuple[Source, Listed]]:
        return ((each, each.place) for each in self._sources if isinstance(each.place, Listed))

    def _offer(self, source: Source, targets: Targets) -> None:
        """Put into force what a source has found; raises Broken where that cannot be, and Stopped."""
        with self._lock:
            if self._ended or source not in self._sources:
                raise Stopped
            if _by_name(targets) == _by_name(source.targets):  # DNS, and others, give them in any order
                source.targets = targets
                return
            self._refuse_twins(source, targets)
            held = [targets if each is source else each.targets for each in self._sources]
            counts = self._apply(_whole(self._configuration, held))
            source.targets = targets
        log.info("targets discovered", extra={"fields": {"source": source.name, **counts}})

    def _refuse_twins(self, source: Source, targets: Targets) -> None:
        taken = dict.fromkeys(_names(self._configuration.written), "the configuration")
        for other in self._sources:
            if other is not source:
                taken |= dict.fromkeys(_names(other.targets), other.name)
        for name in _names(targets):
            if name in taken:
                raise Broken(f"{name} is the name of a target of {taken[name]} already; names must differ")


def _without_twins(configuration: Configuration, sources: Sequence[Source]) -> Sequence[Targets]:
    """Give the targets of each source, without those whose names are taken by what comes before."""
    taken = set(_names(configuration.written))
    held: list[Targets] = []
    for each in sources:
        held.append(tuple(probed for probed in each.targets if probed.target.name not in taken))
        taken.update(_names(held[-1]))
    return held


def _names(targets: Targets) -> Iterable[str]:
    return (probed.target.name for probed in targets)


def _by_name(targets: Targets) -> Mapping[str, ProbedTarget]:
    return {probed.target.name: probed for probed in targets}


def _whole(configuration: Configuration, held: Sequence[Targets]) -> Configuration:
    """Give the configuration with all targets there are."""
    return replace(configuration, targets=configuration.written + tuple(t for each in held for t in each))
