"""The series of how long connections may be silent."""

from exporter.exposition.families import Families
from exporter.exposition.held import DropFamilies
from exporter.model import DropObservation, HeldObservation, IdleObservation, Observation


class IdleMetrics:
    """Shows what is known of idle timeouts, and what to set."""

    def __init__(self, families: Families) -> None:
        self._drops = families.shared(DropFamilies)
        families.when_forgotten(lambda target: self._drops.forget(target, "idle"))
        self._survived = families.gauge(
            "conndrop_idle_survived_seconds",
            "Longest silence after which a connection could still be used.",
            "target",
        )
        self._killed = families.gauge(
            "conndrop_idle_killed_seconds",
            "Shortest silence that ended a connection; absent while none is known to.",
            "target",
        )
        self._settled = families.gauge(
            "conndrop_idle_settled",
            "Whether survived and killed are as close as they are to come, and confirmed.",
            "target",
        )
        self._timeouts = families.gauge(
            "conndrop_idle_timeout_seconds",
            "Seconds after which a layer ends silent connections, by the cause that experiments have found.",
            "target",
            "cause",
        )
        self._recycle = families.gauge(
            "conndrop_recommended_pool_recycle_seconds",
            "The pool_recycle known to be safe here; it grows until conndrop_idle_settled is 1.",
            "target",
        )
        self._keepalive = families.gauge(
            "conndrop_recommended_keepalive_seconds",
            "The TCP keepalive time known to be safe here; absent where keepalives do not help.",
            "target",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self._drops.expect(target, "idle")

    def record(self, observation: Observation) -> None:
        """Take in one observation."""
        target = observation.target
        match observation:
            case DropObservation():
                self._drops.record(observation)
            case HeldObservation():
                self._drops.hold(target, observation.probe, observation.held)
            case IdleObservation():
                self._survived.set(target, observation.survived)
                self._killed.set(target, observation.killed)
                self._settled.set(target, observation.settled)
                self._timeouts.show(target, {(cause,): seconds for cause, seconds in observation.timeouts})
                self._recycle.set(target, observation.pool_recycle)
                self._keepalive.set(target, observation.keepalive)
