"""The series about the targets as such, and about the exporter itself."""

import platform
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.exposition.buckets import ERROR_BUCKETS, LAG_BUCKETS
from exporter.exposition.families import Families
from exporter.model import HostCondition, Shard, Target
from exporter.net.engine import Punctuality
from exporter.net.keepalive import keepalive_time

PROCESSES = ("exporter", "meter")
"""Those whose heartbeat is watched: the daemon, and the one that measures for it."""


class TargetInfo(Collector):
    """One series a target, with the labels that its configuration gives it."""

    def __init__(self, targets: Callable[[], Sequence[Target]], registry: CollectorRegistry) -> None:
        self._targets = targets
        registry.register(self)

    @staticmethod
    def _of(target: Target) -> Mapping[str, str]:
        where = target.endpoint
        own = {"target": target.name, "dialect": where.dialect, "host": where.host, "port": str(where.port)}
        return {**target.labels, **own}

    def collect(self) -> Iterable[Metric]:
        """Give a sample with the value 1 for each target."""
        family = GaugeMetricFamily("conndrop_target_info", "What is probed, and the labels given to it.")
        for target in self._targets():
            family.add_sample("conndrop_target_info", dict(self._of(target)), 1)
        return [family]


class Keepalives(Collector):
    """One series for each target to which silent connections send keepalives.

    `firsts` tell when the first is sent, given the kernel's own time for that: in seconds, None for never.
    The kernel is asked at each scrape, because it may be told otherwise at any time.
    """

    def __init__(
        self,
        firsts: Callable[[], Mapping[str, Callable[[float | None], float | None]]],
        registry: CollectorRegistry,
        kernels: Callable[[], float | None] = keepalive_time,
    ) -> None:
        self._firsts = firsts
        self._kernels = kernels
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Give a sample for each of these targets."""
        family = GaugeMetricFamily(
            "conndrop_keepalive_seconds",
            "When the kernel sends the first TCP keepalive on a silent connection opened as the URL says;"
            " absent where it sends none.",
            labels=["target"],
        )
        kernels = self._kernels()
        for target, first in self._firsts().items():
            if (seconds := first(kernels)) is not None:
                family.add_metric([target], seconds)
        return [family]


class OwnMetrics:
    """How the exporter itself is doing; an observer of the scheduler and of the meter."""

    def __init__(self, registry: CollectorRegistry, families: Families) -> None:
        build = Gauge(
            "conndrop_build_info", "The exporter's version.", ["version", "python_version"], registry=registry
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._successful = Gauge(
            "conndrop_config_last_reload_successful",
            "Whether the configuration read last is in force.",
            registry=registry,
        )
        self._success_time = Gauge(
            "conndrop_config_last_reload_success_timestamp_seconds",
            "When a configuration came into force last.",
            registry=registry,
        )
        self._expected: set[str] = set()
        self._modules_unknown = Counter(
            "conndrop_probe_module_unknown_total",
            "Requests to /probe for a module that there is not.",
            registry=registry,
        )
        self._ordinal = Gauge(
            "conndrop_shard_ordinal",
            "Which of the exporters this one is that share the targets, counted from 0.",
            registry=registry,
        )
        self._shards = Gauge("conndrop_shards", "Exporters that share the targets.", registry=registry)
        self.shares(Shard())
        self._begin_counters(registry)
        self._begin_histograms(families)

    def _begin_counters(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "conndrop_probe_runs_total",
            "Runs of probes that have begun, the canary's among them.",
            ["probe"],
            registry=registry,
        )
        self._missed = Counter(
            "conndrop_probe_runs_missed_total",
            "Runs of probes that were due and did not take place: the one before still ran (overlap), no"
            " thread was free in time (late), the process stood still (coalesced), or the answer may have"
            " been lost in our own full buffer (unseen).",
            ["probe", "reason"],
            registry=registry,
        )
        self._clock_steps = Counter(
            "conndrop_clock_steps_total", "Times that the wall clock was set.", registry=registry
        )
        self._restarts = Counter(
            "conndrop_meter_restarts_total",
            "Times that the measuring process had to be started again.",
            registry=registry,
        )

        self._checksum_errors = Counter(
            "conndrop_host_checksum_errors_total",
            "Packets that came to this host damaged, whoever they were for.",
            registry=registry,
        )
        self._unsent = Counter(
            "conndrop_host_unsent_segments_total",
            "TCP segments that this host would have sent again and could not, whose ever they were.",
            registry=registry,
        )

    def _begin_histograms(self, families: Families) -> None:
        # Several threads begin runs of one kind of probe; see `exporter.exposition.families`.
        self._in_line = threading.Lock()
        self._lag = families.histogram(
            "conndrop_probe_lag_seconds",
            "Time from when a run was due until it began.",
            "probe",
            bounds=LAG_BUCKETS,
        )
        self._errors = families.histogram(
            "conndrop_measurement_error_seconds",
            "By how much a delay measured on the loopback interface differs from what it can be.",
            "probe",
            bounds=ERROR_BUCKETS,
        )
        self._heartbeat = families.histogram(
            "conndrop_heartbeat_lag_seconds",
            "How late a process came to do what it does at fixed times.",
            "process",
            bounds=LAG_BUCKETS,
        )
        for process in PROCESSES:
            self._heartbeat.labels(process)

    def expect(self, kind: str, reasons: Sequence[str]) -> None:
        """Let every series of this kind of probe begin at 0."""
        self._expected.add(kind)
        self._runs.labels(kind)
        self._lag.labels(kind)
        for reason in reasons:
            self._missed.labels(kind, reason)

    def configured(self) -> None:
        """Note that the configuration read last is in force."""
        self._successful.set(1)
        self._success_time.set(time.time())

    def failed(self) -> None:
        """Note that the one read last is not: it was not sound, or could not be put into force."""
        self._successful.set(0)

    def shares(self, shard: Shard) -> None:
        """Note which targets are ours."""
        self._ordinal.set(shard.ordinal)
        self._shards.set(shard.count)

    def ran(self, kind: str, lag: float) -> None:
        """Note that a run began so many seconds late."""
        self._runs.labels(kind).inc()
        with self._in_line:
            self._lag.labels(kind).observe(lag)

    def missed(self, kind: str, reason: str, runs: int) -> None:
        """Note that so many runs did not take place."""
        self._missed.labels(kind, reason).inc(runs)

    def punctual(self, kind: str, punctuality: Punctuality) -> None:
        """Note many runs of the meter: how late they began, and those that came to nothing."""
        if kind not in self._expected:
            return  # only the canary is measured in this way
        self._runs.labels(kind).inc(sum(punctuality.classes))
        with self._in_line:
            self._lag.labels(kind).add(punctuality.classes, punctuality.seconds)
        self._missed.labels(kind, "coalesced").inc(punctuality.missed)
        self._missed.labels(kind, "unseen").inc(punctuality.unseen)

    def erred(self, kind: str, seconds: float) -> None:
        """Note by how much a measurement of the loopback interface was wrong."""
        with self._in_line:
            self._errors.labels(kind).observe(seconds)

    def heartbeat(self, process: str, punctuality: Punctuality) -> None:
        """Note how late a process, one of PROCESSES, woke up when it wanted to."""
        with self._in_line:
            self._heartbeat.labels(process).add(punctuality.classes, punctuality.seconds)

    def clock_stepped(self) -> None:
        """Note that the wall clock was set."""
        self._clock_steps.inc()

    def host(self, condition: HostCondition) -> None:
        """Note what the kernel has counted for the whole host; what it does not tell counts as nothing."""
        self._checksum_errors.inc(condition.checksum_errors or 0)
        self._unsent.inc(condition.unsent or 0)

    def module_unknown(self) -> None:
        """Note that somebody asked for a module that there is not."""
        self._modules_unknown.inc()

    def restarted(self) -> None:
        """Note that the meter had to be started again."""
        self._restarts.inc()
