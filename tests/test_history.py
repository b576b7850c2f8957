"""What is kept in memory of what was seen: results with their logs, trends, the latest of everything."""

import gc
import threading
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from exporter.app.pages import Memories
from exporter.model import (
    Cause,
    Connect,
    DropObservation,
    End,
    Failure,
    Hop,
    Observation,
    PathObservation,
    PingObservation,
    Result,
    Route,
    SessionObservation,
    TcpObservation,
    harmless,
)
from exporter.runtime.history import FAILURES, History
from exporter.runtime.hops import ROUNDS, Hops
from exporter.runtime.latest import DROPS, Latest
from exporter.runtime.trend import MOST, Trend
from tests.seen import NASTY, NOW, broken, echoes, healthy

FAILED = Failure(phase=None, cause=Cause.UNKNOWN, detail="no")


def result(number: int = 0, *, success: bool = True, target: str = "a", module: str = "tcp") -> Result:
    return Result(
        target=target, module=module, started=NOW, duration=0.1, success=success, log=f"run {number}\n"
    )


def look(target: str = "a", probe: str = "dns", failure: Failure | None = None) -> Observation:
    return Observation(target=target, probe=probe, started=NOW, duration=0.1, failure=failure)


def test_failures_are_kept_longer_than_successes() -> None:
    history = History(limit=3)
    failed = history.add(result(1, success=False))
    first, *rest = [history.add(result(number)) for number in range(2, 6)]
    assert history.find(failed) == result(1, success=False)
    assert history.find(first) is None
    assert [number for number, _ in history.listed()] == [*reversed(rest), failed]
    for number in range(6, 9):
        history.add(result(number, success=False))
    assert history.find(failed) is None


def test_a_history_may_keep_nothing() -> None:
    history = History(limit=0)
    assert history.find(history.add(result())) is None
    assert history.latest("a") is None


def test_the_latest_is_found_by_target_and_module() -> None:
    history = History()
    history.add(result(1))
    history.add(result(2, module="tls"))
    history.add(result(3, target="b", success=False))
    assert history.latest("a", "tcp") == result(1)
    assert history.latest("a") == result(2, module="tls")
    assert history.latest("a", "icmp") is None
    assert history.latest("c") is None
    history.record(look())
    found = history.latest("a")
    assert found is not None
    assert (found.module, found.success) == ("dns", True)
    assert history.latest("a", "tcp") == result(1)


def test_failures_of_a_target_survive_busy_neighbours_and_successes() -> None:
    history = History(limit=1)
    history.record(look(failure=FAILED))
    for _ in range(1000):
        history.record(look(target="busy", failure=FAILED))
        history.record(look(probe="ping", failure=FAILED))
        history.record(look())
    [(number, _)] = [each for each in history.failures("a") if each[1].probe == "dns"]
    found = history.find(number)
    assert found is not None
    assert not found.success
    assert len(history.failures("a")) == 1 + FAILURES
    numbers = [number for number, _ in history.failures("a")]
    assert all(newer > older for newer, older in pairwise(numbers))


def test_a_forgotten_target_is_gone_and_results_asked_for_stay() -> None:
    memories = Memories()
    memories.record(look(failure=FAILED))
    asked = memories.history.add(result())
    memories.forget("a")
    memories.forget("never seen")
    assert memories.history.failures("a") == []
    assert memories.latest.of("a", NOW) is None
    assert memories.latest.server("a") is None
    assert memories.history.find(asked) == result()


OF_EACH_KIND = [
    *{type(seen): seen for seen in healthy("a")}.values(),
    *{type(seen): seen for seen in broken("a", NASTY)}.values(),
]


@pytest.mark.parametrize("seen", OF_EACH_KIND, ids=lambda seen: type(seen).__name__)
def test_logs_tell_what_was_seen_and_stay_what_they_are(seen: Observation) -> None:
    history = History()
    history.record(seen)
    found = history.latest("a", seen.probe)
    assert found is not None
    assert found.log.startswith(f"{seen.probe} of a, ")
    assert found.log.endswith(" s\n")
    assert harmless(found.log.replace("\n", "")) == found.log.replace("\n", "")
    if seen.failure is not None:
        assert f"{seen.failure.cause}\n" in found.log
    if isinstance(seen, DropObservation | PathObservation | SessionObservation | TcpObservation):
        assert found.log.count("\n") > 2


def test_bins_hold_what_was_asked_in_their_time() -> None:
    trend = Trend(60.0, 3)
    assert trend.bins(NOW) == ()
    start = NOW - NOW % 60
    trend.add(start + 1, [0.010, 0.030, 0.020], 0)
    trend.add(start + 2, [], 1)
    trend.add(start + 61, [], 2)
    trend.add(start + 59, [0.5], 0)  # a little late: it counts with the bin that is open
    first, second = trend.bins(start + 100)
    assert (first.started, first.sent, first.lost) == (start, 4, 1)
    assert (first.least, first.median, first.high, first.most) == (0.010, 0.020, 0.030, 0.030)
    assert (second.sent, second.lost, second.median) == (3, 2, 0.5)
    trend.add(start + 600, [], 1)
    assert [(each.started, each.median) for each in trend.bins(start + 601)] == [(start + 600, None)]


def test_a_clock_set_back_takes_the_future_with_it() -> None:
    trend = Trend(60.0, 10)
    start = NOW - NOW % 60
    for minute in (0, 1, 2, 3):
        trend.add(start + 60 * minute, [0.1], 0)
    trend.add(start + 60, [0.2], 0)
    assert [each.started - start for each in trend.bins(start + 599)] == [0.0, 60.0]


def test_a_bin_of_very_many_delays_stays_small_and_true() -> None:
    trend = Trend(60.0, 1)
    for number in range(100):
        trend.add(NOW, [number * 100 + each for each in range(100)], 0)
    [only] = trend.bins(NOW)
    assert (only.sent, only.least, only.most) == (10_000, 0, 9_999)
    assert only.median == pytest.approx(5_000, rel=0.02)
    assert only.high == pytest.approx(9_000, rel=0.02)
    assert trend._open is not None
    assert len(trend._open._delays) <= MOST


def path(*rtts: float | None, changes: int = 0) -> PathObservation:
    hops = tuple(
        Hop(ttl=ttl, address=None if rtt is None else f"192.0.2.{ttl}", rtt=rtt)
        for ttl, rtt in enumerate(rtts, 1)
    )
    route = Route(hops=(), changes=changes)
    return PathObservation(target="a", probe="path", started=NOW, duration=0.1, hops=hops, route=route)


def test_an_answer_without_a_delay_is_no_loss() -> None:
    """A server that refuses is reached, and nobody has timed it."""
    hops = Hops()
    refused = replace(path(), hops=(Hop(ttl=1, address="192.0.2.1", reached=True),))
    hops.take(refused)
    (seen,) = hops.seen()
    assert (seen.sent, seen.lost, seen.latest, seen.mean) == (1, 0, None, None)
    hops.take(path(0.001))
    hops.take(refused)
    (seen,) = hops.seen()
    assert (seen.sent, seen.lost, seen.latest, seen.mean) == (3, 0, None, 0.001)


def test_hops_add_up_the_latest_rounds_of_one_route() -> None:
    hops = Hops()
    hops.take(path(0.001, None, 0.005))
    hops.take(path(0.003, None, None))
    first, silent, last = hops.seen()
    assert (first.sent, first.lost, first.latest, first.best, first.worst) == (2, 0, 0.003, 0.001, 0.003)
    assert first.mean == pytest.approx(0.002)
    assert (silent.sent, silent.lost, silent.best) == (2, 2, None)
    assert (last.lost, last.latest, last.best) == (1, None, 0.005)
    for _ in range(2 * ROUNDS):
        hops.take(path(0.001))
    assert (hops.seen()[0].sent, hops.seen()[1].sent) == (ROUNDS, 2)
    hops.take(path(0.002, changes=1))
    assert [each.sent for each in hops.seen()] == [1]


def test_the_latest_of_everything_is_kept() -> None:
    latest = Latest()
    for seen in broken("a"):
        latest.record(seen)
    found = latest.of("a", NOW)
    assert found is not None
    assert found.trouble == NOW - 5
    assert found.usable is not None
    assert found.usable.started == NOW - 10
    assert {probe: held.held for probe, held in found.held.items()} == {"sentinel": 0, "idle": 4}
    assert found.known is not None
    assert found.known.view is not None
    [drop] = found.drops
    assert drop.end is End.RST
    assert sum(each.lost for each in found.hour["ping"]) == 15
    assert len(found.hour["ping"]) >= 59
    assert sum(each.lost for each in found.six_hours["ping"]) == 15
    assert found.probes["tcp"] == NOW - 5
    assert found.last(PingObservation) is not None
    assert latest.of("b", NOW) is None


def test_silent_connections_are_there_to_be_dropped() -> None:
    latest = Latest()
    about: dict[str, Any] = {"target": "a", "started": NOW, "duration": 60.0, "failure": FAILED}
    for _ in range(2 * DROPS):
        latest.record(
            DropObservation(**about, probe="idle", end=End.SILENCE, silent=60.0, used=True, tcp=None)
        )
    found = latest.of("a", NOW)
    assert found is not None
    assert found.trouble is None
    assert len(found.drops) == DROPS


def test_targets_may_come_and_go_while_they_are_measured_and_looked_at() -> None:
    memories, errors = Memories(), []
    observations = broken("a")

    def carefully(*steps: Any) -> None:
        try:
            for _ in range(5):
                for step in steps:
                    step()
        except Exception as error:  # noqa: BLE001  told below
            errors.append(error)

    def measure() -> None:
        for seen in observations:
            memories.record(seen)

    def show() -> None:
        memories.latest.of("a", NOW)
        memories.history.failures("a")
        memories.history.find(1)
        memories.forget("a")

    threads = [threading.Thread(target=carefully, args=(what,)) for what in (measure, measure, show, show)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert not any(thread.is_alive() for thread in threads)


def test_a_target_costs_little_memory() -> None:
    """All bins of both trends full, all failures kept: less than 100 KB for each."""
    targets = [f"db-{number}" for number in range(2)]
    memories = Memories()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for target in targets:
            for seen in _hours(target):
                memories.record(seen)
            for _ in range(FAILURES):
                for seen in broken(target):
                    memories.record(seen)
        gc.collect()
        used = (tracemalloc.get_traced_memory()[0] - before) / len(targets)
    finally:
        tracemalloc.stop()
    assert used < 100_000, used


def _hours(target: str) -> list[Observation]:
    """Echoes and connects of six hours, one each second and one each five."""
    connect = Connect(address="10.0.0.3", seconds=0.011)
    return [
        *echoes(target, minutes=360),
        *(
            TcpObservation(
                target=target,
                probe="tcp",
                started=NOW - 5 * ago,
                duration=0.01,
                connects=(replace(connect, seconds=0.01 + ago / 1e6),),
            )
            for ago in range(360 * 12, 0, -1)
        ),
    ]
