"""The series of TLS probes."""

from exporter.exposition.buckets import SESSION_BUCKETS
from exporter.exposition.families import Families
from exporter.exposition.session import POSSIBLE
from exporter.model import Observation, Phase, TlsObservation

FORESEEN = tuple(
    dict.fromkeys(cause for phase in (Phase.DNS, Phase.TCP, Phase.TLS) for cause in POSSIBLE[phase])
)
"""What a handshake can be expected to fail of."""


class TlsMetrics:
    """Counts handshakes, and shows what the latest one agreed on and when certificates expire."""

    def __init__(self, families: Families) -> None:
        self._handshakes = families.counter(
            "conndrop_tls_handshakes_total", "TLS handshakes tried.", "target"
        )
        self._failures = families.counter(
            "conndrop_tls_failures_total",
            "TLS handshakes that failed, by the cause seen then.",
            "target",
            "cause",
        )
        self._seconds = families.histogram(
            "conndrop_tls_handshake_seconds",
            "Time that TLS handshakes took, without the connect before them.",
            "target",
            bounds=SESSION_BUCKETS,
        )
        self._expiry = families.gauge(
            "conndrop_tls_certificate_expiry_timestamp_seconds",
            "When the server's certificate expires that was seen last; absent until there was one.",
            "target",
        )
        self._chain_expiry = families.gauge(
            "conndrop_tls_chain_expiry_timestamp_seconds",
            "When the first certificate expires of the chain that was seen last; absent until there was one.",
            "target",
        )
        self._info = families.gauge(
            "conndrop_tls_info",
            "What the latest handshake agreed on, and whether the certificate holds; absent if it failed.",
            "target",
            "version",
            "cipher",
            "verified",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self._handshakes.labels(target)
        self._seconds.labels(target)
        for cause in FORESEEN:
            self._failures.labels(target, cause)

    def record(self, observation: Observation) -> None:
        """Take in one handshake."""
        target = observation.target
        self._handshakes.labels(target).inc()
        if observation.failure is not None:
            self._failures.labels(target, observation.failure.cause).inc()
        if not isinstance(observation, TlsObservation):
            self._info.show(target, {})
            return
        if observation.handshake is not None:
            self._seconds.labels(target).observe(observation.handshake)
        # A certificate goes on expiring while its server cannot be reached, but not once it does without TLS.
        does_without = observation.handshake is None and observation.failure is None
        if observation.expires is not None or does_without:
            self._expiry.set(target, observation.expires)
        if observation.chain_expires is not None or does_without:
            self._chain_expiry.set(target, observation.chain_expires)
        agreed = (observation.version, observation.cipher, "true" if observation.verified else "false")
        self._info.show(target, {agreed: 1} if observation.version else {})
