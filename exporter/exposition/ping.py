"""The series of ping probes."""

from exporter.exposition.buckets import RTT_BUCKETS
from exporter.exposition.families import Families
from exporter.model import Clock, Observation, PingObservation


class PingMetrics:
    """Counts echoes whose fate is decided, and measures their delay."""

    def __init__(self, families: Families) -> None:
        self._sent = families.counter(
            "conndrop_ping_sent_total",
            "Echo requests sent whose fate is decided; one in flight is not in here yet.",
            "target",
        )
        self._lost = families.counter(
            "conndrop_ping_lost_total", "Echo requests without a reply in time.", "target"
        )
        self._rtt = families.histogram(
            "conndrop_ping_rtt_seconds",
            "Round-trip delay of echoes (RFC 2681).",
            "target",
            bounds=RTT_BUCKETS,
        )
        self._variation = families.histogram(
            "conndrop_ping_rtt_variation_seconds",
            "Difference in delay between consecutive echoes (RFC 3393), without its sign.",
            "target",
            bounds=RTT_BUCKETS,
        )
        self._duplicates = families.counter(
            "conndrop_ping_duplicates_total", "Further replies to echoes answered already.", "target"
        )
        self._late = families.counter(
            "conndrop_ping_late_total", "Replies that came after the echo was judged lost.", "target"
        )
        self._reordered = families.counter(
            "conndrop_ping_reordered_total",
            "Replies that an echo sent later has overtaken (RFC 4737).",
            "target",
        )
        self._timestamps = families.gauge(
            "conndrop_ping_timestamps_info",
            "Whose clock stamps echoes and their replies: the kernel's as they pass, or this process's.",
            "target",
            "departure",
            "arrival",
        )
        self._clocks: dict[str, tuple[Clock, Clock]] = families.of_targets()

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        for counter in (self._sent, self._lost, self._duplicates, self._late, self._reordered):
            counter.labels(target)
        for histogram in (self._rtt, self._variation):
            histogram.labels(target)

    def record(self, observation: Observation) -> None:
        """Take in some echoes."""
        if not isinstance(observation, PingObservation):
            return
        target = observation.target
        self._sent.labels(target).inc(observation.sent)
        self._lost.labels(target).inc(observation.lost)
        if observation.duplicates or observation.late or observation.reordered:
            self._duplicates.labels(target).inc(observation.duplicates)
            self._late.labels(target).inc(observation.late)
            self._reordered.labels(target).inc(observation.reordered)
        if observation.rtts:
            observe = self._rtt.labels(target).observe
            for rtt in observation.rtts:
                observe(rtt)
            self._stamped(target, (observation.departure, observation.arrival))
        if observation.variations:
            observe = self._variation.labels(target).observe
            for variation in observation.variations:
                observe(variation)

    def _stamped(self, target: str, clocks: tuple[Clock, Clock]) -> None:
        if self._clocks.get(target) != clocks:
            self._clocks[target] = clocks
            self._timestamps.show(target, {clocks: 1})
