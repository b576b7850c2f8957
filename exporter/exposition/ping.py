"""The series of ping probes."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from exporter.exposition.registry import RTT_BUCKETS
from exporter.model import Observation, PingObservation


class PingMetrics:
    """Counts echoes whose fate is decided, and measures their delay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "conndrop_ping_sent_total",
            "Echo requests sent whose fate is decided; one in flight is not in here yet.",
            ["target"],
            registry=registry,
        )
        self._lost = Counter(
            "conndrop_ping_lost_total",
            "Echo requests without a reply in time.",
            ["target"],
            registry=registry,
        )
        self._rtt = Histogram(
            "conndrop_ping_rtt_seconds",
            "Round-trip delay of echoes (RFC 2681).",
            ["target"],
            buckets=RTT_BUCKETS,
            registry=registry,
        )
        self._variation = Histogram(
            "conndrop_ping_rtt_variation_seconds",
            "Difference in delay between consecutive echoes (RFC 3393), without its sign.",
            ["target"],
            buckets=RTT_BUCKETS,
            registry=registry,
        )
        self._duplicates = Counter(
            "conndrop_ping_duplicates_total",
            "Further replies to echoes answered already.",
            ["target"],
            registry=registry,
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        for metric in (self._sent, self._lost, self._rtt, self._variation, self._duplicates):
            metric.labels(target)

    def record(self, observation: Observation) -> None:
        """Take in one echo."""
        if not isinstance(observation, PingObservation):
            return
        target = observation.target
        self._sent.labels(target).inc(observation.sent)
        self._lost.labels(target).inc(observation.lost)
        self._duplicates.labels(target).inc(observation.duplicates)
        if observation.rtt is not None:
            self._rtt.labels(target).observe(observation.rtt)
        if observation.variation is not None:
            self._variation.labels(target).observe(observation.variation)
