"""What becomes of connects at the database's port, address by address."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from exporter.diagnosis.seen.delay import Delay
from exporter.diagnosis.seen.fresh import none_came_about, refused, refused_long
from exporter.diagnosis.seen.refusals import MEANINGS, signs_of
from exporter.diagnosis.seen.window import KEPT, Window, part, times
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause, Connect, Observation, TcpObservation

UNSENT: Final = 1.5
"""Seconds after which a SYN that was not answered has been sent again, if it could leave this host."""
COSTLY: Final = 0.5
"""Seconds of waiting for an address of IPv6 that an application would notice."""
ENOUGH: Final = 3
"""So many SYNs that were sent again, or never answered, are no chance."""
SHARE: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One connect, and when its outcome came (monotonic seconds)."""

    at: float
    connect: Connect


class Knocks:
    """Folds rounds of connects into facts; a round-trip delay beyond `threshold`, in seconds, is too long.

    `resent_at` is when the first packet of a connect had to be sent again last.
    """

    def __init__(self, threshold: float) -> None:
        self._knocks: deque[Knock] = deque(maxlen=4 * KEPT)
        self._delay = Delay(threshold)
        self._failing = False
        self.resent_at = float("-inf")

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a round (see `Side`)."""
        if not isinstance(observation, TcpObservation) or not observation.connects:
            return False
        connects = observation.connects
        self._knocks.extend(Knock(at=at, connect=connect) for connect in connects)
        for connect in connects:
            if connect.syn_retransmits:
                self.resent_at = at
            elif connect.rtt is not None:
                self._delay.take(at, connect.rtt)
        self._failing = any(_fails(connect) for connect in connects) or self._often_resent()
        return self._failing or self._delay.up

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Whether the last round met trouble."""
        return self._failing or self._delay.up

    def settle(self) -> None:
        """Forget the connects."""
        self._knocks.clear()

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell how connects went in the window."""
        knocks = [one for one in self._knocks if window.timed(one.at)]
        failed = [one.connect for one in knocks if one.connect.failure is not None]
        lately = sum(window.after(one.at - one.connect.seconds) for one in knocks)
        if lately and not failed:
            text = f"{times(lately, 'connect')} at the port worked meanwhile"
            yield Fact(sign=Sign.TCP_WORKS, text=text)
        yield from _met(failed, len(knocks))
        yield from _addresses(knocks)
        yield from _mixed(knocks)
        tried = [(one.at - one.connect.seconds, one.at, one.connect.failure is not None) for one in knocks]
        yield from none_came_about(tried, "connect", window)
        yield from refused_long(
            [(one.at - one.connect.seconds, one.at, refused(one.connect.failure)) for one in knocks]
        )
        resent = [one for one in knocks if one.connect.syn_retransmits and one.connect.failure is None]
        if len(resent) >= ENOUGH and len(resent) >= SHARE * len(knocks):
            text = f"in {len(resent)} of {len(knocks)} connects the first packet had to be sent again"
            yield Fact(sign=Sign.SYN_RESENT, text=text)
        yield from self._delay.facts(Sign.DELAY_UP_TCP, "connects take")

    def _often_resent(self) -> bool:
        if not self._knocks[-1].connect.syn_retransmits:
            return False
        return sum(one.connect.syn_retransmits > 0 for one in list(self._knocks)[-KEPT:]) >= ENOUGH


def _fails(connect: Connect) -> bool:
    """Whether an application would suffer: IPv6 that refuses at once costs nothing where IPv4 works."""
    failure = connect.failure
    if failure is None:
        return False
    return failure.cause is not Cause.DNS_IPV6_BROKEN or connect.seconds >= COSTLY


def _met(failed: Sequence[Connect], tried: int) -> Iterator[Fact]:
    alike: dict[Sign, list[Connect]] = {}
    for connect in failed:
        failure = connect.failure
        assert failure is not None  # noqa: S101  it is one that failed
        if failure.cause is Cause.DNS_IPV6_BROKEN:
            sign = Sign.SIX_BROKEN if connect.seconds >= COSTLY else None
        elif (
            failure.cause is Cause.NET_BLACKHOLE and not connect.syn_retransmits and connect.seconds >= UNSENT
        ):
            sign = Sign.FRESH_NEVER_SENT
        else:
            sign, _ = signs_of(failure)
        if sign is not None:
            alike.setdefault(sign, []).append(connect)
    for sign, connects in alike.items():
        yield _fact(sign, connects, tried)


def _fact(sign: Sign, connects: Sequence[Connect], tried: int) -> Fact:
    last = connects[-1]
    assert last.failure is not None  # noqa: S101  they are such as failed
    values = {"address": last.address}
    if last.failure.offender:
        values["offender"] = last.failure.offender
    if sign is Sign.SIX_BROKEN:
        text = f"{last.address} does not answer within {last.seconds:.1f} s, while IPv4 works"
        return Fact(sign=sign, text=text, strength=min(1.0, len(connects) / 2), values=values)
    share = part(len(connects), tried, "connect")
    text = f"{share} at the port failed: {MEANINGS[sign]} ({last.failure.detail})"
    strength = min(1.0, len(connects) / ENOUGH) if sign is Sign.FRESH_UNANSWERED else 1.0
    return Fact(sign=sign, text=text, strength=strength, values=values)


def _mixed(knocks: Sequence[Knock]) -> Iterator[Fact]:
    """Tell where an address lets some in and others not, back and forth."""
    for address in dict.fromkeys(one.connect.address for one in knocks):
        failed = [one.connect.failure is not None for one in knocks if one.connect.address == address]
        changes = sum(before and not now for before, now in pairwise(failed))
        if changes and (failed[-1] or changes > 1):
            text = (
                f"{sum(failed)} of {len(failed)} connects at {address} failed, and others worked in between"
            )
            yield Fact(sign=Sign.FRESH_SOMETIMES, text=text)


def _addresses(knocks: Sequence[Knock]) -> Iterator[Fact]:
    """Tell where some addresses of a name work and others do not."""
    failing = {one.connect.address for one in knocks if one.connect.failure is not None}
    working = {one.connect.address for one in knocks if one.connect.failure is None}
    dead = sorted(address for address in failing - working if ":" not in address)
    if dead and any(":" not in address for address in working):
        text = f"of the name's addresses {', '.join(dead)} did not connect, others did"
        yield Fact(sign=Sign.FRESH_SOMETIMES, text=text)
