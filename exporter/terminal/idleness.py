"""After how long silence ends a connection, on whose account, and in what way."""

from collections.abc import Mapping
from typing import Final

from exporter.examination.report import Report
from exporter.examination.words import duration
from exporter.model import End, IdleObservation
from exporter.terminal.outcome import idle_timeout

LAYERS: Final[Mapping[str, str]] = {
    "server": "the server itself",
    "proxy": "a proxy or pooler before the server",
    "middlebox": "something on the way, such as a NAT, a firewall or a load balancer",
}
"""Who ends silent connections, by the first word of a cause."""
WAYS: Final[Mapping[End, tuple[str, str]]] = {
    End.FIN: ("closed", "the connection is closed, and a client can notice"),
    End.ERROR: ("closed", "the connection is closed, and the server says why"),
    End.RST: ("reset", "the connection is reset"),
    End.SILENCE: ("silent", "nobody is told; the next query gets no answer at all"),
}


def bracket(idle: IdleObservation | None) -> str:
    """Say between which two silences the timeout lies."""
    if idle is None or (idle.survived is None and idle.killed is None):
        return "nothing is known of silence yet"
    if idle.killed is None:
        return f"survived {duration(idle.survived or 0.0)}, nothing has ended"
    lived = "nothing survived" if idle.survived is None else f"survived {duration(idle.survived)}"
    return f"{lived}, ended at {duration(idle.killed)}"


def layers(idle: IdleObservation | None) -> str:
    """Say who ends silent connections, each with the silence after which it does; empty if nobody knows."""
    if idle is None:
        return ""
    told = [
        f"{LAYERS.get(cause.partition('.')[0], cause)} after {duration(seconds)} ({cause})"
        for cause, seconds in idle.timeouts
    ]
    return "; ".join(told)


def likely(report: Report) -> str:
    """Say who seems to end them, where no experiment has told; empty if nobody knows."""
    for finding in report.findings:
        layer, _, kind = (finding.cause or "").partition(".")
        if kind == "idle_timeout":
            return f"probably {LAYERS.get(layer, layer)} ({finding.cause}, {finding.confidence:.0%} sure)"
    return ""


def way(report: Report) -> tuple[str, str] | None:
    """Say how the latest silent connection ended: in a word, and in a sentence; None if none did."""
    ends = [drop for drop in report.seen.drops if drop.probe == "idle"]
    if not ends or not idle_timeout(report):
        return None
    word, sentence = WAYS[ends[0].end]
    late = ends[0].used and ends[0].end is not End.SILENCE
    return word, f"{sentence}{' when it is used again' if late else ''}"
