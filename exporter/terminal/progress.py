"""How far an examination has got: as a screen that fills a window, or as lines, one for each news."""

from collections.abc import Iterator, Sequence
from typing import Final

from exporter.examination.report import Progress, Rung, Side, State
from exporter.examination.words import duration
from exporter.model import Cause, Incident
from exporter.terminal.idleness import bracket, layers
from exporter.terminal.parts import Line, Part, Tone, legible, lined
from exporter.terminal.sides import sides

HELP: Final = "Ctrl-C ends it and shows what is known by then"
BAR: Final = 30
"""Columns of a bar at the most."""
RUNG: Final = 36
"""Columns beside a bar."""
EVERY: Final = 30.0
"""Seconds after which somebody should be told that it goes on."""


def clock(seconds: float) -> str:
    """Write a time as a stopwatch does: 0:07, 12:30, 1:00:00."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def frame(progress: Progress, width: int, height: int, *, ascii_only: bool = False) -> list[Line]:
    """Fill a window of so many columns and lines; where it is small, what matters less is left out."""
    head = [Part(_times(progress), f"{progress.target}  ", Tone.STRONG), Part()]
    troubles = [Part(_told(each), "  ✗ ", Tone.BAD) for each in progress.incidents]
    foot = [*([Part(), *troubles] if troubles else []), Part(), Part(HELP, tone=Tone.FAINT)]
    looks = [look for look in progress.looks if look.side is not Side.HOLD or not progress.rungs]
    known = list(_known(progress))
    if len(head) + len(looks) + len(known) + len(foot) + 3 > height:
        looks = [look for look in looks if look.state is not State.ABSENT]
    above, below = [*head, *sides(looks)], [*known, *foot]
    room = height - len(above) - len(below) - 2
    silent = [_bar(rung, width) for rung in _nearest(progress.rungs, max(1, room))]
    if silent:
        above += [Part(), Part("Connections left silent", tone=Tone.STRONG), *silent]
    return _cut([*above, *below], width, height, ascii_only=ascii_only)


class News:
    """Tells what each progress has brought, in few lines."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._told = 0.0

    def lines(self, progress: Progress) -> Iterator[str]:
        """Give the lines of what is new since the last time, without control characters."""
        new = [text for key, text in _news(progress) if key not in self._known]
        self._known.update(key for key, _ in _news(progress))
        if not new and progress.rungs and progress.elapsed - self._told >= EVERY:
            silences = ", ".join(duration(rung.seconds) for rung in _nearest(progress.rungs, 4))
            new = [f"waiting for silent connections ({silences}), at most {duration(progress.left)} more"]
        if new:
            self._told = progress.elapsed
        yield from (f"{clock(progress.elapsed):>7}  {legible(text)}" for text in new)


def _news(progress: Progress) -> Iterator[tuple[str, str]]:
    """Give all that is worth a line, each with a key that changes only where there is news."""
    for look in progress.looks:
        if look.state in (State.GOOD, State.BAD) and look.side is not Side.HOLD:
            text = f"{look.side}: {'' if look.state is State.GOOD else 'BAD: '}{look.text}"
            yield f"{look.side} {look.state}", text
    if progress.idle is not None and (progress.idle.survived or progress.idle.killed):
        told = bracket(progress.idle)
        yield told, f"silence: {told}"
        if layer := layers(progress.idle):
            yield layer, f"silence ends by {layer}"
    for each in progress.incidents:
        yield f"{each.id} {each.cause}", f"trouble: {_told(each)}"


def _told(incident: Incident) -> str:
    """Say what is wrong, and why if that is known."""
    return incident.summary if incident.cause is Cause.UNKNOWN else f"{incident.cause}: {incident.summary}"


def _times(progress: Progress) -> str:
    return f"{clock(progress.elapsed)}, at most {clock(progress.left)} left"


def _known(progress: Progress) -> Iterator[Part]:
    if progress.rungs or progress.idle is not None:
        yield Part(bracket(progress.idle), "  silence: ")
        if layer := layers(progress.idle):
            yield Part(layer, "  ended by: ")


def _nearest(rungs: Sequence[Rung], most: int) -> Sequence[Rung]:
    """Give those that will tell soonest, the shortest first."""
    soon = sorted(rungs, key=lambda rung: rung.seconds - rung.silent)[:most]
    return sorted(soon, key=lambda rung: rung.seconds)


def _bar(rung: Rung, width: int) -> Part:
    columns = max(4, min(BAR, width - RUNG))
    full = round(columns * min(1.0, rung.silent / rung.seconds)) if rung.seconds else columns
    left = max(0.0, rung.seconds - rung.silent)
    armed = f", {rung.armed}" if rung.armed else ""
    return Part(
        f"{'█' * full}{'░' * (columns - full)} {clock(left)} left{armed}", f"  {duration(rung.seconds):>12}  "
    )


def _cut(parts: Sequence[Part], width: int, height: int, *, ascii_only: bool) -> list[Line]:
    """Give each part one line, and leave out from the middle what the window has no place for."""
    lines = [_short(part, width, ascii_only=ascii_only) for part in parts]
    over = len(lines) - max(2, height)
    if over <= 0:
        return lines
    return [*lines[: -over - 1], lines[-1]]


def _short(part: Part, width: int, *, ascii_only: bool) -> Line:
    """Give the first line of a part, with a sign where there would be more."""
    first, *more = lined([part], width, ascii_only=ascii_only)
    if not more:
        return first
    sign = "..." if ascii_only else "…"
    text, tone = first[-1]
    room = max(0, width - sum(len(before) for before, _ in first[:-1]) - len(sign))
    return (*first[:-1], (text[:room] + sign, tone))
