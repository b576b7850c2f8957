"""The series of pool probes."""

from exporter.exposition.buckets import POOL_BUCKETS
from exporter.exposition.families import Families
from exporter.exposition.held import DropFamilies
from exporter.model import Cause, DropObservation, Invalidation, Observation, PoolObservation

POSSIBLE = (
    Cause.CLIENT_POOL_EXHAUSTED,
    Cause.SERVER_DOWN,
    Cause.SERVER_SATURATED,
    Cause.SERVER_ACCOUNT_LIMIT,
    Cause.SERVER_RESTART,
    Cause.SERVER_UNRESPONSIVE,
    Cause.SERVER_SESSION_KILLED,
    Cause.SERVER_IDLE_TIMEOUT,
    Cause.PROXY_BACKEND_UNAVAILABLE,
    Cause.AUTH_CREDENTIALS,
    Cause.AUTH_NOT_ALLOWED,
    Cause.DNS_FAILURE,
    Cause.NET_BLACKHOLE,
    Cause.NET_UNREACHABLE,
    Cause.UNKNOWN,
)
"""What a checkout can be expected to fail of: these series are there from the start."""


class PoolMetrics:
    """Counts what a pool with the application's settings goes through."""

    def __init__(self, families: Families) -> None:
        self._checkouts = families.counter(
            "conndrop_pool_checkouts_total", "Connections asked of the pool and used.", "target"
        )
        self._failures = families.counter(
            "conndrop_pool_checkout_failures_total",
            "Checkouts that got no connection, or one that could not be used, by the cause seen then.",
            "target",
            "cause",
        )
        self._seconds = families.histogram(
            "conndrop_pool_checkout_seconds",
            "Time until the pool had handed out a connection; those that it could not are left out.",
            "target",
            bounds=POOL_BUCKETS,
        )
        self._invalidations = families.counter(
            "conndrop_pool_invalidations_total",
            "Connections that the pool let go of: handed out dead (stale), found dead by the ping (pre_ping),"
            " too old (recycle), no longer trusted because another was dead (pool).",
            "target",
            "reason",
        )
        self._connections = families.gauge(
            "conndrop_pool_connections",
            "Connections that wait in the pool after an exercise (waiting), and those beyond its size in it"
            " (overflow).",
            "target",
            "state",
        )
        self._drops = families.shared(DropFamilies)
        families.when_forgotten(lambda target: self._drops.forget(target, "pool"))
        self._unsafe = families.gauge(
            "conndrop_pool_recycle_unsafe",
            "Whether connections may become older in the pool than they may be silent on this path; absent"
            " until that is known.",
            "target",
        )
        self._recycle = families.gauge(
            "conndrop_pool_recycle_seconds",
            "Age at which the pool replaces a connection, as configured; absent where it never does.",
            "target",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        self._drops.expect(target, "pool")
        self._checkouts.labels(target)
        self._seconds.labels(target)
        for cause in POSSIBLE:
            self._failures.labels(target, cause)
        for reason in Invalidation:
            self._invalidations.labels(target, reason)

    def record(self, observation: Observation) -> None:
        """Take in one exercise, or one drop."""
        target = observation.target
        if isinstance(observation, DropObservation):
            self._drops.record(observation)
            return
        if not isinstance(observation, PoolObservation):
            if type(observation) is Observation and observation.failure is not None:
                self._checkouts.labels(target).inc()
                self._failures.labels(target, observation.failure.cause).inc()
            return
        for checkout in observation.checkouts:
            self._checkouts.labels(target).inc()
            if checkout.failure is not None:
                self._failures.labels(target, checkout.failure.cause).inc()
            if checkout.handed_out:
                self._seconds.labels(target).observe(checkout.seconds)
        for reason in observation.invalidations:
            self._invalidations.labels(target, reason).inc()
        states: dict[tuple[str, ...], float] = {
            ("waiting",): observation.waiting,
            ("overflow",): observation.overflow,
        }
        self._connections.show(target, states)
        self._drops.hold(target, observation.probe, observation.waiting)
        self._recycle.set(target, observation.recycle)
        self._unsafe.set(target, observation.recycle_unsafe)
