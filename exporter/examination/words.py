"""Figures as an examination writes them: in plain text, on one line."""

from exporter.model import Failure, harmless
from exporter.web.charts import words

LONGEST = 300
"""Characters of one text; the whole is in the evidence."""
DAY = 86400.0


def line(text: str) -> str:
    """Make a text fit for a terminal, whoever it came from."""
    told = harmless(" ".join(text.split()))
    return told if len(told) <= LONGEST else told[: LONGEST - 1] + "…"


def duration(seconds: float) -> str:
    """Write a time as people read it: 0.42 ms, 12.5 s, 5 min 50 s, 61 days."""
    if seconds >= 2 * DAY:
        return f"{seconds // DAY:.0f} days"
    return words.duration(seconds).replace("\N{NO-BREAK SPACE}", " ")


def share(part: float, whole: float) -> str:
    """Write a share in percent."""
    return words.share(part, whole).replace("\N{NO-BREAK SPACE}", " ")


def several(number: int, one: str, many: str = "") -> str:
    """Write how many there are."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def failed(failure: Failure) -> str:
    """Say why something failed, with the peer's own words where it had any."""
    said = failure.said if failure.said and failure.said not in failure.detail else ""
    return line(": ".join(filter(None, (failure.detail, said))))


def quoted(text: str) -> str:
    """Write a text as Python has it, between the quotes that most people use."""
    usual = repr(text)
    return f'"{text}"' if usual == f"'{text}'" and '"' not in text else usual
