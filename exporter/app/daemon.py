"""The daemon: the core, the web before it, and whoever has it changed."""

import gc
import logging
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from exporter import __version__
from exporter.app.core import Core, Hearers
from exporter.app.entrance import Entrance
from exporter.app.face import Behind, site
from exporter.app.options import Options
from exporter.app.pages import Memories
from exporter.app.probing import prober, scope
from exporter.app.service import Service, status
from exporter.config import Configuration
from exporter.discovery.discovery import Discovery
from exporter.exposition.discovery import DiscoveryMetrics
from exporter.exposition.registry import Scrape
from exporter.journal import Journal
from exporter.probes.memory import Memory
from exporter.runtime.history import History
from exporter.runtime.vitals import Vitals
from exporter.web.server import ListenAddress, bind

log = logging.getLogger(__name__)

HANGING: Final = 30.0
"""Seconds after which a loop that has not come round makes us unhealthy; each does every few seconds."""


class Daemon:
    """Everything that runs, built from one configuration, and changed by others that are read later."""

    def __init__(
        self,
        configuration: Configuration,
        listen: Sequence[ListenAddress | socket.socket],
        state: Path | None = None,
        entrance: Entrance | None = None,
        options: Options | None = None,
    ) -> None:
        """Build all and bind the addresses; raise AddressError when one cannot be had.

        What is learnt is kept in the directory `state`, or forgotten with the daemon if there is none.
        """
        listeners = bind(listen)  # first: what cannot be answered is not begun, and incidents are left alone
        options = options or Options()
        journal, memories, vitals = Journal(), Memories(history=History(options.history_limit)), Vitals()
        sinks = [journal.record, memories.record]
        hearers = Hearers(
            sinks=sinks, note=journal.incident, forget=partial(_forget, journal, memories), vitals=vitals
        )
        self._core = core = Core(configuration, Memory(state), hearers)
        core.own.configured()
        core.own.shares(options.shard)
        self._shard = options.shard
        self._configuration = configuration
        self._service = Service(options, self.reload, core.own, self._status, vitals)
        self._prober = prober(core.resolver, core.stop_switch, memories.history, core.own, options)
        self._discovery = Discovery(self._put_into_force, core.resolver, DiscoveryMetrics(core.registry))
        self.reload(configuration)
        self._entrance = entrance or Entrance()
        behind = Behind(
            scrape=Scrape(core.registry, core.families),
            memories=memories,
            incidents=core.diagnosis.history.listed,
            watches=core.watches,
            prober=self._prober,
            ready=lambda: self._discovery.looked and core.runner.ready,
            reload=self._service.reload,
            configuration=lambda: self._configuration,
            hanging=partial(vitals.hanging, HANGING),
        )
        self._web = self._entrance.open(site(behind, self._entrance.mount), listeners)

    def reload(self, configuration: Configuration) -> Mapping[str, int]:
        """Have another configuration from now on, and count changes (see `Discovery.change`)."""
        return self._discovery.change(configuration)

    def _put_into_force(self, configuration: Configuration) -> Mapping[str, int]:
        """Have a configuration with all targets there are, of which ours are probed (see `Core.change`)."""
        ours = tuple(probed for probed in configuration.targets if self._shard.owns(probed.target.name))
        return self._core.change(replace(configuration, targets=ours), partial(self._learn, configuration))

    def _learn(self, configuration: Configuration) -> None:
        """Let what is looked at on request, and what is shown, be that of the configuration in force."""
        self._prober.configure(scope(configuration, self._core.watches.all))
        self._configuration = configuration

    def reread(self) -> None:
        """Have the configuration read anew soon, where it comes from a file."""
        self._service.reread()

    @property
    def urls(self) -> list[str]:
        """Where the daemon is reached from this host."""
        mount, scheme = self._entrance.mount, self._entrance.scheme
        return [
            f"{address.url(scheme)}{mount.prefix[1:]}".rstrip("/") + "/" for address in self._web.addresses
        ]

    def start(self) -> None:
        """Begin to probe."""
        gc.freeze()  # what has been built stays: no collection has to look through it again
        self._core.start()
        self._discovery.start()
        fields = {"version": __version__, "probes": self._core.runner.expected, "shard": str(self._shard)}
        for url in self.urls:
            log.info("listening", extra={"fields": {"url": url, **fields}})
        self._service.start(self._web)

    def stop(self) -> None:
        """End every wait and let go of everything."""
        self._core.watches.halt()
        self._service.stop()
        self._discovery.stop()
        self._core.stop()
        self._web.stop()

    def _status(self) -> str:
        return status(self._core.watches.all, self._core.diagnosis.history.listed(), self._shard)


def _forget(journal: Journal, memories: Memories, target: str) -> None:
    journal.forget(target)
    memories.forget(target)
