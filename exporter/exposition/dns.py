"""The series of DNS probes."""

from dataclasses import dataclass

from exporter.exposition.buckets import DNS_BUCKETS
from exporter.exposition.families import Families
from exporter.exposition.family import Counter, Histogram
from exporter.model import Cause, DnsObservation, Observation

FORESEEN = (Cause.DNS_FAILURE, Cause.CLIENT_LOCAL_NETWORK, Cause.CLIENT_RESOURCES, Cause.UNKNOWN)
"""What a question can be expected to fail of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    """The families of one way of asking."""

    queries: Counter
    failures: Counter
    seconds: Histogram

    def expect(self, *labels: str) -> None:
        """Let every series with these labels begin at 0."""
        self.queries.labels(*labels)
        self.seconds.labels(*labels)
        for cause in FORESEEN:
            self.failures.labels(*labels, cause)

    def record(self, observation: Observation, *labels: str) -> None:
        """Take in one question."""
        self.queries.labels(*labels).inc()
        if observation.failure is None:
            self.seconds.labels(*labels).observe(observation.duration)
        else:
            self.failures.labels(*labels, observation.failure.cause).inc()


class DnsMetrics:
    """Counts resolutions as the application does them, and questions to each resolver directly."""

    def __init__(self, families: Families) -> None:
        self._own = self._resolutions(families)
        self._changes = families.counter(
            "conndrop_dns_answer_changes_total",
            "Resolutions that gave other addresses than the one before.",
            "target",
        )
        self._answers = families.gauge(
            "conndrop_dns_answers", "Addresses that the latest resolution gave.", "target"
        )
        self._direct = self._questions(families)
        self._ttl = families.gauge(
            "conndrop_dns_resolver_answer_ttl_seconds",
            "Time for which the resolver's latest answer may be kept; absent where it gave none.",
            "target",
            "resolver",
        )
        self._ttls: dict[str, dict[tuple[str, ...], float]] = families.of_targets()
        self._asked: dict[str, set[tuple[str, ...]]] = families.of_targets()

    @staticmethod
    def _resolutions(families: Families) -> _Questions:
        return _Questions(
            queries=families.counter(
                "conndrop_dns_queries_total",
                "Resolutions of the target's name, as the application does them.",
                "target",
            ),
            failures=families.counter(
                "conndrop_dns_failures_total",
                "Resolutions of the target's name that failed, by the cause seen then.",
                "target",
                "cause",
            ),
            seconds=families.histogram(
                "conndrop_dns_seconds",
                "Time that resolutions of the target's name took; failed ones are left out.",
                "target",
                bounds=DNS_BUCKETS,
            ),
        )

    @staticmethod
    def _questions(families: Families) -> _Questions:
        return _Questions(
            queries=families.counter(
                "conndrop_dns_resolver_queries_total",
                "Questions about the target's name to one resolver.",
                "target",
                "resolver",
            ),
            failures=families.counter(
                "conndrop_dns_resolver_failures_total",
                "Questions to one resolver that failed, by the cause seen then.",
                "target",
                "resolver",
                "cause",
            ),
            seconds=families.histogram(
                "conndrop_dns_resolver_seconds",
                "Time until one resolver answered; failures are left out.",
                "target",
                "resolver",
                bounds=DNS_BUCKETS,
            ),
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` begin at 0; a resolver's begin with the first question to it."""
        self._own.expect(target)
        self._changes.labels(target)

    def record(self, observation: Observation) -> None:
        """Take in one question; a probe that broke counts as a resolution."""
        if isinstance(observation, DnsObservation) and observation.resolver:
            self._record_direct(observation)
            return
        target = observation.target
        self._own.record(observation, target)
        self._forget_who_was_not_asked(target)
        if isinstance(observation, DnsObservation):
            self._changes.labels(target).inc(observation.changed)
            self._answers.set(target, len(observation.answers))
        else:
            self._answers.set(target, None)

    def _record_direct(self, observation: DnsObservation) -> None:
        target, resolver = observation.target, observation.resolver
        self._asked.setdefault(target, set()).add((resolver,))
        self._direct.expect(target, resolver)
        self._direct.record(observation, target, resolver)
        ttls = {key: ttl for key, ttl in self._ttls.get(target, {}).items() if key != (resolver,)}
        if observation.ttl is not None:
            ttls[resolver,] = observation.ttl
        self._ttls[target] = ttls
        self._ttl.show(target, ttls)

    def _forget_who_was_not_asked(self, target: str) -> None:
        """Take back what resolvers said whom the last round did not ask; each begins with the system."""
        asked = self._asked.pop(target, set())
        self._ttls[target] = {key: ttl for key, ttl in self._ttls.get(target, {}).items() if key in asked}
        self._ttl.show(target, self._ttls[target])
