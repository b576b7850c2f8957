"""The series of probes of the path's packet size."""

from exporter.exposition.families import Families
from exporter.model import Cause, MtuObservation, Observation

FORESEEN = (
    Cause.DNS_FAILURE,
    Cause.NET_MTU_BLACKHOLE,
    Cause.NET_BLACKHOLE,
    Cause.NET_UNREACHABLE,
    Cause.CLIENT_LOCAL_NETWORK,
    Cause.CLIENT_RESOURCES,
    Cause.UNKNOWN,
)
"""What a search for the largest packet can be expected to fail of."""


class MtuMetrics:
    """Shows how large packets may be, and whether larger ones vanish."""

    def __init__(self, families: Families) -> None:
        self._bytes = families.gauge(
            "conndrop_path_mtu_bytes",
            "Largest packet that reaches the target, with all IP headers; absent where none did.",
            "target",
        )
        self._blackhole = families.gauge(
            "conndrop_path_mtu_blackhole",
            "Whether larger packets vanish and no router says why; absent where that is not known.",
            "target",
        )
        self._failures = families.counter(
            "conndrop_path_mtu_failures_total",
            "Searches for the largest packet that failed, by the cause seen then.",
            "target",
            "cause",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        for cause in FORESEEN:
            self._failures.labels(target, cause)

    def record(self, observation: Observation) -> None:
        """Take in one search."""
        target = observation.target
        if observation.failure is not None:
            self._failures.labels(target, observation.failure.cause).inc()
        if isinstance(observation, MtuObservation):
            self._bytes.set(target, observation.mtu)
            self._blackhole.set(target, observation.blackhole)
        else:
            self._bytes.set(target, None)
            self._blackhole.set(target, None)
