"""A report as Markdown, made to be pasted into a ticket."""

import re
from collections.abc import Iterator
from typing import Final

from exporter import __version__
from exporter.examination.report import Finding, Report, Setting
from exporter.model import rfc3339
from exporter.terminal.idleness import bracket, layers, likely, way
from exporter.terminal.parts import legible
from exporter.terminal.reading import named
from exporter.terminal.settings import HEADS, given

SPECIAL: Final = re.compile(r"[\\`*\[\]<>#|~&@]|(?<![^\W_])_|_(?![^\W_])")
"""What means something anywhere in a line; an @ would call somebody."""
BEGINS: Final = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)](?:\s|$)))")
"""What means something at the beginning of a line."""
FENCE: Final = re.compile(r"`{3,}")


def markdown(report: Report, host: str) -> str:
    """Write a report made on `host`."""
    return "\n".join(_lines(report, host)).rstrip("\n")


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    told = SPECIAL.sub(r"\\\g<0>", legible(text))
    number = BEGINS.match(told)
    if number is None:
        return told
    if number[2].isdigit():
        return f"{told[: number.end()]}\\{told[number.end() :]}"
    return f"{number[1]}\\{told[number.start(2) :]}"


def fenced(text: str, language: str = "") -> Iterator[str]:
    """Write lines to be copied."""
    told = [legible_line for line in text.splitlines() for legible_line in [_code(line)]]
    fence = "`" * max([3, *(len(found) + 1 for line in told for found in FENCE.findall(line))])
    yield from (f"{fence}{language}", *told, fence, "")


def _code(line: str) -> str:
    """Keep blanks and length as they are."""
    return line[: len(line) - len(line.lstrip(" "))] + legible(line.lstrip(" "))


def _lines(report: Report, host: str) -> Iterator[str]:
    yield from (f"# Connections to {escaped(report.target)}", "", f"**{escaped(report.verdict)}**", "")
    yield from _table(("what", "value"), _circumstances(report, host))
    yield from ("## What was seen", "")
    yield from _table(
        ("side", "state", "seen"), [(each.side, each.state, each.text) for each in report.looks]
    )
    if report.idle is not None:
        yield from _table(("silence", "value"), _silence(report))
    for number, finding in enumerate(report.findings, 1):
        yield from _finding(number, finding)
    yield from _advice(report)
    if report.unsure:
        yield from ("## What could not be told", "", *(f"- {escaped(text)}" for text in report.unsure), "")


def _circumstances(report: Report, host: str) -> Iterator[tuple[str, ...]]:
    """Say who has looked, from where to where, and when."""
    known = report.seen.known
    view = known.view if known is not None else None
    yield ("target", report.url)
    yield ("server", report.server or "not known")
    yield ("looked from", host)
    if known is not None and known.own_address:
        yield ("own address", known.own_address)
    if view is not None and view.address:
        yield ("seen by the server as", view.address)
    yield ("from (UTC)", rfc3339(report.started))
    yield ("until (UTC)", rfc3339(report.started + report.seconds))
    if report.cut_short:
        yield ("ended", "before its time")
    yield ("by", f"conndrop-exporter {__version__}")


def _silence(report: Report) -> Iterator[tuple[str, ...]]:
    yield ("idle timeout", bracket(report.idle))
    if layer := layers(report.idle) or likely(report):
        yield ("layer", layer)
    if (how := way(report)) is not None:
        yield ("way", f"{how[0]}: {how[1]}")


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield from (
        f"## Finding {number}: {escaped(finding.severity + named(finding))}",
        "",
        escaped(finding.summary),
        "",
    )
    if finding.evidence:
        yield from ("Why:", "", *(f"- {escaped(text)}" for text in finding.evidence), "")
    if finding.fix:
        yield from ("What to do:", "")
    for step in finding.fix:
        yield from (f"- {escaped(step.text)}", "")
        if step.copy:
            yield from fenced("\n".join(step.copy))


def _advice(report: Report) -> Iterator[str]:
    advice = report.advice
    if not given(advice):
        return
    yield from ("## What to set", "")
    if advice.create_engine:
        yield from fenced(advice.create_engine, "python")
    for head, settings in (("", advice.engine), *((head, getattr(advice, name)) for name, head in HEADS)):
        yield from _settings(head, settings)


def _settings(head: str, settings: tuple[Setting, ...]) -> Iterator[str]:
    if settings and head:
        yield from (f"{head}:", "")
    if settings:
        yield from _table(
            ("setting", "value", "why"), [(each.name, each.value, each.why) for each in settings]
        )


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows)
    yield ""
