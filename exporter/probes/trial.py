"""Small experiments, made only when they are asked for: their outcome tells two causes apart."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from exporter.db.dialect import TRIVIAL_QUERY, Opener, Session
from exporter.model import Failure, ProbeError, Target, Trial, TrialObservation
from exporter.probes.kind import Tools
from exporter.probes.opening import logged_in

NAME: Final = "trial"
TIMEOUT: Final = 3.0
"""Seconds that a login may take, and then each question."""
GAP: Final = 60.0
"""Seconds from one trial to the next of the same."""
LARGE: Final = 4000
"""Bytes that no packet of a usual size holds: they fill at least two."""
QUESTIONS: Final = {
    "small": TRIVIAL_QUERY,
    "back": f"SELECT REPEAT('x', {LARGE})",
    "there": f"SELECT LENGTH('{'x' * LARGE}')",
}
"""What is asked in a trial of sizes, by what an answer shows."""


def possible(opener: Opener) -> frozenset[Trial]:
    """Tell what can be tried: TLS where the URL has none, sizes where SQL is understood."""
    sizes = {Trial.SIZES} if opener.speaks_sql else set()
    return frozenset(sizes | ({Trial.TLS} if opener.over_tls() is not None else set()))


class Trials:
    """The trials that can be made at one target; one at a time, and none soon after the same."""

    def __init__(self, target: Target, tools: Tools, now: Callable[[], float] = time.monotonic) -> None:
        self._target = target
        self._tools = tools
        self._now = now
        over_tls = tools.opener.over_tls()
        self._encrypted = replace(tools, opener=over_tls) if over_tls is not None else None
        self._turn = threading.Lock()
        self._not_before: dict[Trial, float] = {}

    def make(self, trial: Trial) -> Sequence[TrialObservation]:
        """Make a trial; none where it is not its time, or the budget has no visit left.

        Takes as long as a login and three questions may, and raises nothing but Stopped.
        """
        if not self._turn.acquire(blocking=False):
            return ()
        try:
            if self._now() < self._not_before.get(trial, -math.inf):
                return ()
            if not self._tools.opener.harmless() or not self._tools.budget.enter():
                return ()
            self._not_before[trial] = self._now() + GAP
            try:
                return (self._made(trial),)
            finally:
                self._tools.budget.leave()
        finally:
            self._turn.release()

    def _made(self, trial: Trial) -> TrialObservation:
        started, begun = time.time(), time.monotonic()
        failure: Failure | None = None
        passed: Mapping[str, Any] = {}
        try:
            passed = self._sizes() if trial is Trial.SIZES else self._tls()
        except ProbeError as error:
            failure = error.failure()
        return TrialObservation(
            target=self._target.name,
            probe=NAME,
            started=started,
            duration=time.monotonic() - begun,
            failure=failure,
            trial=trial,
            size=LARGE if trial is Trial.SIZES else 0,
            **passed,
        )

    def _tls(self) -> Mapping[str, bool]:
        """Log in over TLS; raise ProbeError where that is refused, too."""
        assert self._encrypted is not None  # noqa: S101  or it is not possible
        session, _ = logged_in(self._target, self._encrypted, TIMEOUT)
        _leave(session)
        return {}

    def _sizes(self) -> Mapping[str, bool]:
        """Ask one question after the other, until one has no answer; tell which had one.

        Raises ProbeError where nobody can log in, or a question is refused with words.
        """
        session, born = logged_in(self._target, self._tools, TIMEOUT)
        passed: dict[str, bool] = {}
        try:
            for shows, sql in QUESTIONS.items():
                session.renew(TIMEOUT)
                passed[shows] = False
                session.query(sql, guarded=False)
                passed[shows] = True
        except BaseException as error:
            session.abandon()
            if not isinstance(error, ProbeError) or error.said:
                raise
            self._tools.leftovers.add(session.number, born)
        else:
            _leave(session)
        return passed


def _leave(session: Session) -> None:
    """Say goodbye; a trial has told what it had to tell by then."""
    session.renew(TIMEOUT)
    with contextlib.suppress(ProbeError):
        session.close()
        return
    session.abandon()
