"""A whole report, in the order in which it is read: what was seen, the verdict, why, and what to do."""

from collections.abc import Iterator, Mapping
from typing import Final

from exporter.examination.report import Finding, Report, Side, State
from exporter.examination.words import duration
from exporter.model import Cause, Severity, rfc3339
from exporter.terminal.idleness import bracket, layers, likely, way
from exporter.terminal.parts import Part, Tone
from exporter.terminal.settings import what_to_set
from exporter.terminal.sides import sides

TONES: Final[Mapping[Severity, Tone]] = {
    Severity.CRITICAL: Tone.BAD,
    Severity.WARNING: Tone.NOTICE,
    Severity.INFO: Tone.STRONG,
}


def diagnosed(report: Report) -> Iterator[Part]:
    """Give the report of a diagnosis."""
    yield from _heading(report)
    yield from sides(report.looks)
    yield Part()
    yield from _verdict(report)
    yield from _rest(report)


def of_silence(report: Report) -> Iterator[Part]:
    """Give the report of a search for the idle timeout."""
    yield from _heading(report)
    yield from sides(each for each in report.looks if each.state is State.BAD and each.side is not Side.HOLD)
    yield Part(bracket(report.idle), "  silence  ", Tone.STRONG)
    if layer := layers(report.idle) or likely(report):
        yield Part(layer, "  layer    ", Tone.STRONG)
    if (how := way(report)) is not None:
        yield Part(f"{how[0]}: {how[1]}", "  way      ", Tone.STRONG)
    yield Part()
    yield from _verdict(report)
    yield from _rest(report)


def _heading(report: Report) -> Iterator[Part]:
    cut = ", ended before its time" if report.cut_short else ""
    yield Part(f"{report.target}{f', {report.server}' if report.server else ''}", tone=Tone.STRONG)
    yield Part(report.url, tone=Tone.FAINT, copy=True)
    yield Part(f"{rfc3339(report.started)}, took {duration(report.seconds)}{cut}", tone=Tone.FAINT)
    yield Part()


def _verdict(report: Report) -> Iterator[Part]:
    worst = min((list(Severity).index(finding.severity) for finding in report.findings), default=None)
    tone = Tone.GOOD if worst is None else TONES[list(Severity)[worst]]
    yield Part("Verdict", tone=Tone.STRONG)
    yield Part(report.verdict, "  " + {Tone.GOOD: "✓ "}.get(tone, "✗ "), tone)
    yield Part()


def _rest(report: Report) -> Iterator[Part]:
    for number, finding in enumerate(report.findings, 1):
        yield from _finding(number, finding, report.verdict)
    yield from what_to_set(report.advice)
    if report.unsure:
        yield Part("What could not be told", tone=Tone.STRONG)
        yield from (Part(text, "  - ") for text in report.unsure)
        yield Part()


def _finding(number: int, finding: Finding, verdict: str) -> Iterator[Part]:
    yield Part(f"Finding {number}: {finding.severity}{named(finding)}", tone=TONES[finding.severity])
    if verdict.removesuffix(".") != finding.summary:
        yield Part(finding.summary, "  ")
    if finding.evidence:
        yield Part("Why:", "  ")
        yield from (Part(text, "    - ") for text in finding.evidence)
    if finding.candidates and finding.cause not in finding.candidates[:1]:
        yield Part(f"It could also be: {', '.join(finding.candidates)}", "  ")
    if finding.fix:
        yield Part("What to do:", "  ")
    for count, step in enumerate(finding.fix, 1):
        yield Part(step.text, f"    {count}. ")
        if step.copy:
            yield Part("\n".join(step.copy), "       ", copy=True)
    yield Part()


def named(finding: Finding) -> str:
    """Give the cause, and how sure it is."""
    if finding.cause in (None, Cause.UNKNOWN):
        return ""
    return f", {finding.cause}, {finding.confidence:.0%} sure"
