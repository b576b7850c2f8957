"""An examination that is ended, at any stage: nothing of it is left, here or on the server."""

import signal
import time
from collections.abc import Callable

import pytest

from exporter.db.dialect import PROGRAM
from exporter.examination.examination import Examination
from exporter.examination.plan import Plan
from exporter.examination.report import Progress, Side, State
from tests import doubles
from tests.examination.scene import Shown, alive
from tests.servers import Postgres
from tests.waiting import unspoilt, wait_for

SOON = 4.0
"""Seconds; `end` promises about two, and this machine may be busy."""


def ours(server: Postgres) -> list[tuple[object, ...]]:
    """List what the server has of ours."""
    return [row for row in server.admin(server.sessions) if PROGRAM in str(row[0])]


def has_begun(_: Progress) -> bool:
    return True


def is_in_session(progress: Progress) -> bool:
    return any(look.side is Side.SESSION and look.state is State.GOOD for look in progress.looks)


def is_holding(progress: Progress) -> bool:
    return len(progress.rungs) > 1 and progress.elapsed > 1


@pytest.mark.parametrize("stage", [has_begun, is_in_session, is_holding])
def test_nothing_is_left(postgres: Postgres, stage: Callable[[Progress], bool]) -> None:

    def ended() -> float:
        before = alive()
        wait_for(lambda: not ours(postgres))
        examination = Examination(Plan(where=postgres.url(postgres.plain), hold=60.0))
        shown = Shown(stage, examination.end)
        report = examination.run(shown)
        assert report.cut_short
        seconds = time.time() - report.started - report.seconds
        assert report.unsure[0].startswith("It was ended after ")
        wait_for(lambda: not ours(postgres))
        wait_for(lambda: alive() <= before)
        return seconds

    unspoilt(ended, lambda seconds: seconds < SOON)


def test_a_signal_ends_it_in_the_middle_of_a_login() -> None:
    """Whoever it speaks with never answers."""

    def ended() -> float:
        before = alive()
        with doubles.server(doubles.deaf) as port:
            sides = frozenset({Side.SESSION, Side.SERVER, Side.POOL, Side.HOLD})
            where = f"mysql://u@127.0.0.1:{port}/d"
            examination = Examination(Plan(where=where, hold=60.0, sides=sides))
            handler = signal.signal(signal.SIGUSR1, lambda *_: examination.end())
            try:
                shown = Shown(
                    lambda progress: progress.elapsed > 0.5, lambda: signal.raise_signal(signal.SIGUSR1)
                )
                report = examination.run(shown)
            finally:
                signal.signal(signal.SIGUSR1, handler)
        assert report.cut_short
        wait_for(lambda: alive() <= before)
        return report.seconds

    unspoilt(ended, lambda seconds: seconds < SOON)


def test_what_is_ended_before_it_begins_does_nothing_much(postgres: Postgres) -> None:
    examination = Examination(Plan(where=postgres.url(postgres.plain)))
    examination.end()
    assert examination.run(lambda _: None).cut_short
