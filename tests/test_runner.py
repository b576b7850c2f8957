"""The wrapper around every run."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from exporter.app import Daemon, read_configuration
from exporter.model import Cause, Failure, Observation
from exporter.net.waiting import Stopped
from exporter.runtime.runner import Runner, Vigil
from exporter.web.server import ListenAddress

SEEN = Observation(target="orders", probe="session", started=1.0, duration=0.5)


class Scripted:
    """A probe that does what it is told."""

    def __init__(self, outcome: Sequence[Observation] | Exception) -> None:
        self.outcome = outcome

    def run(self) -> Sequence[Observation]:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def run(outcome: Sequence[Observation] | Exception) -> tuple[list[Observation], Runner]:
    seen: list[Observation] = []
    runner = Runner([seen.append])
    duty = runner.duty("orders", "session")
    assert not runner.ready
    duty.run(Scripted(outcome).run)
    return seen, runner


def test_every_observation_reaches_every_sink() -> None:
    seen, runner = run([SEEN, SEEN])
    assert seen == [SEEN, SEEN]
    assert runner.ready


def test_a_probe_that_breaks_is_a_failure_and_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    (failed,), runner = run(ZeroDivisionError("x"))
    assert failed.failure
    assert failed.failure.cause is Cause.UNKNOWN
    assert failed.failure.detail == "internal error: ZeroDivisionError"
    assert "ZeroDivisionError" in caplog.text
    assert runner.ready


def test_a_run_that_was_stopped_never_was() -> None:
    seen, runner = run(Stopped())
    assert not seen
    assert not runner.ready


def kept(vigil: Vigil, until: Callable[[], object], runner: Runner) -> None:
    """Have a standing probe go on until something has come about."""

    async def keep() -> None:
        keeping = asyncio.create_task(runner.duty("orders", "sentinel").keep(vigil))
        async with asyncio.timeout(10):
            while not until():
                await asyncio.sleep(0.001)
        keeping.cancel()
        await asyncio.wait([keeping])
        assert keeping.cancelled()

    asyncio.run(keep())


def test_a_standing_probe_reports_whenever_it_wants() -> None:
    seen: list[Observation] = []
    runner = Runner([seen.append])

    async def vigil(report: Callable[[Sequence[Observation]], None]) -> None:
        report([SEEN])
        await asyncio.Event().wait()

    kept(vigil, lambda: seen, runner)
    assert seen == [SEEN]
    assert runner.ready


def test_a_standing_probe_that_breaks_while_it_ends_is_not_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What breaks in one of its parts hides from it that it has been let go of."""
    monkeypatch.setattr("exporter.runtime.runner.PAUSE", 0.001)
    begun: list[object] = []
    duty = Runner([]).duty("orders", "sentinel")

    async def vigil(_: object) -> None:
        begun.append(1)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(breaks() if len(begun) == 1 else asyncio.sleep(3600))

    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    async def end() -> None:
        async with asyncio.timeout(10):
            keeping = asyncio.create_task(duty.keep(vigil))
            while not begun:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            keeping.cancel()
            duty.end()
            await keeping

    asyncio.run(end())
    assert len(begun) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_standing_probe_that_breaks_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("exporter.runtime.runner.PAUSE", 0.001)
    seen: list[Observation] = []

    async def vigil(_: object) -> None:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(breaks())
            parts.create_task(asyncio.sleep(3600))

    async def breaks() -> None:
        raise ZeroDivisionError

    kept(vigil, lambda: len(seen) > 1, Runner([seen.append]))
    assert {one.failure.cause for one in seen if one.failure} == {Cause.UNKNOWN}
    assert "ZeroDivisionError" in caplog.text


def test_who_ends_leftovers_may_break_though_it_has_no_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text("targets: [{name: orders, url: 'postgresql://u@127.0.0.1/d'}]")
    daemon = Daemon(read_configuration(path), [ListenAddress.parse("127.0.0.1:0")])
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail="internal error: X")
    broken = Observation(target="orders", probe="leftovers", started=1.0, duration=0.5, failure=failure)
    daemon._core.runner.hand_over([broken])
    monkeypatch.setattr(daemon._core._scheduler, "stop", lambda: None)  # it was never started
    daemon.stop()
