"""Every metric name, and how it gets its value."""

from collections.abc import Callable, Mapping
from typing import Protocol

from exporter.exposition.dns import DnsMetrics
from exporter.exposition.families import Families
from exporter.exposition.held import SentinelMetrics
from exporter.exposition.idle import IdleMetrics
from exporter.exposition.mtu import MtuMetrics
from exporter.exposition.path import PathMetrics
from exporter.exposition.ping import PingMetrics
from exporter.exposition.pool import PoolMetrics
from exporter.exposition.server import ServerMetrics
from exporter.exposition.session import SessionMetrics
from exporter.exposition.tcp import TcpMetrics
from exporter.exposition.tls import TlsMetrics
from exporter.model import Observation


class Series(Protocol):
    """The series of one kind of probe."""

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        ...

    def record(self, observation: Observation) -> None:
        """Take in one observation of this kind of probe; of one target, by one thread at a time."""
        ...


SERIES: Mapping[str, Callable[[Families], Series]] = {
    "ping": PingMetrics,
    "path": PathMetrics,
    "mtu": MtuMetrics,
    "dns": DnsMetrics,
    "tcp": TcpMetrics,
    "tls": TlsMetrics,
    "session": SessionMetrics,
    "sentinel": SentinelMetrics,
    "idle": IdleMetrics,
    "pool": PoolMetrics,
    "server": ServerMetrics,
}
