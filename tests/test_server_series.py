"""The series of what servers say of themselves: what is told, what is not, and what stays when nothing is."""

from typing import Any

import pytest

from exporter.exposition.families import Families
from exporter.exposition.server import FORESEEN, TALLIED, ServerMetrics
from exporter.exposition.told import LONGEST
from exporter.exposition.view import LASTING, MOMENTARY
from exporter.model import (
    Cause,
    Change,
    Counted,
    DropObservation,
    End,
    Failure,
    Limit,
    Missing,
    Observation,
    PoolerView,
    ProbeError,
    Scope,
    ServerObservation,
    ServerView,
    State,
)
from tests.db.holding import opened
from tests.scraping import scraped, series, value
from tests.servers import Postgres

SEEN: dict[str, Any] = {"target": "a", "probe": "server", "started": 1.0, "duration": 0.2}
BARE = ServerView(product="PostgreSQL", version="15.18")
WHOLE: dict[str, Any] = {
    "identity": "7349",
    "started": 1700000000.5,
    "replica": True,
    "read_only": False,
    "replication_lag": 2.5,
    "connections": {State.ACTIVE: 3, State.IDLE: 0},
    "most": 100,
    "reserved": 3,
    "high_water": 41,
    "oldest_transaction": 12.5,
    "oldest_idle_in_transaction": 0.0,
    "lock_waiters": 2,
    "errors": {"internal": 1, "max_connections": 5},
    "host_errors": 4,
    "hosts_blocked": 1,
    "settings": {"wait_timeout": 28800.0, "connect_timeout": 10.0},
    "values": {"back_log": 80.0},
    "pooler": PoolerView(backends={State.ACTIVE: 2}, longest_wait=1.5),
    "missing": (Missing(privilege="PROCESS", needed_for="x", grant="y"),),
}
SHOWN: dict[str, dict[str, float]] = {
    "identity": {"server_info product=PostgreSQL version=15.18 identity=7349 role=": 1},
    "started": {"server_start_timestamp_seconds": 1700000000.5},
    "replica": {
        "server_replica": 1,
        "server_info product=PostgreSQL version=15.18 identity= role=replica": 1,
    },
    "read_only": {"server_read_only": 0},
    "replication_lag": {"server_replication_lag_seconds": 2.5},
    "connections": {"server_connections state=active": 3, "server_connections state=idle": 0},
    "most": {"server_connections_max": 100, "server_connections_reserved": 0},
    "reserved": {},
    "high_water": {"server_connections_high_water": 41},
    "oldest_transaction": {"server_oldest_transaction_seconds": 12.5},
    "oldest_idle_in_transaction": {"server_oldest_idle_in_transaction_seconds": 0},
    "lock_waiters": {"server_lock_waiters": 2},
    "errors": {
        "server_connection_errors_total reason=internal": 1,
        "server_connection_errors_total reason=max_connections": 5,
    },
    "host_errors": {"server_host_connect_errors": 4},
    "hosts_blocked": {"server_hosts_blocked": 1},
    "settings": {
        "server_setting_seconds setting=wait_timeout": 28800,
        "server_setting_seconds setting=connect_timeout": 10,
    },
    "values": {"server_setting setting=back_log": 80},
    "pooler": {"pooler_connections state=active": 2, "pooler_longest_wait_seconds": 1.5},
    "missing": {"server_missing_privileges": 1},
}
"""What each part of a view adds to what is shown of a bare one, or puts in its place."""
NOTHING_TOLD = {
    "server_info product=PostgreSQL version=15.18 identity= role=": 1.0,
    "server_missing_privileges": 0.0,
}


@pytest.fixture
def families() -> Families:
    return Families()


@pytest.fixture
def metrics(families: Families) -> ServerMetrics:
    found = ServerMetrics(families)
    found.expect("a")
    return found


def look(view: ServerView | None = None, **more: Any) -> ServerObservation:
    return ServerObservation(**SEEN, view=view, **more)


def failed(cause: Cause) -> ServerObservation:
    return look(failure=Failure(phase=None, cause=cause, detail="x"))


def told(families: Families) -> dict[str, float]:
    """Give what is published of the server itself, in short."""
    wanted = {told.name for told in (*LASTING, *MOMENTARY)}
    found = {}
    for (name, labels), shown in scraped(families).items():
        if name in wanted:
            pairs = {key: text for key, text in labels if key != "target"}
            order = [key for key in ("product", "version", "identity", *sorted(pairs)) if key in pairs]
            words = [f"{key}={pairs[key]}" for key in dict.fromkeys(order)]
            found[" ".join([name.removeprefix("conndrop_"), *words])] = shown
    return found


def counted(families: Families, *names: str) -> dict[str, float]:
    """Give the sum of all series of each of these names that has one."""
    found: dict[str, float] = {}
    for (name, _), shown in scraped(families).items():
        short = name.removeprefix("conndrop_server_").removesuffix("_total")
        if short in names:
            found[short] = found.get(short, 0) + shown
    return found


def test_only_what_we_count_ourselves_is_there_from_the_start(
    families: Families, metrics: ServerMetrics
) -> None:
    found = scraped(families)
    assert set(found.values()) == {0}
    names = {name for name, _ in found if name.startswith("conndrop_server")}
    assert {name for name in names if not name.startswith("conndrop_server_look_seconds")} == {
        "conndrop_server_looks_total",
        "conndrop_server_look_failures_total",
        "conndrop_server_restarts_total",
        "conndrop_server_identity_changes_total",
        "conndrop_server_client_address_changes_total",
    }
    assert len(series(families, "conndrop_server_look_failures_total")) == len(FORESEEN)
    metrics.record(failed(Cause.SERVER_DOWN))
    assert scraped(families).keys() - found.keys() == {
        ("conndrop_server_own_connections", frozenset({("target", "a")}))
    }


@pytest.mark.parametrize("part", WHOLE)
def test_what_is_told_is_shown_and_what_is_not_has_no_series(
    families: Families, metrics: ServerMetrics, part: str
) -> None:
    metrics.record(look(BARE))
    assert told(families) == NOTHING_TOLD
    metrics.record(look(ServerView(product="PostgreSQL", version="15.18", **{part: WHOLE[part]})))
    expected = NOTHING_TOLD | SHOWN[part]
    if sum(name.startswith("server_info") for name in expected) > 1:
        del expected["server_info product=PostgreSQL version=15.18 identity= role="]
    assert told(families) == expected
    metrics.record(look(BARE))
    assert told(families) == NOTHING_TOLD


def test_every_series_of_a_view_has_been_looked_at() -> None:
    names = {name.split()[0] for shown in SHOWN.values() for name in shown}
    assert {f"conndrop_{name}" for name in names} == {told.name for told in (*LASTING, *MOMENTARY)}


def test_a_failure_takes_away_what_was_true_only_then(families: Families, metrics: ServerMetrics) -> None:
    view = ServerView(product="PostgreSQL", version="15.18", limits=(server(1, 2),), **WHOLE)
    metrics.record(look(view, counters={Counted.QUERIES: 7}, own_connections=3, kept=True))
    assert value(families, "conndrop_held_connections", target="a", probe="server") == 1
    before = scraped(families)
    metrics.record(failed(Cause.NET_BLACKHOLE))
    gone = {name for name, _ in before.keys() - scraped(families).keys()}
    assert gone == {told.name for told in MOMENTARY} | {"conndrop_server_limit_usage_ratio"}
    assert value(families, "conndrop_server_queries_total", target="a") == 7
    assert value(families, "conndrop_server_connections_max", target="a") == 100
    assert value(families, "conndrop_server_own_connections", target="a") == 0
    assert value(families, "conndrop_held_connections", target="a", probe="server") == 0
    assert value(families, "conndrop_server_looks_total", target="a") == 2
    assert value(families, "conndrop_server_look_seconds_count", target="a") == 1
    cause = {"target": "a", "cause": "net.blackhole"}
    assert value(families, "conndrop_server_look_failures_total", **cause) == 1


def test_a_probe_that_broke_has_looked_and_failed(families: Families, metrics: ServerMetrics) -> None:
    metrics.record(look(ServerView(product="x", version="1", **WHOLE)))
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail="x")
    metrics.record(Observation(**SEEN, failure=failure))
    assert value(families, "conndrop_server_looks_total", target="a") == 2
    assert series(families, "conndrop_server_connections") == []
    assert value(families, "conndrop_server_connections_max", target="a") == 100


def server(connections: int, most: int) -> Limit:
    return Limit(scope=Scope.SERVER, connections=connections, most=most)


def account(name: str, connections: int, most: int) -> Limit:
    return Limit(scope=Scope.ACCOUNT, name=name, connections=connections, most=most)


@pytest.mark.parametrize(
    ("observation", "shown"),
    [
        (look(BARE), {}),
        (look(None), {}),
        (failed(Cause.SERVER_DOWN), {}),
        (failed(Cause.SERVER_SATURATED), {"server": 1}),
        (failed(Cause.SERVER_ACCOUNT_LIMIT), {"account": 1}),
        ((server(30, 40),), {"server": 0.75}),
        ((server(41, 40),), {"server": 1.025}),
        ((account("x", 0, 0),), {"account": 1}),
        ((account("x", 3, -1),), {"account": 1}),
        ((server(0, 10), account("x", 1, 10), account("y", 9, 10)), {"server": 0, "account": 0.9}),
        ((Limit(scope=Scope.DATABASE, name="d", connections=1, most=2),), {"database": 0.5}),
    ],
)
def test_the_fullest_limit_of_each_scope(
    families: Families, metrics: ServerMetrics, observation: Any, shown: dict[str, float]
) -> None:
    if isinstance(observation, tuple):
        observation = look(ServerView(product="x", version="1", limits=observation))
    metrics.record(look(ServerView(product="x", version="1", limits=(server(1, 2),))))
    metrics.record(observation)
    found = {
        dict(labels)["scope"]: ratio
        for (name, labels), ratio in scraped(families).items()
        if name == "conndrop_server_limit_usage_ratio"
    }
    assert found == shown


@pytest.mark.parametrize("kind", Counted)
def test_the_servers_counters_are_as_it_told_and_may_fall(
    families: Families, metrics: ServerMetrics, kind: Counted
) -> None:
    """Ours are beside them from 0, where rules would subtract them, and nowhere else."""
    (tallied,) = (tallied for tallied in TALLIED if kind in tallied.parts.values())
    names = (tallied.name, f"own_{tallied.name}")
    zero = {names[1]: 0} if tallied.own else {}
    metrics.record(look(BARE, own={kind: 1}))
    assert counted(families, *names) == {}
    metrics.record(look(BARE, counters={kind: 1000}))
    assert counted(families, *names) == {names[0]: 1000} | zero
    metrics.record(look(BARE, counters={kind: 3}, own={kind: 2}))
    assert counted(families, *names) == {names[0]: 3} | dict.fromkeys(zero, 2)
    metrics.record(look(None, own={kind: 9}))
    assert counted(families, *names) == {names[0]: 3} | dict.fromkeys(zero, 2)


def test_ways_in_which_sessions_end_are_told_together(families: Families, metrics: ServerMetrics) -> None:
    ends = {Counted.SESSIONS_ABANDONED: 1, Counted.SESSIONS_FATAL: 0, Counted.SESSIONS_KILLED: 2}
    metrics.record(look(BARE, counters=ends, own={Counted.SESSIONS_KILLED: 1}))
    for name, expected in (("", (1, 0, 2)), ("own_", (0, 0, 1))):
        for reason, times in zip(("abandoned", "fatal", "killed"), expected, strict=True):
            found = value(families, f"conndrop_server_{name}sessions_ended_total", target="a", reason=reason)
            assert found == times


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (Change.RESTART, "restarts"),
        (Change.IDENTITY, "identity_changes"),
        (Change.ADDRESS, "client_address_changes"),
    ],
)
def test_changes_are_counted(families: Families, metrics: ServerMetrics, change: Change, name: str) -> None:
    metrics.record(look(BARE, changes=(change,)))
    names = ("restarts", "identity_changes", "client_address_changes")
    assert counted(families, *names) == dict.fromkeys(names, 0) | {name: 1}


def test_a_server_of_many_words_stays_one_series(families: Families, metrics: ServerMetrics) -> None:
    for version in ("1" * 1000, 'x"\n\\' * 100):
        metrics.record(look(ServerView(product="p" * 500, version=version, identity="i" * 500)))
        (labels,) = series(families, "conndrop_server_info")
        assert len(labels.pop("target")) == 1
        assert labels["version"] == version[:LONGEST]
        assert max(map(len, labels.values())) == LONGEST


def test_a_connection_that_was_kept_may_drop(families: Families, metrics: ServerMetrics) -> None:
    metrics.record(DropObservation(**SEEN, end=End.RST, silent=1.0, used=True, tcp=None))
    labels = {"target": "a", "probe": "server", "end": "rst", "cause": "unknown"}
    assert value(families, "conndrop_drops_total", **labels) == 1
    assert value(families, "conndrop_server_looks_total", target="a") == 0


def test_a_database_that_is_full_is_no_full_account(
    families: Families, metrics: ServerMetrics, postgres: Postgres
) -> None:
    """Both are refused for the same cause."""
    postgres.admin("ALTER DATABASE shop CONNECTION LIMIT 0")
    try:
        with pytest.raises(ProbeError) as refused:
            opened(postgres.url())
    finally:
        postgres.admin("ALTER DATABASE shop CONNECTION LIMIT -1")
    assert refused.value.cause is Cause.SERVER_ACCOUNT_LIMIT
    metrics.record(look(failure=refused.value.failure()))
    assert value(families, "conndrop_server_limit_usage_ratio", target="a", scope="database") == 1
    assert value(families, "conndrop_server_limit_usage_ratio", target="a", scope="account") is None
