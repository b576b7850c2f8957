"""What was seen from each side, one line a side."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exporter.examination.report import Look, Side, State
from exporter.terminal.parts import Part, Tone

MARKS: Final[Mapping[State, tuple[str, Tone]]] = {
    State.WAITING: ("·", Tone.FAINT),
    State.GOOD: ("✓", Tone.GOOD),
    State.BAD: ("✗", Tone.BAD),
    State.ABSENT: ("-", Tone.FAINT),
}
WIDEST: Final = max(len(side) for side in Side)


def sides(looks: Iterable[Look]) -> Iterator[Part]:
    """Give a line for each side, in the order in which they came."""
    for look in looks:
        mark, tone = MARKS[look.state]
        yield Part(look.text or "waiting", f"  {mark} {look.side:{WIDEST}}  ", tone)
