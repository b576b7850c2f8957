"""The series of TCP probes."""

from itertools import product

from exporter.exposition.buckets import RTT_BUCKETS
from exporter.exposition.families import Families
from exporter.exposition.session import POSSIBLE
from exporter.model import Cause, Failure, Observation, Phase, TcpObservation

FORESEEN = tuple(dict.fromkeys((*POSSIBLE[Phase.DNS], *POSSIBLE[Phase.TCP], Cause.DNS_IPV6_BROKEN)))
"""What a connect can be expected to fail of."""
STATES = tuple(product(("ipv4", "ipv6"), ("connects", "fails")))


class TcpMetrics:
    """Counts connects, one for each address, and measures those that went well."""

    def __init__(self, families: Families) -> None:
        self._connects = families.counter(
            "conndrop_tcp_connects_total",
            "Connects tried, one for each address; a name that does not resolve counts as one.",
            "target",
        )
        self._failures = families.counter(
            "conndrop_tcp_connect_failures_total",
            "Connects that failed, by the cause seen then.",
            "target",
            "cause",
        )
        self._seconds = families.histogram(
            "conndrop_tcp_connect_seconds",
            "Time that connects took; failed ones are left out.",
            "target",
            bounds=RTT_BUCKETS,
        )
        self._retransmits = families.counter(
            "conndrop_tcp_syn_retransmits_total", "SYNs that were sent again.", "target"
        )
        self._mss = families.gauge(
            "conndrop_tcp_mss_bytes",
            "Largest segment that all addresses of the latest round take; absent if none connected.",
            "target",
        )
        self._addresses = families.gauge(
            "conndrop_tcp_addresses",
            "Addresses of the target in the latest round, by whether one connects to them or that fails.",
            "target",
            "family",
            "state",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self._connects.labels(target)
        self._seconds.labels(target)
        self._retransmits.labels(target)
        for cause in FORESEEN:
            self._failures.labels(target, cause)

    def record(self, observation: Observation) -> None:
        """Take in one round of connects."""
        target = observation.target
        connects = observation.connects if isinstance(observation, TcpObservation) else ()
        for connect in connects:
            self._record_try(target, connect.failure)
            self._retransmits.labels(target).inc(connect.syn_retransmits)
            if connect.failure is None:
                self._seconds.labels(target).observe(connect.seconds)
        if not connects and observation.failure is not None:
            self._record_try(target, observation.failure)
        segments = [connect.mss for connect in connects if connect.mss is not None]
        self._mss.set(target, min(segments, default=None))
        self._addresses.show(target, _counted(observation))

    def _record_try(self, target: str, failure: Failure | None) -> None:
        self._connects.labels(target).inc()
        if failure is not None:
            self._failures.labels(target, failure.cause).inc()


def _counted(observation: Observation) -> dict[tuple[str, ...], float]:
    """Count addresses by their family and whether one can connect to them."""
    if not isinstance(observation, TcpObservation):
        return {}
    found: dict[tuple[str, ...], float] = dict.fromkeys(STATES, 0)
    for connect in observation.connects:
        family = "ipv6" if ":" in connect.address else "ipv4"
        found[family, "connects" if connect.failure is None else "fails"] += 1
    return found
