"""The path to one host, shown: once as a report, or for as long as somebody watches."""

import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.net.waiting import Stop
from exporter.terminal.ending import ending, outliving
from exporter.terminal.path_report import Style, document, opening, table
from exporter.tracing.destination import Destination
from exporter.tracing.naming import Naming
from exporter.tracing.table import Table
from exporter.tracing.tracer import Tracer
from exporter.tracing.verdict import Verdict, judge

NAMED_WITHIN = 5.0
"""Seconds that a report waits for the names that are still missing when all rounds are done."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """All that is needed to look at one path; `stop` ends it."""

    destination: Destination
    tracer: Tracer
    naming: Naming
    stop: Stop
    source: str = field(default_factory=socket.gethostname)
    seen: Table = field(default_factory=Table)

    def verdict(self) -> Verdict:
        """Judge what has been seen by now."""
        return judge(self.seen.trace(), self.destination, self.naming.title)


def report(watch: Watch, style: Style, say: Callable[[str], None], *, as_json: bool) -> int:
    """Go all rounds, then say what came of them; Ctrl-C has it said at once. Gives the exit status."""
    started = time.time()
    with outliving():
        with ending(watch.stop.throw) as told:
            if not as_json:
                say(opening(started))
            watch.tracer.run(watch.seen, lambda: watch.naming.ask(watch.seen.trace()))
            trace = watch.seen.trace()
            watch.naming.settle(trace, NAMED_WITHIN, watch.stop)
        verdict = watch.verdict()
        if as_json:
            say(
                document(
                    trace,
                    verdict,
                    started=started,
                    source=watch.source,
                    destination=watch.destination,
                    naming=watch.naming,
                    style=style,
                )
            )
        else:
            say(f"{table(trace, watch.source, watch.naming, style)}\n\n{verdict.sentence}")
    return status(verdict, told.signal)


def status(verdict: Verdict, signalled: int) -> int:
    """Give the exit status: 0 where nothing is wrong, 1 where something is, a shell's for most signals."""
    if signalled not in (0, signal.SIGINT):
        return 128 + signalled
    return 0 if verdict.good else 1
