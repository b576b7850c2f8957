"""Mistakes in a configuration, said so that a person can mend them."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CREDENTIALS = re.compile(r"(://[^\s:@/]*:)[^\s@]*@")
MASKED = r"\1<secret>@"
Place = tuple[str | int, ...]
"""Where in a document: keys and positions from the top down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: file and line, where in the document, and what is wrong and what is allowed."""

    path: Path
    line: int
    place: Place
    message: str

    def __str__(self) -> str:
        where = write_place(self.place)
        told = f"{where}: {self.message}" if where else self.message
        text = f"{self.path}:{self.line}: {CREDENTIALS.sub(MASKED, told)}"
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class ConfigurationError(Exception):
    """A configuration cannot be used; `problems` holds every mistake in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def write_place(place: Place) -> str:
    """Write a place the way people point at it: `targets[0].probes.ping.interval`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def unknown_key(key: str, allowed: Sequence[str]) -> str:
    """Say that `key` is unknown, what is allowed, and what may have been meant."""
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"unknown key; {hint}allowed: {', '.join(allowed)}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Give each problem once, in the order in which people go through files."""
    return sorted(set(problems), key=lambda problem: (str(problem.path), problem.line, str(problem)))
