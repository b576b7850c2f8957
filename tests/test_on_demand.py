"""Probes that look when they are asked to, beside their times."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from exporter.app import Daemon, read_configuration
from exporter.diagnosis.verdict import Ask
from exporter.model import DropObservation, HeldObservation, Observation, TcpOrder
from exporter.net.connects import HURRIED, TcpEngine
from exporter.net.engine import MOST_HURRIED, REST, Extra
from exporter.probes.on_demand import GAP, OnDemand
from exporter.probes.sentinel import CLOSE
from exporter.web.server import ListenAddress
from tests.engines import Driven, number
from tests.servers import Postgres
from tests.test_scheduler import PUNCTUAL, Recorder, Running, job, missed_nothing, nothing
from tests.test_vigils import Keeping, keeping, sentinels
from tests.waiting import unspoilt, wait_for

HELD_BY_US = "SELECT pid FROM pg_stat_activity WHERE application_name = 'conndrop-exporter' ORDER BY pid"


def test_what_is_offered_is_begun_once_and_not_again_at_once() -> None:
    now, begun = [0.0], []
    on_demand = OnDemand(lambda: now[0])
    on_demand.offer("tcp", lambda: begun.append(now[0]))
    for now[0] in (0.0, GAP / 2, GAP):
        on_demand.want(Ask.TCP)
        on_demand.want(Ask.PATH)
    assert begun == [0.0, GAP]


def asked(running: Running, runs: Sequence[float], count: int) -> bool:
    """Ask, and tell whether there have been so many runs: while one is under way, asking does nothing."""
    if len(runs) < count:
        running.scheduler.now("session", "a")
    return len(runs) >= count


def test_a_job_runs_when_it_is_asked_for_and_at_its_times() -> None:
    """Its schedule stays as it is: nothing is late, left out, or leapt over."""

    def third() -> tuple[float, Recorder]:
        """Give the seconds from the first run that was due to the third."""
        runs: list[float] = []
        due: dict[int, float] = {}

        def run() -> None:
            runs.append(time.monotonic())
            due.setdefault(running.seen.runs["session"], runs[-1])

        running = Running(job(run, kind="session", interval=PUNCTUAL))
        with running:
            wait_for(lambda: 1 in due)
            for count in (2, 3, 4):
                wait_for(partial(asked, running, runs, count))
            wait_for(lambda: 3 in due)
        return due[3] - due[1], running.seen

    def as_ever(found: tuple[float, Recorder]) -> bool:
        seconds, seen = found
        return missed_nothing(seen) and 0.9 < seconds < 1.4 + max(seen.lags)

    unspoilt(third, as_ever)


def test_a_job_that_runs_is_not_begun_again_and_is_not_missed() -> None:
    """A run that was asked for takes the place of those at whose times it still goes on."""
    release, runs = threading.Event(), []

    def run() -> None:
        runs.append(time.monotonic())
        release.wait()

    try:
        with Running(job(run, kind="session", interval=0.1)) as running:
            wait_for(lambda: len(runs) == 1)
            running.scheduler.now("session", "a")
            wait_for(lambda: running.seen.misses["session", "overlap"] >= 1)
            assert len(runs) == 1
            release.set()
            wait_for(lambda: len(runs) >= 2)
            release.clear()
            wait_for(lambda: len(runs) >= 3)
    finally:
        release.set()


def test_a_run_that_was_asked_for_excuses_those_that_it_keeps_from_taking_place() -> None:
    unspoilt(kept_from, lambda found: found[0] == 1 and missed_nothing(found[1]))


def kept_from() -> tuple[int, Recorder]:
    """Give how many runs that were due had taken place while one that was asked for went on."""
    release, runs = threading.Event(), []

    def run() -> None:
        runs.append(time.monotonic())
        if len(runs) == 2:
            release.wait()

    try:
        with Running(job(run, kind="session", interval=PUNCTUAL)) as running:
            wait_for(lambda: len(runs) == 1)
            wait_for(partial(asked, running, runs, 2))
            time.sleep(2.5 * PUNCTUAL)
            meanwhile = running.seen.runs["session"]
            release.set()
            wait_for(lambda: running.seen.runs["session"] >= 3)
            return meanwhile, running.seen
    finally:
        release.set()


def test_what_has_no_time_runs_only_when_it_is_asked_for() -> None:
    runs: list[float] = []
    only_asked = job(lambda: runs.append(time.monotonic()), kind="trial", interval=float("inf"))
    with Running(only_asked, job(nothing)) as running:
        wait_for(lambda: running.seen.runs["ping"] >= 5)
        assert not runs
        running.scheduler.now("trial", "a")
        wait_for(lambda: len(runs) == 1)


def test_nobody_is_asked_before_the_start_or_after_the_end() -> None:
    runs: list[float] = []
    running = Running(job(lambda: runs.append(time.monotonic()), interval=3600.0))
    running.scheduler.now("ping", "a")
    with running:
        wait_for(lambda: len(runs) == 1)
        running.scheduler.now("nothing", "a")
    running.scheduler.now("ping", "a")
    assert len(runs) == 1


def test_who_hurries_gets_a_few_and_then_has_a_rest() -> None:
    extra: Extra[str] = Extra(1.0, 3)
    extra.hurry("a", 0.0)
    extra.hurry("a", 0.5)
    assert [list(extra.due(now)) for now in (0.0, 0.9, 1.0, 1.5, 2.0, 3.0)] == [
        ["a"],
        [],
        ["a"],
        [],
        ["a"],
        [],
    ]
    extra.hurry("a", REST - 0.1)
    assert extra.next == float("inf")
    extra.hurry("a", REST)
    extra.hurry("b", REST)
    assert sorted(extra.due(REST)) == ["a", "b"]


def test_only_so_many_hurry_at_once() -> None:
    extra: Extra[int] = Extra(1.0, 3)
    for job_number in range(MOST_HURRIED + 1):
        extra.hurry(job_number, 0.0)
    assert len(list(extra.due(0.0))) == MOST_HURRIED


def test_connects_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at once and a few more, though the interval is an hour."""
    gap = 0.5
    monkeypatch.setattr("exporter.net.connects.HURRY", gap)

    def second() -> float:
        """Give the seconds from the asking to the next connect, with the others seen."""
        driven = Driven(TcpEngine)
        driven.engine.add(TcpOrder(job=0, interval=3600.0, timeout=1.0, port=1, every_address=True))
        driven.engine.locate(0, ["127.0.0.1"], None)
        driven.until(number(1), seconds=15.0)
        asked = time.monotonic()
        driven.engine.hurry(0)
        driven.until(number(2))
        took = time.monotonic() - asked
        driven.until(number(1 + HURRIED))
        driven.drive(2 * gap)
        assert len(driven.readings) == 1 + HURRIED
        return took

    try:
        unspoilt(second, lambda took: took < gap)
    finally:
        Driven.close_all()


def answers(seen: list[Observation]) -> list[float]:
    return [rtt for one in seen if isinstance(one, HeldObservation) for rtt in one.answers]


def both_rest(it: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until both have asked once; from then on nothing is due for an hour."""
    monkeypatch.setattr("exporter.probes.sentinel.COLLECT", 0.0)
    wait_for(lambda: it.held == 2 and len(answers(it.seen)) == 2)
    monkeypatch.setattr("exporter.probes.sentinel.COLLECT", 3600.0)


def test_all_sentinels_answer_when_they_are_asked(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of them, at once, and once a second for a while; each answer is told as it comes."""
    monkeypatch.setattr("exporter.probes.sentinel.STAGGER", 0.1)
    monkeypatch.setattr("exporter.probes.sentinel.CLOSELY", 4.5)  # also one that is late by a second is told

    def closely() -> tuple[float, float]:
        """Give the seconds until each had answered once, and until each had three times."""
        with keeping(postgres, sentinels(connections=2, heartbeat="1h")) as it:
            both_rest(it, monkeypatch)
            told, asked = len(it.seen), time.monotonic()
            it.tools.on_demand.want(Ask.SENTINEL)
            wait_for(lambda: len(it.seen) >= told + 2)
            first = time.monotonic() - asked
            wait_for(lambda: len(it.seen) >= told + 6)
            third = time.monotonic() - asked
            assert third > 1.9
            assert all(isinstance(one, HeldObservation) and one.held == 2 for one in it.seen[told:])
            time.sleep(max(0.0, asked + 6.0 - time.monotonic()))
            assert len(answers(it.seen[told:])) <= 2 * 5, "it has come to its end"
        return first, third

    unspoilt(closely, lambda seconds: seconds[0] < CLOSE and seconds[1] < 2.9 + CLOSE)


def test_a_drop_has_the_others_asked(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether existing connections work is known at once, though their questions have an hour's time."""
    monkeypatch.setattr("exporter.probes.sentinel.STAGGER", 0.1)
    with keeping(postgres, sentinels(connections=2, heartbeat="1h")) as it:
        both_rest(it, monkeypatch)
        oldest = postgres.admin(HELD_BY_US)[0][0]
        postgres.admin(f"SELECT pg_terminate_backend({oldest})")
        wait_for(lambda: it.of(DropObservation))
        dropped = it.seen.index(it.of(DropObservation)[0])
        wait_for(lambda: answers(it.seen[dropped:]))


@contextmanager
def daemon(tmp_path: Path, configuration: str) -> Iterator[Daemon]:
    path = tmp_path / "exporter.yml"
    path.write_text(configuration)
    running = Daemon(read_configuration(path), [ListenAddress.parse("127.0.0.1:0")])
    try:
        yield running
    finally:
        running.stop()


def test_every_probe_of_a_target_can_be_asked(tmp_path: Path, postgres: Postgres) -> None:
    """All intervals are an hour: what is seen twice was asked for."""
    on = {"session", "server", "dns", "mtu", "tls", "tcp", "path"}
    probes = "".join(f"      {name}: {{interval: 1h}}\n" for name in sorted(on))
    written = (
        f"targets:\n  - name: orders\n    url: {postgres.url(postgres.encrypted)}\n    probes:\n{probes}"
    )
    with daemon(tmp_path, f"{written}      pool: off\n") as it:
        seen: list[str] = []
        it._core.runner._sinks += (lambda observation: seen.append(observation.probe),)
        it.start()
        asked = {ask for ask in Ask if ask.value in on}
        assert {ask.value for ask in asked} == on
        wait_for(lambda: on - {"dns"} <= set(seen), seconds=30.0)
        before = {name: seen.count(name) for name in on}
        for ask in asked:
            it._core._ask("orders", ask)
        wait_for(lambda: all(seen.count(name) > before[name] for name in on - {"dns"}))
        it._core._ask("nobody", Ask.SESSION)
