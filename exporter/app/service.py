"""How others run the daemon: what has it read its configuration anew, and what systemd is told of it."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from exporter.app.options import Options
from exporter.app.reloading import Observer, Reloader
from exporter.config import Configuration
from exporter.model import Incident, Shard
from exporter.runtime.vitals import Vitals, Watchdog
from exporter.web.pulse import Pulse
from exporter.web.server import WebServer

WEB: Final = "web"
"""The name of the loop that answers requests."""


class Service:
    """Reloads when it is asked to, and tells systemd how the daemon is.

    Each loop that must go on takes its name to `vitals`.
    """

    def __init__(
        self,
        options: Options,
        apply: Callable[[Configuration], Mapping[str, int]],
        observer: Observer,
        status: Callable[[], str],
        vitals: Vitals,
    ) -> None:
        """Take who puts a configuration into force, who counts that, and who says in a line how we are."""
        self._options = options
        self.vitals = vitals
        self._watchdog = Watchdog(options.systemd, self.vitals, status)
        self._pulse: Pulse | None = None
        self._reloader: Reloader | None = None
        if options.source is not None:
            self._reloader = Reloader(options.source, apply, observer, options.systemd.reloading)

    @property
    def reload(self) -> Callable[[], str] | None:
        """Reads the configuration anew and says why that failed, or nothing; None where it is in no file."""
        return self._reloader.reload if self._reloader else None

    def reread(self) -> None:
        """Have the configuration read anew soon, where there is one to read."""
        if self._reloader is not None:
            self._reloader.ask()

    def start(self, web: WebServer) -> None:
        """Begin, once all else has begun and `web` listens."""
        if self._reloader is not None:
            self._reloader.start(self._options.reload_every)
        if self._options.systemd.patience is not None:
            self._pulse = Pulse(web, partial(self.vitals.turned, WEB))
            self._pulse.start()
        self._watchdog.start()

    def stop(self) -> None:
        """Reload no more, and say that we end: nobody is told afterwards that we are ready."""
        if self._reloader is not None:
            self._reloader.stop()
        self._watchdog.stop()
        if self._pulse is not None:
            self._pulse.stop()


def status(targets: Collection[object], incidents: Collection[Incident], shard: Shard) -> str:
    """Say in one line how many targets there are, and how many have trouble."""
    ill = len({incident.target for incident in incidents if incident.ended is None})
    part = f" of shard {shard}" if shard.count > 1 else ""
    return f"{len(targets)} target{'' if len(targets) == 1 else 's'}{part}, {ill or 'none'} with trouble"
