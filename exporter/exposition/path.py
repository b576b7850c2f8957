"""The series of path probes."""

from collections.abc import Sequence

from exporter.exposition.families import Families
from exporter.model import Cause, Hop, Observation, PathObservation, Route

FORESEEN = (
    Cause.DNS_FAILURE,
    Cause.NET_BLACKHOLE,
    Cause.NET_UNREACHABLE,
    Cause.CLIENT_LOCAL_NETWORK,
    Cause.CLIENT_RESOURCES,
    Cause.UNKNOWN,
)
"""What a round can be expected to fail of."""
UNKNOWN = Route(hops=())
"""What a round that failed tells of the path."""


class PathMetrics:
    """Counts rounds along the path, and shows the path as the latest round found it."""

    def __init__(self, families: Families) -> None:
        self._rounds = families.counter(
            "conndrop_path_rounds_total", "Rounds along the path to the target.", "target"
        )
        self._failures = families.counter(
            "conndrop_path_failures_total",
            "Rounds along the path that failed, by the cause seen then.",
            "target",
            "cause",
        )
        self._changes = families.counter(
            "conndrop_path_changes_total", "Changes of the route to the target.", "target"
        )
        self._distance = families.gauge(
            "conndrop_path_hops",
            "Hops to the target when it was reached last; absent until it has been.",
            "target",
        )
        self._loss_start = families.gauge(
            "conndrop_path_loss_start_ttl",
            "First hop from which loss goes on to the target; absent without such loss.",
            "target",
        )
        self._begin_hops(families)

    def _begin_hops(self, families: Families) -> None:
        self._sent = families.counter(
            "conndrop_path_hop_sent_total", "Probes sent to each hop.", "target", "ttl"
        )
        self._lost = families.counter(
            "conndrop_path_hop_lost_total",
            "Probes that the hop did not answer; routers may be silent and pass everything on.",
            "target",
            "ttl",
        )
        self._rtt = families.gauge(
            "conndrop_path_hop_rtt_seconds",
            "Round-trip delay to the hop in the latest round; absent where it was silent.",
            "target",
            "ttl",
        )
        self._rate_limited = families.gauge(
            "conndrop_path_hop_rate_limited",
            "1 for hops that answer too seldom though what passes them arrives; absent for others.",
            "target",
            "ttl",
        )
        self._info = families.gauge(
            "conndrop_path_hop_info",
            "Who answered last at each hop, and whose network that is.",
            "target",
            "ttl",
            "address",
            "hostname",
            "network",
        )

    def expect(self, target: str) -> None:
        """Let every series of `target` that can be foreseen begin at 0."""
        self._rounds.labels(target)
        self._changes.labels(target)
        for cause in FORESEEN:
            self._failures.labels(target, cause)

    def record(self, observation: Observation) -> None:
        """Take in one round."""
        target = observation.target
        self._rounds.labels(target).inc()
        if observation.failure is not None:
            self._failures.labels(target, observation.failure.cause).inc()
        if isinstance(observation, PathObservation):
            self._record_hops(target, observation.hops)
            self._record_route(target, observation.route or UNKNOWN)
            if observation.route and any(hop.reached for hop in observation.hops):
                # Not where it answered in this round: what is lost before makes a way look longer.
                self._distance.set(target, len(observation.route.hops))
        else:
            self._record_hops(target, ())
            self._record_route(target, UNKNOWN)

    def _record_hops(self, target: str, hops: Sequence[Hop]) -> None:
        for hop in hops:
            self._sent.labels(target, str(hop.ttl)).inc()
            self._lost.labels(target, str(hop.ttl)).inc(hop.address is None)
        self._rtt.show(target, {(str(hop.ttl),): hop.rtt for hop in hops if hop.rtt is not None})

    def _record_route(self, target: str, route: Route) -> None:
        self._changes.labels(target).inc(route.changes)
        self._loss_start.set(target, route.loss_start)
        self._rate_limited.show(target, {(str(ttl),): 1 for ttl in route.rate_limited})
        self._info.show(
            target,
            {
                (str(hop.ttl), hop.address, hop.hostname, hop.network): 1
                for hop in route.hops
                if hop.address is not None
            },
        )
