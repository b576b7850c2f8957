"""One sentence on a path: where loss that reaches the target begins, or that none does."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.diagnosis.loss import HARMLESS, Tally, loses, loss_start, rate_limited
from exporter.tracing.destination import Destination
from exporter.tracing.table import Trace, TracedHop

ENOUGH: Final = 10
"""Packets to the target below which the lack of loss says little."""
MOST_WEIGHED: Final = 200
"""Lost packets of a hop beyond which only their share is weighed: more would be dear, and no clearer."""

LOOPED: Final = 3
"""Hops at which one router must stand for a loop: at two it may just be a way that has changed."""


class State(StrEnum):
    """What can be said of a path."""

    CLEAN = "clean"
    RATE_LIMITED = "rate_limited"
    LOSS = "loss"
    UNCLEAR = "unclear"
    REFUSED = "refused"
    UNREACHED = "unreached"
    UNSENT = "unsent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with a path, if anything, with a sentence that says so to whoever runs the network.

    `start` is the first hop from which loss goes on to the target, None without such loss, or where it
    cannot be said; `limited` are hops that answer too seldom though what passes them arrives.
    """

    state: State
    sentence: str
    start: int | None = None
    limited: tuple[int, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the target was reached, and nothing on the way there is lost."""
        return self.state in (State.CLEAN, State.RATE_LIMITED)


def judge(trace: Trace, destination: Destination, title: Callable[[str], str]) -> Verdict:
    """Say what a path is like; `title` gives the words for an address."""
    return _Judge(trace, destination, title).verdict()


class _Judge:
    """Puts a trace into words."""

    def __init__(self, trace: Trace, destination: Destination, title: Callable[[str], str]) -> None:
        self._trace = trace
        self._where = str(destination)
        self._protocol = destination.protocol
        self._title = title

    def verdict(self) -> Verdict:
        target = self._trace.target
        if self._trace.unsent:
            said = f"Nothing can be sent to {self._where} from this host: {self._trace.unsent}."
            return Verdict(state=State.UNSENT, sentence=said)
        if any(hop.refused for hop in self._trace.hops):
            return self._refused()
        if target is None:
            return self._unreached()
        tallies = [_tally(hop) for hop in self._trace.hops]
        limited = tuple(ttl for ttl in rate_limited(tallies) if ttl < target.ttl)
        if not loses(tallies[-1]):
            return self._not_lossy(target, limited)
        start = loss_start(tallies)
        said = self._unclear(target, tallies) if start is None else self._loss(target, start, limited)
        state = State.UNCLEAR if start is None else State.LOSS
        return Verdict(state=state, sentence=said, start=start, limited=limited)

    def _refused(self) -> Verdict:
        stand = {address for hop in self._trace.hops for address in hop.addresses}
        said = next(one for one in self._trace.refusals if one.address is None or one.address in stand)
        words = said.detail.rpartition(" says: ")[2]
        who = "this host itself"
        if said.address:
            # It refuses what it should pass on: as a rule it stands nearer than the hop that was asked.
            ttl = next(hop.ttl for hop in self._trace.hops if said.address in hop.addresses)
            who = f"hop {ttl}, {self._title(said.address)}"
            if _only_refused(self._trace.hops[ttl - 1]):
                who = f"{self._title(said.address)}, at hop {ttl} or before it"
        often = f"in {said.times} of {_counted(self._trace.hops[0].asked, 'round')}"
        sentence = f"Packets to {self._where} are refused by {who}, which says: {words} ({often})."
        return Verdict(state=State.REFUSED, sentence=sentence)

    def _unreached(self) -> Verdict:
        seen = [hop for hop in self._trace.hops if hop.address]
        if not self._trace.rounds:
            return Verdict(state=State.UNKNOWN, sentence="Too early to say: the first round is under way.")
        if loop := _loop(seen):
            near, far = (f"hop {hop.ttl}, {self._title(hop.addresses[0])}" for hop in loop)
            said = f"packets go round and round between {near}, and {far}, which is a routing loop"
            return Verdict(state=State.UNREACHED, sentence=f"{self._where} does not answer: {said}.")
        hint = "" if self._protocol == "icmp" else "; --icmp tells whether the host answers at all"
        far = "no router on the way does either"
        if seen:
            last = seen[-1]
            far = f"the last that does is hop {last.ttl}, {self._title(last.addresses[0])}"
            if last is self._trace.hops[-1]:
                hint = ", and none behind it was asked: allow more hops with --max-hops"
        return Verdict(state=State.UNREACHED, sentence=f"{self._where} does not answer: {far}{hint}.")

    def _not_lossy(self, target: TracedHop, limited: tuple[int, ...]) -> Verdict:
        if target.lost and target.loss > HARMLESS:
            said = f"{target.lost} of {_packets(target.asked)} to {self._where} got no answer"
            return Verdict(
                state=State.UNCLEAR,
                sentence=f"Too early to say: {said}, which may be chance; more cycles tell.",
                limited=limited,
            )
        answered = _answered(target)
        if limited:
            shown = _listed([self._limited(self._trace.hops[ttl - 1]) for ttl in limited])
            said = f"Loss of {shown} is only rate limiting of answers, because what passes there arrives"
            said = f"{said}: no loss reaches {self._where}; {answered}."
            return Verdict(state=State.RATE_LIMITED, sentence=said, limited=limited)
        few = target.asked < ENOUGH
        begin = "No loss so far on the way to" if few else "No loss reaches"
        end = ", which is too few to rule it out" if few else ""
        return Verdict(state=State.CLEAN, sentence=f"{begin} {self._where}: {answered}{end}.")

    def _limited(self, hop: TracedHop) -> str:
        return f"{hop.loss:.1%} at hop {hop.ttl}, {self._title(hop.addresses[0])},"

    def _loss(self, target: TracedHop, start: int, limited: Collection[int]) -> str:
        who = self._blamed(self._trace.hops[start - 1], limited)
        before = self._before(start, limited)
        return f"Loss that reaches {self._where} ({_lost(target)}) begins at {who}{before}."

    def _blamed(self, hop: TracedHop, limited: Collection[int]) -> str:
        if hop.address is None:
            return f"hop {hop.ttl}, which never answers, or behind it"
        title = self._title(hop.address)
        if hop.reached:
            known = "" if title == hop.address else f", {title}"
            return f"the target, hop {hop.ttl}{known}, just in front of it, or on its way back"
        if hop.ttl in limited:
            return f"hop {hop.ttl}, {title}, or behind it, because its own answers are rate limited"
        return f"hop {hop.ttl}, {title}"

    def _before(self, start: int, limited: Collection[int]) -> str:
        """Say how far the path is good, and which hops between may lose as well, though less."""
        if start == 1:
            return ", the first there is: look at this host's own network"
        doubtful: list[str] = []
        for hop in reversed(self._trace.hops[: start - 1]):
            if hop.address is None or hop.ttl in limited:
                continue
            if not loses(_tally(hop)):
                between = f", or already at {_listed(doubtful)[:-1]}" if doubtful else ""
                share = "nothing" if not hop.lost else f"only {hop.loss:.1%}"
                return f"{between}: before that, hop {hop.ttl}, {self._title(hop.address)}, loses {share}"
            doubtful.insert(0, f"hop {hop.ttl}, {self._title(hop.address)}, with {hop.loss:.1%},")
        return ": no hop before that is known to be free of loss"

    def _unclear(self, target: TracedHop, tallies: list[Tally]) -> str:
        speaking = [tally for tally in tallies[:-1] if tally.speaks]
        said = f"Packets to {self._where} are lost ({_lost(target)})"
        if len(tallies) > 1 and not speaking:
            return f"{said}, but no router on the way answers, so that nobody can say where."
        return f"{said}, but it is too early to say from which hop on: more cycles tell."


def _only_refused(hop: TracedHop) -> bool:
    """Whether all who answered for this hop, but the target, did so to refuse: they may stand nearer."""
    return hop.ttl > 1 and (hop.reached or hop.refused == hop.asked - hop.lost)


def _loop(answered: Sequence[TracedHop]) -> tuple[TracedHop, TracedHop] | None:
    """Find two hops between which packets go round; a way that leads on in the end is no loop."""
    stands = {hop.address: [one for one in answered if one.address == hop.address] for hop in answered}
    if not answered or len(stands[answered[-1].address]) == 1:
        return None
    for same in stands.values():
        between = [hop for hop in answered if same[0].ttl < hop.ttl < same[-1].ttl and hop not in same]
        if len(same) >= LOOPED and between:
            return same[0], between[0]
    return None


def _tally(hop: TracedHop) -> Tally:
    """Weigh a hop; what a router refused before it says nothing of it."""
    asked, lost = hop.asked - hop.refused, hop.lost
    if lost > MOST_WEIGHED:
        asked, lost = round(asked * MOST_WEIGHED / lost), MOST_WEIGHED
    return Tally(asked=asked, lost=lost, speaks=bool(hop.addresses))


def _lost(hop: TracedHop) -> str:
    return f"{hop.lost} of {_packets(hop.asked)}, {hop.loss:.1%}"


def _answered(hop: TracedHop) -> str:
    if hop.lost:
        return f"{hop.lost} of {_packets(hop.asked)} to it got no answer, which is no more than on any path"
    return (
        "the only packet to it was answered"
        if hop.asked == 1
        else f"all {hop.asked} packets to it were answered"
    )


def _packets(count: int) -> str:
    return _counted(count, "packet")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(texts: list[str]) -> str:
    """Join with one "and"; each text ends with a comma of its own."""
    return " and ".join([" ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
