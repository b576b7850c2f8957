"""The desk: observations go to the case of their target, and incidents come of what the cases say."""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from exporter.diagnosis.sign import Fact
from exporter.diagnosis.telling import Words
from exporter.diagnosis.verdict import Ask, Verdict
from exporter.incidents.cases import Case, Facts, Share, nothing_shared
from exporter.incidents.clocks import Clock, both_clocks
from exporter.incidents.outlets import Outlets, plain_words
from exporter.incidents.trouble import Trouble
from exporter.model import Cause, HostCondition, Observation

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK: Final = 0.25
"""Seconds between two looks at what is new."""
JUDGED: Final = 1.0
"""Seconds after which a target with an incident is judged anew, though nothing new was seen."""
ASKED, EAGER, LATER = 5.0, 120.0, 30.0
"""Seconds in which the same is asked for once at most; for how long that holds; and what holds after it."""
SPARED: Final = {Ask.TLS_TRIAL: 60.0, Ask.SIZES_TRIAL: 60.0}
"""The same for what is not asked for so often."""
ALL: Final = "*"
"""Stands for the name of a target where several are judged together."""
ENDED_WITHIN: Final = 1.0
"""Seconds that the end of the thread is waited for."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Matter:
    """What there is on the desk about one target.

    The case is used under `lock`. `fresh` tells that something came in since the last look, `ill` that there
    is something to judge; `judged` and `asked` when that was done, and what was asked for, in monotonic
    seconds.
    """

    target: str
    case: Case
    trouble: Trouble
    lock: threading.Lock = field(default_factory=threading.Lock)
    fresh: bool = False
    ill: bool = False
    judged: float = -math.inf
    asked: dict[Ask, float] = field(default_factory=dict)


class Desk:
    """Looks at the targets of which something new was seen, and at those with an incident, and at no others.

    `ask` has something done at a target at once, so that more is known. Observations come from any thread;
    all else happens in a thread of its own. That a case breaks is told once; it says nothing then.
    """

    def __init__(
        self,
        cases: Mapping[str, Case],
        outlets: Outlets,
        *,
        quiet: float,
        ask: Callable[[str, Ask], None],
        share: Share = nothing_shared,
        clock: Clock = both_clocks,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """Take up the incidents that an earlier run has left; `quiet` is in seconds, as in Trouble.

        `turned` is called at each look, to tell that they go on.
        """
        self._tell = outlets.tell
        self._outlets = replace(outlets, tell=self._told)
        self._ask, self._share, self._clock, self._turned = ask, share, clock, turned
        self._quiet = quiet
        self._matters: dict[str, _Matter] = {}
        self._watched: dict[str, _Matter] = {}
        self._broken: set[str] = set()
        self._fresh: deque[_Matter] = deque()
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        for target, case in cases.items():
            self.admit(target, case)

    def admit(self, target: str, case: Case) -> None:
        """Have a further target, and take up the incidents that an earlier run has left of it."""
        with self._looking:
            trouble = Trouble(target, self._outlets, self._quiet)
            self._matters[target] = matter = _Matter(target=target, case=case, trouble=trouble)
            trouble.take_up(self._clock())
            if trouble.open:
                self._watched[target] = matter

    def dismiss(self, target: str) -> None:
        """Have a target no more; its incidents end with what was seen of them."""
        with self._looking:
            matter = self._matters.pop(target)
            self._watched.pop(target, None)
            self._attempt(target, partial(matter.trouble.close, self._clock()))

    def reopen(self, cases: Mapping[str, Case], quiet: float) -> None:
        """Go on with incidents in other cases, whose evidence begins anew, and with another `quiet`."""
        with self._looking:
            self._quiet = quiet
            for matter in self._matters.values():
                matter.trouble.quiet = quiet
                with matter.lock:
                    matter.case = cases[matter.target]

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; incidents that are not over are kept as they are."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(ENDED_WITHIN)
        for matter in list(self._watched.values()):
            self._attempt(matter.target, partial(matter.trouble.keep, self._clock()))

    def record(self, observation: Observation) -> None:
        """Take in an observation; quick, and never raises. Of a target that is not here, nothing."""
        matter = self._matters.get(observation.target)
        if matter is None:
            return
        with matter.lock:
            self._attempt(matter.target, partial(matter.case.take, self._clock().at, observation))
            self._refresh(matter)

    def condition(self, condition: HostCondition) -> None:
        """Take in how this host does: it concerns every target, and those with an incident at once."""
        for matter in list(self._matters.values()):
            with matter.lock:
                self._attempt(matter.target, partial(matter.case.learn, self._clock().at, condition))
                if matter.ill:
                    self._refresh(matter)

    def look(self) -> None:
        """Look once."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        come = (self._fresh.popleft() for _ in range(len(self._fresh)))
        fresh = {matter: None for matter in come if self._matters.get(matter.target) is matter}
        for matter in fresh | dict.fromkeys(self._watched.values()):
            self._see(matter)
        now = self._clock()
        due = [
            matter
            for matter in self._watched.values()
            if matter.ill and (matter in fresh or now.at - matter.judged >= JUDGED)
        ]
        facts = self._shared(now.at) if due else {}
        for matter in due:
            self._judge(matter, facts.get(matter.target, ()))
        for matter in list(self._watched.values()):
            self._attempt(matter.target, partial(self._conclude, matter))

    def _work(self) -> None:
        while not self._ended.wait(LOOK):
            self._turned()
            self.look()

    def _refresh(self, matter: _Matter) -> None:
        """Have a target looked at; under its lock."""
        if not matter.fresh:
            matter.fresh = True
            self._fresh.append(matter)

    def _see(self, matter: _Matter) -> None:
        wanted: Collection[Ask] = ()
        with matter.lock:
            at = self._clock().at
            matter.fresh = False
            matter.ill = matter.trouble.see(self._attempt(matter.target, partial(matter.case.symptom, at)))
            if not matter.ill:
                wanted = self._attempt(matter.target, partial(matter.case.wanted, at)) or ()
        if matter.ill:
            self._watched[matter.target] = matter
        self._have(matter, wanted, at)

    def _shared(self, at: float) -> Facts:
        """Find out what targets learn from each other; nobody who observes has to wait for that."""
        told: dict[str, Sequence[Fact]] = {}
        for matter in self._watched.values():
            if matter.ill:
                with matter.lock:
                    told[matter.target] = self._attempt(matter.target, partial(matter.case.facts, at)) or ()
        return self._attempt(ALL, partial(self._share, told)) or {}

    def _judge(self, matter: _Matter, facts: Sequence[Fact]) -> None:
        with matter.lock:
            now = self._clock()
            verdict = self._attempt(matter.target, partial(matter.case.verdict, now.at, facts)) or Verdict()
        matter.judged = now.at
        self._attempt(matter.target, partial(matter.trouble.judge, verdict, now))
        self._have(matter, verdict.asks, now.at)

    def _have(self, matter: _Matter, asks: Collection[Ask], at: float) -> None:
        """Have done what is asked for, and not the same all the time; without a lock: it may be observed."""
        usual = LATER if matter.ill and at - matter.trouble.since >= EAGER else ASKED
        for ask in Ask if asks else ():
            if ask in asks and at - matter.asked.get(ask, -math.inf) >= SPARED.get(ask, usual):
                matter.asked[ask] = at
                self._attempt(matter.target, partial(self._ask, matter.target, ask))

    def _conclude(self, matter: _Matter) -> None:
        """Count how long it lasts, and close it when it is over."""
        now = self._clock()
        matter.trouble.reckon(now)
        if not matter.trouble.past(now):
            return
        with matter.lock:
            if matter.fresh:
                return  # what has come in meanwhile must not be forgotten unseen
            self._attempt(matter.target, matter.case.settle)
        matter.trouble.close(now)
        matter.ill = False
        del self._watched[matter.target]

    def _told(self, target: str, cause: Cause, facts: Sequence[Fact]) -> Words:
        words = self._attempt(target, partial(self._tell, target, cause, facts))
        return plain_words(target, cause, facts) if words is None else words

    def _attempt(self, target: str, work: Callable[[], T]) -> T | None:
        """Do what may break; None if it does, which is told once for each target."""
        try:
            return work()
        except Exception:
            if target not in self._broken:
                self._broken.add(target)
                log.exception("diagnosis broke", extra={"fields": {"target": target}})
            return None
