"""From facts to a verdict: scores, a margin, and what is named."""

from collections.abc import Callable, Collection, Sequence
from math import exp2
from typing import Final

from exporter.diagnosis.rules import DECISIVE, RULES, weigh
from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.verdict import Ask, Finding, Verdict
from exporter.model import Cause

MARGIN: Final = 4.0
"""By how much a cause must stand out from the next."""
MOST_CANDIDATES: Final = 5
MOST_SURE: Final = 0.99

Asks = Callable[[Collection[Cause]], frozenset[Ask]]
"""From the causes that could be to what would tell more."""


def judge(facts: Sequence[Fact], asks: Asks) -> Verdict:
    """Weigh the facts.

    A cause is named that has enough and a fact that decides, or stands out from every other. Two are named
    where each has such a fact: one trouble does not keep another away.
    """
    findings = sorted(filter(None, (_finding(cause, facts) for cause in RULES)), key=_score, reverse=True)
    candidates = tuple(findings[:MOST_CANDIDATES])
    named = tuple(_named(candidates))
    return Verdict(
        named=named,
        candidates=candidates,
        confidence=_confidence(candidates, named),
        facts=tuple(facts),
        asks=asks([one.cause for one in candidates]) if not named else frozenset(),
    )


def _named(candidates: Sequence[Finding]) -> list[Finding]:
    """Give those that are proven and not far behind; else the one that stands out, if there is one."""
    if not candidates or candidates[0].score < DECISIVE:
        return []
    first, *others = candidates
    proven = [one for one in candidates if one.score >= max(DECISIVE, first.score - MARGIN) and _decides(one)]
    if proven:
        return proven
    return [first] if all(first.score - other.score >= MARGIN for other in others) else []


def _finding(cause: Cause, facts: Sequence[Fact]) -> Finding | None:
    """Add up one cause; of facts of one sign the strongest counts. None where it is not thought of."""
    weights: dict[tuple[Sign, Cause | None], tuple[float, Fact]] = {}
    grounds = False
    for fact in facts:
        heavy, ground = weigh(cause, fact)
        grounds = grounds or ground
        key = fact.sign, fact.cause
        if heavy and abs(heavy) > abs(weights[key][0] if key in weights else 0.0):
            weights[key] = heavy, fact
    score = sum(heavy for heavy, _ in weights.values())
    if not grounds or score <= 0:
        return None
    speaking = sorted((pair for pair in weights.values() if pair[0] > 0), key=lambda pair: -pair[0])
    return Finding(cause=cause, score=score, facts=tuple(fact for _, fact in speaking))


def _decides(finding: Finding) -> bool:
    """Whether one fact alone is enough."""
    return weigh(finding.cause, finding.facts[0])[0] >= DECISIVE


def _score(finding: Finding) -> float:
    return finding.score


def _confidence(candidates: Sequence[Finding], named: Sequence[Finding]) -> float:
    """Say how sure the likeliest cause is: by how much there is for it, and how far the others are behind."""
    if not candidates:
        return 0.0
    best = candidates[0].score
    rivals = sum(exp2(one.score - best) for one in candidates[1:] if one not in named)
    return round(min(MOST_SURE, (1 - exp2(-best / 4)) / (1 + rivals)), 2)
