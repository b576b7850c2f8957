"""The wrapper around every run."""

from collections.abc import Sequence

import pytest

from exporter.model import Cause, Observation
from exporter.net.waiting import Stopped
from exporter.runtime.runner import Runner

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
    runner.expect("orders", "session")
    assert not runner.ready
    runner.run("orders", "session", Scripted(outcome).run)
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
