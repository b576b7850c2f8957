"""What several targets tell together: judged once, and counted for each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject

OF_THE_SERVER: Final = frozenset({Sign.SERVER_RESTARTED, Sign.SERVER_OTHER})
"""What one target of a server tells of it holds for all that are reached at the same place."""
OF_THE_NETWORK: Final = frozenset({Sign.FRESH_UNANSWERED, Sign.HELD_SILENT, Sign.ECHO_GAP})
"""Signs that nothing gets through."""
FEWEST: Final = 2
"""Hosts that have to be out of reach before what they share can be to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One target, and what its own evidence tells; nothing where it is well."""

    subject: Subject
    facts: Sequence[Fact]


def shared(told: Sequence[Told]) -> Mapping[str, Sequence[Fact]]:
    """Give what each target learns from the others; targets that learn nothing are left out."""
    facts: dict[str, list[Fact]] = {}
    for target, fact in (*_of_servers(told), *_of_all(told)):
        facts.setdefault(target, []).append(fact)
    return facts


def _of_servers(told: Sequence[Told]) -> Iterator[tuple[str, Fact]]:
    telling = [one for one in told if any(fact.sign in OF_THE_SERVER for fact in one.facts)]
    for one in told:
        known = {fact.sign for fact in one.facts}
        for other in telling:  # few of many, as a rule
            if other is one or _place(other.subject) != _place(one.subject):
                continue
            for fact in other.facts:
                if fact.sign in OF_THE_SERVER and fact.sign not in known:
                    known.add(fact.sign)
                    yield one.subject.target, fact


def _of_all(told: Sequence[Told]) -> Iterator[tuple[str, Fact]]:
    """Tell where nothing gets through to any host: what all of them share is this host's own way out."""
    hosts = {one.subject.host for one in told}
    cut_off = [one for one in told if any(fact.sign in OF_THE_NETWORK for fact in one.facts)]
    if len(hosts) < FEWEST or {one.subject.host for one in cut_off} != hosts:
        return
    text = f"all {len(hosts)} database hosts are out of reach: what they share is this host's own way out"
    for one in cut_off:
        yield one.subject.target, Fact(sign=Sign.EVERYBODY, text=text)


def _place(subject: Subject) -> tuple[str, int]:
    return subject.host, subject.port
