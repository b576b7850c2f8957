"""The series of session probes."""

from exporter.exposition.buckets import SESSION_BUCKETS
from exporter.exposition.families import Families
from exporter.model import Cause, Observation, Phase, SessionObservation

POSSIBLE: dict[Phase, tuple[Cause, ...]] = {
    Phase.DNS: (Cause.DNS_FAILURE, Cause.CLIENT_RESOURCES, Cause.UNKNOWN),
    Phase.TCP: (
        Cause.SERVER_DOWN,
        Cause.NET_BLACKHOLE,
        Cause.NET_UNREACHABLE,
        Cause.CLIENT_LOCAL_NETWORK,
        Cause.CLIENT_RESOURCES,
        Cause.UNKNOWN,
    ),
    Phase.TLS: (
        Cause.TLS_CERTIFICATE,
        Cause.TLS_HANDSHAKE,
        Cause.AUTH_NOT_ALLOWED,
        Cause.SERVER_UNRESPONSIVE,
        Cause.SERVER_RESOURCE,
        Cause.PROXY_BACKEND_UNAVAILABLE,
        Cause.NET_BLACKHOLE,
        Cause.UNKNOWN,
    ),
    Phase.AUTH: (
        Cause.AUTH_CREDENTIALS,
        Cause.AUTH_NOT_ALLOWED,
        Cause.SERVER_SATURATED,
        Cause.SERVER_ACCOUNT_LIMIT,
        Cause.SERVER_HOST_BLOCKED,
        Cause.SERVER_RESTART,
        Cause.SERVER_RESOURCE,
        Cause.SERVER_UNRESPONSIVE,
        Cause.SERVER_SESSION_KILLED,
        Cause.TLS_HANDSHAKE,
        Cause.PROXY_BACKEND_UNAVAILABLE,
        Cause.PROXY_SATURATED,
        Cause.NET_BLACKHOLE,
        Cause.UNKNOWN,
    ),
    Phase.QUERY: (
        Cause.SERVER_SLOW_QUERY,
        Cause.SERVER_UNRESPONSIVE,
        Cause.SERVER_SESSION_KILLED,
        Cause.SERVER_RESTART,
        Cause.SERVER_RESOURCE,
        Cause.SERVER_READ_ONLY,
        Cause.AUTH_NOT_ALLOWED,
        Cause.PROXY_BACKEND_UNAVAILABLE,
        Cause.PROXY_SATURATED,
        Cause.NET_BLACKHOLE,
        Cause.UNKNOWN,
    ),
    Phase.CLOSE: (Cause.SERVER_UNRESPONSIVE, Cause.NET_BLACKHOLE),
}
"""What a session can be expected to fail of in each phase: these series are there from the start.

A combination not foreseen here is counted all the same, from its first occurrence on.
"""


class SessionMetrics:
    """Counts sessions and measures their phases."""

    def __init__(self, families: Families) -> None:
        self._attempts = families.counter(
            "conndrop_session_attempts_total", "Database sessions tried.", "target"
        )
        self._failures = families.counter(
            "conndrop_session_failures_total",
            "Database sessions that failed, by the phase in which they did and the cause seen then.",
            "target",
            "phase",
            "cause",
        )
        self._phases = families.histogram(
            "conndrop_session_phase_seconds",
            "Time that completed phases of sessions took.",
            "target",
            "phase",
            bounds=SESSION_BUCKETS,
        )
        self._whole = families.histogram(
            "conndrop_session_seconds",
            "Time that whole sessions took, from the name to the server's goodbye; failed ones are left out.",
            "target",
            bounds=SESSION_BUCKETS,
        )
        self._up = families.gauge(
            "conndrop_up",
            "Whether the latest session got in and had its query answered; absent until the first is over.",
            "target",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0."""
        self._attempts.labels(target)
        self._whole.labels(target)
        for phase, causes in POSSIBLE.items():
            self._phases.labels(target, phase)
            for cause in causes:
                self._failures.labels(target, phase, cause)

    def record(self, observation: Observation) -> None:
        """Take in one session."""
        target, failure = observation.target, observation.failure
        self._attempts.labels(target).inc()
        if failure is not None:
            self._failures.labels(target, failure.phase or "", failure.cause).inc()
        if not isinstance(observation, SessionObservation):
            self._up.set(target, 0)
            return
        for phase, seconds in observation.phases:
            self._phases.labels(target, phase).observe(seconds)
        if failure is None:
            self._whole.labels(target).observe(observation.duration)
        self._up.set(target, observation.usable)
