"""The series of connections that are held: how many there are, how they end, how old they become."""

import threading

from exporter.exposition.buckets import AGE_BUCKETS, SESSION_BUCKETS
from exporter.exposition.families import Families
from exporter.exposition.session import POSSIBLE
from exporter.model import Cause, DropObservation, End, HeldObservation, Observation, Phase

FORESEEN: dict[End, tuple[Cause, ...]] = {
    End.FIN: (Cause.UNKNOWN,),
    End.ERROR: (Cause.SERVER_SESSION_KILLED, Cause.SERVER_RESTART, Cause.SERVER_IDLE_TIMEOUT),
    End.RST: (Cause.UNKNOWN,),
    End.SILENCE: (Cause.NET_BLACKHOLE, Cause.SERVER_UNRESPONSIVE, Cause.UNKNOWN),
}
"""How held connections can be expected to end; these series are there from the start."""
LEFT_SILENT = ("idle", "pool")
"""Probes that leave connections silent."""
BY_IDLENESS = (Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.PROXY_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT)


class DropFamilies:
    """The families about drops, of all probes that hold connections."""

    def __init__(self, families: Families) -> None:
        self._lock = threading.Lock()  # the probes of one target run in several threads
        self._held: dict[str, dict[tuple[str, ...], float]] = {}
        self._connections = families.gauge(
            "conndrop_held_connections",
            "Connections that are held now, by the probe that does.",
            "target",
            "probe",
        )
        self._drops = families.counter(
            "conndrop_drops_total",
            "Established connections that ended or stopped answering: how, and the cause seen then.",
            "target",
            "probe",
            "end",
            "cause",
        )
        self._ages = families.histogram(
            "conndrop_drop_age_seconds",
            "How old connections were when they dropped.",
            "target",
            "probe",
            bounds=AGE_BUCKETS,
        )

    def expect(self, target: str, probe: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self.hold(target, probe, 0)
        self._ages.labels(target, probe)
        for end, causes in FORESEEN.items():
            more = BY_IDLENESS if probe in LEFT_SILENT else ()
            for cause in dict.fromkeys((*causes, *more)):
                self._drops.labels(target, probe, end, cause)

    def forget(self, target: str, probe: str) -> None:
        """Publish nothing of a probe of `target` any more."""
        with self._lock:
            held = {key: value for key, value in self._held.pop(target, {}).items() if key != (probe,)}
            self._connections.forget(target)
            if held:
                self._held[target] = held
                self._connections.show(target, held)
        for family in (self._drops, self._ages):
            family.forget_part(target, probe)

    def hold(self, target: str, probe: str, connections: int) -> None:
        """Publish how many connections a probe holds."""
        with self._lock:
            # A new mapping each time: what has been shown is not changed.
            self._held[target] = {**self._held.get(target, {}), (probe,): connections}
            self._connections.show(target, self._held[target])

    def record(self, drop: DropObservation) -> None:
        """Take in one drop."""
        cause = drop.failure.cause if drop.failure is not None else Cause.UNKNOWN
        self._drops.labels(drop.target, drop.probe, drop.end, cause).inc()
        self._ages.labels(drop.target, drop.probe).observe(drop.duration)


class SentinelMetrics:
    """Counts heartbeats, and the time without a connection."""

    def __init__(self, families: Families) -> None:
        self._drops = families.shared(DropFamilies)
        families.when_forgotten(lambda target: self._drops.forget(target, "sentinel"))
        self._heartbeats = families.histogram(
            "conndrop_heartbeat_seconds",
            "Time until a sentinel's query on a connection that stands was answered.",
            "target",
            bounds=SESSION_BUCKETS,
        )
        self._failures = families.counter(
            "conndrop_sentinel_open_failures_total",
            "Openings of connections to be kept busy that failed, by the cause seen then.",
            "target",
            "cause",
        )
        self._revived = families.counter(
            "conndrop_sentinel_revivals_total",
            "Connections that were taken for dropped in silence, and answered after all.",
            "target",
        )
        self._outage = families.counter(
            "conndrop_outage_seconds_total",
            "Time in which a sentinel found no connection to be had, though one was wanted.",
            "target",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self._drops.expect(target, "sentinel")
        self._heartbeats.labels(target)
        self._revived.labels(target)
        self._outage.labels(target)
        for cause in (*POSSIBLE[Phase.TCP], *POSSIBLE[Phase.AUTH]):
            self._failures.labels(target, cause)

    def record(self, observation: Observation) -> None:
        """Take in one observation."""
        target, failure = observation.target, observation.failure
        if isinstance(observation, DropObservation):
            self._drops.record(observation)
            return
        if failure is not None:
            self._failures.labels(target, failure.cause).inc()
        if isinstance(observation, HeldObservation):
            self._drops.hold(target, observation.probe, observation.held)
            self._outage.labels(target).inc(observation.outage)
            self._revived.labels(target).inc(observation.revived)
            heartbeats = self._heartbeats.labels(target)
            for seconds in observation.answers:
                heartbeats.observe(seconds)
