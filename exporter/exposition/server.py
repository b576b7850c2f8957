"""The series of what servers say of themselves, and of the looks at it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.exposition.buckets import SESSION_BUCKETS
from exporter.exposition.compatible import CompatibleMetrics
from exporter.exposition.families import Families
from exporter.exposition.family import Gauge
from exporter.exposition.held import DropFamilies
from exporter.exposition.session import POSSIBLE
from exporter.exposition.told import Values, each
from exporter.exposition.view import LASTING, MOMENTARY
from exporter.model import (
    Cause,
    Change,
    Counted,
    DropObservation,
    Failure,
    Observation,
    Phase,
    Scope,
    ServerObservation,
    ServerView,
)

PROBE: Final = "server"
FORESEEN: Final = tuple(dict.fromkeys(cause for phase in list(Phase)[:-1] for cause in POSSIBLE[phase]))
"""What a look can be expected to fail of."""
FULL: Final = {Cause.SERVER_SATURATED: Scope.SERVER, Cause.SERVER_ACCOUNT_LIMIT: Scope.ACCOUNT}
"""Failures that tell of a limit that it is reached."""
OF_A_DATABASE: Final = "too many connections for database"
"""What PostgreSQL says of a database's limit, which has the same cause as an account's."""
CHANGES: Final = {
    Change.RESTART: ("conndrop_server_restarts_total", "Times the server was found to have started anew."),
    Change.IDENTITY: (
        "conndrop_server_identity_changes_total",
        "Times another server was found in its place, as after a failover.",
    ),
    Change.ADDRESS: (
        "conndrop_server_client_address_changes_total",
        "Times the server saw us under another address than before.",
    ),
}


class Tallied(NamedTuple):
    """A counter of the server's, which may come in several parts, one for each value of `labels`.

    With `own`, the part of it is published, too, that our own connections have moved: so that rules can
    subtract it, it is there where the server's is, and of the same moment.
    """

    name: str
    text: str
    parts: Mapping[tuple[str, ...], Counted]
    labels: tuple[str, ...] = ()
    own: bool = False

    def begin(self, families: Families) -> tuple[Gauge, Gauge | None]:
        """Begin the server's family, and ours if there is one; nothing is published yet."""
        whole = families.gauge(
            f"conndrop_server_{self.name}_total", self.text, "target", *self.labels, kind="counter"
        )
        if not self.own:
            return whole, None
        own = families.gauge(
            f"conndrop_server_own_{self.name}_total",
            f"Our own part of conndrop_server_{self.name}_total.",
            "target",
            *self.labels,
            kind="counter",
        )
        return whole, own


TALLIED: Final = (
    Tallied(
        "connections_opened",
        "Connections the server has taken; MySQL and MariaDB also count those that came to nothing.",
        {(): Counted.CONNECTIONS_OPENED},
        own=True,
    ),
    Tallied(
        "aborted_connects",
        "Connections the server counts that never came to be a session.",
        {(): Counted.ABORTED_CONNECTS},
        own=True,
    ),
    Tallied(
        "aborted_connects_preauth",
        "Those of them that ended before authentication.",
        {(): Counted.ABORTED_CONNECTS_PREAUTH},
        own=True,
    ),
    Tallied(
        "aborted_clients",
        "Sessions whose client left without a goodbye; for MySQL and MariaDB also killed and timed-out ones.",
        {(): Counted.ABORTED_CLIENTS},
        own=True,
    ),
    Tallied(
        "access_denied", "Logins and statements the server denied.", {(): Counted.ACCESS_DENIED}, own=True
    ),
    Tallied(
        "sessions_ended",
        "Sessions that did not end by the client's goodbye: it vanished (abandoned), the server gave it up"
        " (fatal), or somebody ended it (killed).",
        {
            ("abandoned",): Counted.SESSIONS_ABANDONED,
            ("fatal",): Counted.SESSIONS_FATAL,
            ("killed",): Counted.SESSIONS_KILLED,
        },
        ("reason",),
        own=True,
    ),
    Tallied(
        "transactions",
        "Transactions the server has ended; MySQL and MariaDB count each statement in them, too.",
        {(): Counted.TRANSACTIONS},
    ),
    Tallied("queries", "Statements the server has taken from clients.", {(): Counted.QUERIES}),
    Tallied("buffer_requests", "Pages asked of the server's cache.", {(): Counted.BUFFER_REQUESTS}),
    Tallied("buffer_misses", "Pages the server's cache did not have.", {(): Counted.BUFFER_MISSES}),
)


class ServerMetrics:
    """Counts looks, and shows what the latest ones have told."""

    def __init__(self, families: Families) -> None:
        self._begin_looks(families)
        self._lasting = [(told, told.begin(families)) for told in LASTING]
        self._momentary = [(told, told.begin(families)) for told in MOMENTARY]
        self._usage = families.gauge(
            "conndrop_server_limit_usage_ratio",
            "How full the fullest limit on connections is: of the whole server, of accounts, of databases.",
            "target",
            "scope",
        )
        self._tallied = [(tallied, *tallied.begin(families)) for tallied in TALLIED]
        self._own_connections = families.gauge(
            "conndrop_server_own_connections",
            "Connections to the server that are our own, or about to be.",
            "target",
        )
        self._drops = families.shared(DropFamilies)
        families.when_forgotten(lambda target: self._drops.forget(target, PROBE))
        self._compatible = CompatibleMetrics(families)

    def _begin_looks(self, families: Families) -> None:
        self._looks = families.counter(
            "conndrop_server_looks_total", "Looks at what the server says of itself.", "target"
        )
        self._failures = families.counter(
            "conndrop_server_look_failures_total",
            "Looks that failed, by the cause seen then.",
            "target",
            "cause",
        )
        self._seconds = families.histogram(
            "conndrop_server_look_seconds",
            "Time that looks took; failed ones are left out.",
            "target",
            bounds=SESSION_BUCKETS,
        )
        self._changes = {
            change: families.counter(name, text, "target") for change, (name, text) in CHANGES.items()
        }

    def expect(self, target: str) -> None:
        """Let what we count ourselves begin at 0; what the server does not tell is not there."""
        self._drops.expect(target, PROBE)
        self._looks.labels(target)
        self._seconds.labels(target)
        for cause in FORESEEN:
            self._failures.labels(target, cause)
        for counter in self._changes.values():
            counter.labels(target)

    def record(self, observation: Observation) -> None:
        """Take in one look, or one drop."""
        target, failure = observation.target, observation.failure
        if isinstance(observation, DropObservation):
            self._drops.record(observation)
            return
        self._looks.labels(target).inc()
        if failure is None:
            self._seconds.labels(target).observe(observation.duration)
        else:
            self._failures.labels(target, failure.cause).inc()
        view = observation.view if isinstance(observation, ServerObservation) else None
        for told, family in self._momentary:
            family.show(target, {} if view is None else told.read(view))
        self._usage.show(target, _usage(view, failure))
        if isinstance(observation, ServerObservation):
            self._record_look(observation)
        else:
            self._compatible.fail(target)

    def _record_look(self, look: ServerObservation) -> None:
        if look.compatible:
            self._compatible.record(look.target, look.compatible, look.view)
        self._own_connections.set(look.target, look.own_connections)
        self._drops.hold(look.target, PROBE, int(look.kept))
        for change in look.changes:
            self._changes[change].labels(look.target).inc()
        if look.view is None:
            return
        for told, family in self._lasting:
            family.show(look.target, told.read(look.view))
        for tallied, whole, own in self._tallied:
            parts = {labels: part for labels, part in tallied.parts.items() if part in look.counters}
            whole.show(look.target, {labels: look.counters[part] for labels, part in parts.items()})
            if own is not None:
                own.show(look.target, {labels: look.own.get(part, 0) for labels, part in parts.items()})


def _usage(view: ServerView | None, failure: Failure | None) -> Values:
    """Say how full the fullest limit of each scope is; one that lets nobody in is full."""
    if view is None:
        scope = _refused_for(failure) if failure else None
        return {(scope,): 1} if scope else {}
    fullest: dict[str, float] = {}
    for limit in view.limits:
        usage = limit.connections / limit.most if limit.most > 0 else 1.0
        fullest[limit.scope] = max(usage, fullest.get(limit.scope, 0.0))
    return each(fullest)


def _refused_for(failure: Failure) -> Scope | None:
    scope = FULL.get(failure.cause)
    return Scope.DATABASE if scope is Scope.ACCOUNT and OF_A_DATABASE in failure.detail else scope
