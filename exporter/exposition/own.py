"""The series about the targets as such, and about the exporter itself."""

import platform
import time
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.model import Target

LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class TargetInfo(Collector):
    """One series a target, with the labels that its configuration gives it."""

    def __init__(self, targets: Sequence[Target], registry: CollectorRegistry) -> None:
        self._labels = [self._of(target) for target in targets]
        registry.register(self)

    @staticmethod
    def _of(target: Target) -> Mapping[str, str]:
        where = target.endpoint
        own = {"target": target.name, "dialect": where.dialect, "host": where.host, "port": str(where.port)}
        return {**target.labels, **own}

    def collect(self) -> Iterable[Metric]:
        """Give a sample with the value 1 for each target."""
        family = GaugeMetricFamily("conndrop_target_info", "What is probed, and the labels given to it.")
        for labels in self._labels:
            family.add_sample("conndrop_target_info", dict(labels), 1)
        return [family]


class OwnMetrics:
    """How the exporter itself is doing; an observer of the scheduler."""

    def __init__(self, registry: CollectorRegistry) -> None:
        build = Gauge(
            "conndrop_build_info", "The exporter's version.", ["version", "python_version"], registry=registry
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._successful = Gauge(
            "conndrop_config_last_reload_successful",
            "Whether the configuration read last was sound.",
            registry=registry,
        )
        self._success_time = Gauge(
            "conndrop_config_last_reload_success_timestamp_seconds",
            "When a sound configuration was read last.",
            registry=registry,
        )
        self._runs = Counter(
            "conndrop_probe_runs_total", "Runs of probes that have begun.", ["probe"], registry=registry
        )
        self._missed = Counter(
            "conndrop_probe_runs_missed_total",
            "Runs of probes that were due and did not take place.",
            ["probe", "reason"],
            registry=registry,
        )
        self._lag = Histogram(
            "conndrop_probe_lag_seconds",
            "Time from when a run was due until it began.",
            ["probe"],
            buckets=LAG_BUCKETS,
            registry=registry,
        )

    def expect(self, kind: str, reasons: Sequence[str]) -> None:
        """Let every series of this kind of probe begin at 0."""
        self._runs.labels(kind)
        self._lag.labels(kind)
        for reason in reasons:
            self._missed.labels(kind, reason)

    def configured(self) -> None:
        """Note that a sound configuration has been read."""
        self._successful.set(1)
        self._success_time.set(time.time())

    def ran(self, kind: str, lag: float) -> None:
        """Note that a run began so many seconds late."""
        self._runs.labels(kind).inc()
        self._lag.labels(kind).observe(lag)

    def missed(self, kind: str, reason: str, runs: int) -> None:
        """Note that so many runs did not take place."""
        self._missed.labels(kind, reason).inc(runs)
