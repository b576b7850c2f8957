"""Sentinels and idle holds at a PostgreSQL on loopback: what they report, and when they give way."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Session
from exporter.model import (
    Cause,
    DropObservation,
    Failure,
    HeldObservation,
    IdleObservation,
    InquestObservation,
    Observation,
    Target,
)
from exporter.net.phases import PhaseClock
from exporter.probes import idle, inquest
from exporter.probes.budget import Budget
from exporter.probes.idle import Idle, IdleSettings
from exporter.probes.kind import Tools, Vigil
from exporter.probes.sentinel import Sentinel, SentinelSettings
from tests.probing import probe_tools
from tests.servers import Postgres
from tests.servers.database import USER
from tests.waiting import wait_for

OURS = f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}'"
KILL = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{USER}'"
FULL = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="x")
FULL_NOW = Observation(target="it", probe="session", started=1.0, duration=0.1, failure=FULL)


class Keeping:
    """A vigil that goes on in a watcher of its own, and what it has reported."""

    def __init__(self, postgres: Postgres, build: Callable[[Target, Tools], Vigil], **tools: Any) -> None:
        endpoint, _ = read_url(postgres.url(postgres.plain), None, DIALECTS)
        self.tools = replace(probe_tools(endpoint), **tools)
        self.vigil = build(Target(name="it", endpoint=endpoint), self.tools)
        self.seen: list[Observation] = []

    def report(self, observations: Sequence[Observation]) -> None:
        for observation in observations:
            self.tools.suspicion.roused(observation)
            self.seen.append(observation)

    def of(self, kind: type[Observation]) -> list[Any]:
        """What has been reported of a kind."""
        return [one for one in self.seen if isinstance(one, kind)]

    @property
    def held(self) -> int:
        """How many it has told last that it holds."""
        told = self.of(HeldObservation)
        return told[-1].held if told else 0

    def taken(self) -> int:
        """How many it has from the budget."""
        return self.tools.budget._claimed + self.tools.budget._others


@contextlib.contextmanager
def keeping(postgres: Postgres, build: Callable[[Target, Tools], Vigil], **tools: Any) -> Iterator[Keeping]:
    it = Keeping(postgres, build, **tools)
    it.tools.watcher.keep(lambda: it.vigil.keep(it.report))
    it.tools.watcher.start()
    try:
        yield it
    finally:
        it.tools.stop.throw()
        it.tools.watcher.stop()
        assert it.taken() == 0
    wait_for(lambda: not postgres.admin(OURS))


def sentinels(**settings: Any) -> Callable[[Target, Tools], Vigil]:
    written = SentinelSettings.model_validate({"heartbeat": "50ms", **settings})
    return lambda target, tools: Sentinel(target, written, tools)


def holds(**settings: Any) -> Callable[[Target, Tools], Vigil]:
    written = IdleSettings.model_validate({"ladder": ["1s"], "connections": 1, **settings})
    return lambda target, tools: Idle(target, written, tools)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((inquest, "SETTLE"), (inquest, "SETTLE_SILENT"), (idle, "PAUSE")):
        monkeypatch.setattr(module, name, 0.01)


def test_a_sentinel_is_asked_and_replaced(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.probes.sentinel.COLLECT", 0.1)
    with keeping(postgres, sentinels()) as it:
        wait_for(lambda: any(one.answers for one in it.of(HeldObservation)))
        postgres.admin(KILL)
        wait_for(lambda: it.of(DropObservation))
        wait_for(lambda: it.held == 1)
        (drop,) = it.of(DropObservation)
        assert drop.failure.cause is Cause.SERVER_SESSION_KILLED
        assert 0 < sum(one.outage for one in it.of(HeldObservation)) < 10


def test_a_query_that_the_server_refuses_is_no_heartbeat(postgres: Postgres) -> None:
    """It is told with the server's words, and nothing is said to stand."""
    with keeping(postgres, sentinels(query="SELECT * FROM missing")) as it:
        wait_for(lambda: any(one.failure for one in it.of(HeldObservation)))
        failure = next(one.failure for one in it.of(HeldObservation) if one.failure)
        assert "missing" in failure.said
        assert it.held == 0


def test_who_may_hold_nothing_says_so(postgres: Postgres) -> None:
    """The first round would never be over otherwise."""
    with keeping(postgres, sentinels(), budget=Budget(1)) as it:
        wait_for(lambda: it.of(HeldObservation))
        assert it.held == it.taken() == 0


@pytest.mark.parametrize("heartbeat", ["50ms", "1h"])
def test_a_full_server_has_its_sentinel_back(postgres: Postgres, heartbeat: str) -> None:
    """At once, also where the next question has time."""
    with keeping(postgres, sentinels(heartbeat=heartbeat)) as it:
        wait_for(lambda: it.held == 1)
        it.tools.budget.notice(FULL_NOW)
        wait_for(lambda: it.held == it.taken() == 0)
        assert not it.of(DropObservation)


def test_nobody_counts_an_outage_while_nobody_looks(postgres: Postgres) -> None:
    """It cannot be opened, and then nothing is tried any more."""
    with keeping(postgres, sentinels()) as it:
        wait_for(lambda: it.held == 1)
        with limited(postgres):
            postgres.admin(KILL)
            wait_for(lambda: any(one.failure for one in it.of(HeldObservation)))
            it.tools.budget.notice(FULL_NOW)
            told = len(it.seen)
            wait_for(lambda: len(it.seen) >= told + 2)
        told = len(it.seen)
        wait_for(lambda: len(it.seen) >= told + 2)
        assert sum(one.outage for one in it.seen[told:] if isinstance(one, HeldObservation)) == 0


@contextlib.contextmanager
def limited(postgres: Postgres) -> Iterator[None]:
    """Let the account have no connections."""
    postgres.admin(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    try:
        yield
    finally:
        postgres.admin(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@pytest.mark.usefixtures("at_once")
def test_a_silence_that_is_survived_is_learnt(postgres: Postgres) -> None:
    with keeping(postgres, holds()) as it:
        wait_for(lambda: any(one.survived == 1.0 for one in it.of(IdleObservation)))
        assert not it.of(DropObservation)


class Unhurried:
    """Opens what another one opens, but only once the server lists none of ours: it tells of an end first."""

    encryption = None

    def __init__(self, inner: Any, postgres: Postgres) -> None:
        self.inner = inner
        self.postgres = postgres

    def harmless(self) -> bool:
        return True

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> Session:
        wait_for(lambda: not self.postgres.admin(OURS))
        session: Session = self.inner.open(addresses, clock)
        return session


@pytest.mark.usefixtures("at_once")
def test_what_an_inquest_has_found_is_told(postgres: Postgres) -> None:
    """After the drop: the server could be reached again, and knew of the end."""
    endpoint, _ = read_url(postgres.url(postgres.plain), None, DIALECTS)
    opener = Unhurried(probe_tools(endpoint).opener, postgres)
    with keeping(postgres, holds(ladder=["1h"]), opener=opener) as it:
        wait_for(lambda: it.held == 1)
        postgres.admin(KILL)
        wait_for(lambda: it.of(InquestObservation))
        (drop,), (found,) = it.of(DropObservation), it.of(InquestObservation)
        assert it.seen.index(drop) < it.seen.index(found)
        assert (found.end, found.silent, found.used) == (drop.end, drop.silent, drop.used)
        assert (found.reachable, found.listed, found.idle) == (True, False, True)
        assert found.started == pytest.approx(drop.started, abs=0.1)
        assert 0 < found.duration < 10


@pytest.mark.usefixtures("at_once")
def test_a_hold_that_cannot_be_opened_is_tried_again(postgres: Postgres) -> None:
    with contextlib.ExitStack() as stack:
        limit = stack.enter_context(contextlib.ExitStack())
        limit.enter_context(limited(postgres))
        it = stack.enter_context(keeping(postgres, holds(ladder=["1h"])))
        wait_for(lambda: any(one.failure for one in it.of(HeldObservation)))
        failed = next(one.failure for one in it.of(HeldObservation) if one.failure)
        assert failed.cause is Cause.SERVER_ACCOUNT_LIMIT
        limit.close()
        wait_for(lambda: it.held == 1)


def test_the_dead_are_not_counted_among_the_held(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find out what a death was takes seconds."""
    monkeypatch.setattr(inquest, "SETTLE", 3600.0)
    with keeping(postgres, holds(ladder=["1h"])) as it:
        wait_for(lambda: it.held == 1)
        postgres.admin(KILL)
        wait_for(lambda: it.of(DropObservation))
        assert it.held == 0
        assert it.taken() == 1


class Waiting:
    """Opens what another one opens, but only once it is let."""

    encryption = None

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.wanted, self.let = threading.Event(), threading.Event()

    def harmless(self) -> bool:
        return True

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> Session:
        session: Session = self.inner.open(addresses, clock)
        self.wanted.set()
        assert self.let.wait(10)
        return session


def test_one_that_opens_at_a_server_that_is_full_by_then_is_not_held(postgres: Postgres) -> None:
    endpoint, _ = read_url(postgres.url(postgres.plain), None, DIALECTS)
    opener = Waiting(probe_tools(endpoint).opener)
    with keeping(postgres, holds(ladder=["1h"]), opener=opener) as it:
        assert opener.wanted.wait(10)
        it.tools.budget.notice(FULL_NOW)
        opener.let.set()
        wait_for(lambda: it.taken() == 0)


def test_a_ladder_ascends() -> None:
    with pytest.raises(ValueError, match="must ascend"):
        IdleSettings.model_validate({"ladder": ["2s", "1s"]})
