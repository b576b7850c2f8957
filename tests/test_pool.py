"""The pool probe: when it exercises, what it reports and hands on, and its series."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.exposition.families import Families
from exporter.exposition.pool import PoolMetrics
from exporter.model import (
    Cause,
    Checkout,
    DropObservation,
    End,
    Failure,
    Invalidation,
    Observation,
    PoolObservation,
    SessionObservation,
    Target,
)
from exporter.probes.budget import Budget
from exporter.probes.kind import Tools
from exporter.probes.pool import PoolProbe, PoolProbeSettings, Rests
from tests.doubles import deaf, server
from tests.probing import probe_tools
from tests.scraping import scraped, value
from tests.servers import Postgres
from tests.servers.database import USER
from tests.waiting import wait_for

SEEN: dict[str, Any] = {"target": "a", "probe": "pool", "started": 1.0, "duration": 0.2}
LISTED = f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}'"
KILL = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{USER}'"


class Probing:
    """A probe with its tools, whose budget is full of room."""

    def __init__(self, url: str, *, budget: int = 8, **settings: Any) -> None:
        endpoint, _ = read_url(url, None, DIALECTS)
        self.tools: Tools = replace(probe_tools(endpoint), budget=Budget(budget))
        self.tools.watcher.start()
        written = PoolProbeSettings.model_validate({"interval": "20ms", "timeout": "20ms"} | settings)
        self.settings = written.model_copy(update={"timeout": 5.0})
        self.probe = PoolProbe(Target(name="a", endpoint=endpoint), self.settings, self.tools)

    def run(self) -> list[Observation]:
        """Run until there is something to say."""
        found: list[Observation] = []

        def ran() -> bool:
            found.extend(self.probe.run())
            return bool(found)

        wait_for(ran)
        return found

    def exercise(self) -> PoolObservation:
        """Run until the pool has been exercised, and nothing has died."""
        (seen,) = self.run()
        assert isinstance(seen, PoolObservation)
        return seen

    def end(self) -> None:
        """End as the daemon does."""
        self.tools.stop.throw()
        self.tools.watcher.stop()


@pytest.fixture
def probing(postgres: Postgres) -> Iterator[Probing]:
    found = Probing(postgres.url(postgres.plain))
    yield found
    found.end()


def test_an_exercise_is_reported(probing: Probing) -> None:
    first, second = probing.exercise(), probing.exercise()
    assert (first.target, first.probe, first.rested, first.failure) == ("a", "pool", 0.0, None)
    assert len(second.checkouts) == 2
    assert second.rested >= 0.01
    assert (second.waiting, second.overflow, second.skipped, second.recycle) == (2, 0, 0, None)


def test_a_run_reports_nothing_while_the_pool_rests(probing: Probing) -> None:
    probing.exercise()
    probing.probe._rests = Rests(1000.0, 1000.0, None)
    assert probing.probe.run() == ()


def test_what_was_found_dead_is_told_as_a_drop(probing: Probing, postgres: Postgres) -> None:
    probing.exercise()
    postgres.admin(KILL)
    wait_for(lambda: not postgres.admin(LISTED))
    seen, *drops = probing.run()
    assert isinstance(seen, PoolObservation)
    assert seen.failure
    assert seen.failure.cause is Cause.SERVER_SESSION_KILLED
    assert seen.invalidations == (Invalidation.STALE,) * 2
    assert len(drops) == 2
    for drop in drops:
        assert isinstance(drop, DropObservation)
        assert drop.end is End.ERROR
        assert drop.failure
        assert "administrator" in drop.failure.said
        assert drop.duration > drop.silent > 0


def test_what_may_be_left_over_is_handed_on(postgres: Postgres) -> None:
    probing = Probing(postgres.url(postgres.plain), pool_recycle="30ms")
    seen: list[Invalidation] = []

    def recycled() -> bool:
        seen.extend(probing.exercise().invalidations)
        return bool(seen)

    wait_for(recycled)
    assert set(seen) == {Invalidation.RECYCLE}
    assert len(probing.tools.leftovers) == len(seen)
    probing.end()


def test_a_full_server_has_all_connections_back(probing: Probing, postgres: Postgres) -> None:
    """And it is not asked for more; that is no failure, but said once."""
    probing.exercise()
    full = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="x")
    probing.tools.budget.notice(SessionObservation(**SEEN, phases=(), failure=full))
    wait_for(lambda: not probing.probe._pool.rested)
    wait_for(lambda: not postgres.admin(LISTED))
    assert probing.probe.run() == ()


def test_a_budget_that_is_too_small_is_said_once(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    probing = Probing(postgres.url(postgres.plain), budget=3)
    with caplog.at_level(logging.WARNING):
        assert [probing.exercise().skipped for _ in range(3)] == [1, 1, 1]
    assert [record.message for record in caplog.records] == ["connections not taken out"]
    probing.end()


def test_the_daemon_ends_with_a_goodbye(probing: Probing, postgres: Postgres) -> None:
    before = postgres.aborted()
    probing.exercise()
    probing.end()
    assert not probing.probe._pool.rested
    wait_for(lambda: not postgres.admin(LISTED))
    assert postgres.aborted() == before


def test_a_failure_is_that_of_its_first_checkout() -> None:
    with server(deaf) as port:
        probing = Probing(f"postgresql://probe:secret@127.0.0.1:{port}/shop?sslmode=disable")
        probing.probe._settings = probing.settings.model_copy(update={"timeout": 0.5})
        seen = probing.exercise()
        assert seen.failure
        assert seen.failure.cause is Cause.SERVER_UNRESPONSIVE
        probing.end()


@pytest.mark.parametrize(
    ("recycle", "longest", "expected"),
    [
        (None, 100.0, [30, 60, 100, 30]),
        (1800.0, 3600.0, [30, 60, 120, 240, 480, 960, 1770, 30]),
        (31.0, 3600.0, [30, 30, 30]),
        (None, 10.0, [30, 30]),
    ],
)
def test_rests_grow_to_what_the_settings_allow(
    recycle: float | None, longest: float, expected: list[float]
) -> None:
    rests = Rests(30.0, longest, recycle)
    for rest in expected:
        assert not rests.over(rest - 15.1)
        assert rests.over(rest - 15.0)
        rests.take_note((), tried=True)


def test_a_rest_in_which_all_were_recycled_is_tried_again() -> None:
    rests = Rests(30.0, 3600.0, 100.0)
    rests.take_note((), tried=True)
    rests.take_note((Invalidation.RECYCLE, Invalidation.RECYCLE), tried=True)
    assert not rests.over(44.0)
    assert rests.over(45.0)


@pytest.mark.parametrize(
    ("invalidations", "tried"), [((), False), ((Invalidation.STALE,), True), ((Invalidation.PRE_PING,), True)]
)
def test_rests_begin_anew_after_a_death(invalidations: tuple[Invalidation, ...], tried: bool) -> None:
    rests = Rests(30.0, 3600.0, None)
    for _ in range(3):
        rests.take_note((), tried=True)
    rests.take_note(invalidations, tried=tried)
    assert rests.over(15.0)


def test_a_pool_that_would_recycle_everything_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="less than pool_recycle 20s is allowed"):
        PoolProbeSettings.model_validate({"interval": "20s", "timeout": "5s", "pool_recycle": "20s"})
    assert PoolProbeSettings.model_validate({"pool_recycle": "31s"}).misfit() is None
    assert not PoolProbeSettings.default_on


def test_the_series_of_an_exercise() -> None:
    families = Families()
    metrics = PoolMetrics(families)
    metrics.expect("a")
    assert set(scraped(families).values()) == {0}
    failure = Failure(phase=None, cause=Cause.NET_BLACKHOLE, detail="x")
    metrics.record(
        PoolObservation(
            **SEEN,
            failure=failure,
            rested=60.0,
            checkouts=(
                Checkout(seconds=0.02),
                Checkout(seconds=0.02, failure=failure),
                Checkout(seconds=9.0, handed_out=False, failure=failure),
            ),
            invalidations=(Invalidation.STALE, Invalidation.POOL),
            waiting=2,
            overflow=1,
            recycle=1800.0,
        )
    )
    assert value(families, "conndrop_pool_checkouts_total", target="a") == 3
    assert value(families, "conndrop_pool_checkout_failures_total", target="a", cause="net.blackhole") == 2
    assert value(families, "conndrop_pool_checkout_seconds_count", target="a") == 2
    assert value(families, "conndrop_pool_invalidations_total", target="a", reason="stale") == 1
    assert value(families, "conndrop_pool_invalidations_total", target="a", reason="recycle") == 0
    assert value(families, "conndrop_pool_connections", target="a", state="waiting") == 2
    assert value(families, "conndrop_pool_connections", target="a", state="overflow") == 1
    assert value(families, "conndrop_pool_recycle_seconds", target="a") == 1800


def test_a_drop_is_no_checkout_and_a_probe_that_breaks_is() -> None:
    families = Families()
    metrics = PoolMetrics(families)
    metrics.expect("a")
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail="x")
    metrics.record(DropObservation(**SEEN, failure=failure, end=End.FIN, silent=1.0, used=True, tcp=None))
    assert value(families, "conndrop_pool_checkouts_total", target="a") == 0
    labels = {"target": "a", "probe": "pool", "end": "fin", "cause": "unknown"}
    assert value(families, "conndrop_drops_total", **labels) == 1
    metrics.record(Observation(**SEEN, failure=failure))
    assert value(families, "conndrop_pool_checkouts_total", target="a") == 1
    assert value(families, "conndrop_pool_checkout_failures_total", target="a", cause="unknown") == 1
