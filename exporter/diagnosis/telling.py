"""The words about one incident: its catalogue entry, filled in with what was measured.

Values come from outside, such as a server's own words. They are put in once and never read again as
something to fill in, and each stays on its line. What is to be copied takes plain values only: nobody shall
paste into a shell what a server has made up.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.entry import PLACE, Family, Fix
from exporter.diagnosis.sign import Fact
from exporter.model import Cause, Severity, Step

LONGEST: Final = 200
"""Characters that a value may have; what is longer is cut."""
SENTENCE: Final = 400
"""Characters that a sentence of evidence may have."""
PLAIN: Final = re.compile(r"[\w:][\w.:%-]*", re.ASCII)
"""A name, an address or a number: nothing that means more to a shell or to SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is said of a cause: a sentence, how soon to look, what shows it, and what to do, in that order."""

    summary: str
    severity: Severity
    evidence: tuple[str, ...]
    fix: tuple[Step, ...]


def tell(
    cause: Cause,
    target: str,
    family: Family | None,
    facts: Sequence[Fact],
    known: Mapping[str, str] | None = None,
) -> Words:
    """Put a cause into words about one target.

    What concerns one family of databases is left out where `family` is another one, or None. `facts` are
    what speaks for it, the weightiest first: where two give a value for the same name, the first one wins.
    `known` are values that need no fact, such as `host` and `port`. A summary with a value that nobody knows
    gives way to the bare one; a fix to its other wording, and where there is none it is left out.
    """
    entry = CATALOGUE[cause]
    values = _values(target, facts, known or {})
    summary = _filled((entry.summary,), values)
    return Words(
        summary="".join(summary or _filled((entry.bare,), values)),
        severity=entry.severity,
        evidence=tuple(dict.fromkeys(_cut(_line(fact.text), SENTENCE) for fact in facts)),
        fix=tuple(_advice(entry.fixes, family, values)),
    )


def _values(target: str, facts: Sequence[Fact], known: Mapping[str, str]) -> Mapping[str, str]:
    sources = (known, *(fact.values for fact in reversed(facts)))
    told = [(name, _cut(_line(text))) for source in sources for name, text in source.items()]
    return {name: value for name, value in told if value} | {"target": _cut(_line(target))}


def _advice(fixes: Iterable[Fix], family: Family | None, values: Mapping[str, str]) -> Iterator[Step]:
    plain = {name: value for name, value in values.items() if PLAIN.fullmatch(value)}
    for fix in fixes:
        if fix.family not in (None, family) or not _meant(fix, values.get("code")):
            continue
        text, copy = _filled((fix.text,), values), _filled(fix.copy, plain)
        if text and len(copy) == len(fix.copy):
            yield Step(text=text[0], copy=tuple(copy))
        elif fix.otherwise:
            yield Step(text=fix.otherwise)


def _meant(fix: Fix, code: str | None) -> bool:
    """Whether a fix helps against what the server said."""
    return not fix.codes or code is None or code in fix.codes


def _filled(texts: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Fill in all texts; none is left where one value is not known."""
    if any(name not in values for text in texts for name in PLACE.findall(text)):
        return []
    return [PLACE.sub(lambda place: values[place[1]], text) for text in texts]


def _line(text: str) -> str:
    """Put a text on one line: what cannot be printed becomes a blank."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
