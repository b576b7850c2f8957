"""Every metric name, and how it gets its value."""

from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry

from exporter.exposition.ping import PingMetrics
from exporter.exposition.session import SessionMetrics
from exporter.model import Observation


class Series(Protocol):
    """The series of one kind of probe."""

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        ...

    def record(self, observation: Observation) -> None:
        """Take in one observation of this kind of probe."""
        ...


SERIES: Mapping[str, Callable[[CollectorRegistry], Series]] = {"ping": PingMetrics, "session": SessionMetrics}
