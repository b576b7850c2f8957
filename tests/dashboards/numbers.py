"""The numbers that panels have, or once had: python -m tests.dashboards.numbers adds those that are new.

Links lead to a panel by its number. A line of the list is a dashboard, a number and what it stands for. It
stays when the panel goes, so that nobody gives the number to another. Where a panel only gets a better title,
change its line by hand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.dashboards.boards import boards

LEDGER: Final = Path(__file__).parent / "numbers.txt"


def missing() -> Iterator[str]:
    """Give the lines of panels and rows that the list has not, or has with another title."""
    known = set(LEDGER.read_text().splitlines())
    yield from (line for line in _lines() if line not in known)


def _lines() -> Iterator[str]:
    for board in boards():
        for row in board.rows:
            yield f"{board.name} {row.number} {row.title}"
            yield from (f"{board.name} {panel.number} {panel.title}" for panel in row.panels)


def add() -> None:
    """Add what is new; what has another title now is left to whoever changed it."""
    lines = LEDGER.read_text().splitlines()
    taken = {_key(line) for line in lines}
    lines += [line for line in missing() if _key(line) not in taken]
    LEDGER.write_text("".join(f"{line}\n" for line in sorted(lines, key=_key)))


def _key(line: str) -> tuple[str, int]:
    board, number, _ = line.split(" ", 2)
    return board, int(number)


if __name__ == "__main__":
    add()
