"""Looks on request, put together with what the daemon has."""

from collections.abc import Sequence

from exporter.app.options import Options
from exporter.app.watch import Watch
from exporter.blackbox.prober import Prober
from exporter.blackbox.scope import Own, Scope
from exporter.config import Configuration
from exporter.exposition.own import OwnMetrics
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop
from exporter.runtime.history import History


def prober(resolver: Resolver, stop: Stop, history: History, own: OwnMetrics, options: Options) -> Prober:
    """Make what looks on request, and keeps its results; it has to be told its scope."""
    return Prober(resolver, stop, keep=history.add, unknown=own.module_unknown, offset=options.timeout_offset)


def scope(configuration: Configuration, watches: Sequence[Watch]) -> Scope:
    """Give what may be looked at, and how; the watches are those over all targets of the configuration."""
    return Scope.of(configuration, [Own(watch.probed, watch.tools) for watch in watches])
