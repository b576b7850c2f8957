"""What the command line says of the daemon, beside its configuration."""

from dataclasses import dataclass, field

from exporter.app.reloading import Source
from exporter.model import Shard
from exporter.runtime.systemd import Systemd


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a daemon runs; times are in seconds.

    `source` is read anew when somebody asks for it, and `reload_every` so often when it has changed; without
    one there is no reload. Of all targets, those of `shard` are ours. A /probe ends `timeout_offset` before
    its scrape gives up; `history_limit` of them are remembered. `systemd` is told how we are.
    """

    source: Source | None = None
    reload_every: float | None = None
    shard: Shard = field(default_factory=Shard)
    timeout_offset: float = 0.5
    history_limit: int = 100
    systemd: Systemd = field(default_factory=lambda: Systemd({}))
