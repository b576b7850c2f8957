"""What a report comes to, in one word: what exit statuses are made of."""

from typing import Final

from exporter.examination.report import Report, State
from exporter.model import Severity

IDLE_TIMEOUT: Final = ".idle_timeout"
"""How causes end that are idle timeouts, whoever's they are."""


def healthy(report: Report) -> bool:
    """Whether nothing ends connections, or will; what is only good to know does not count."""
    grave = any(finding.severity is not Severity.INFO for finding in report.findings)
    return not grave and not any(look.state is State.BAD for look in report.looks)


def looked(report: Report) -> bool:
    """Whether anything was seen at all."""
    seen = any(look.state in (State.GOOD, State.BAD) for look in report.looks)
    return seen or bool(report.findings)


def idle_timeout(report: Report) -> bool | None:
    """Whether silence ends connections; None where no silence came to its end."""
    idle = report.idle
    named = any((finding.cause or "").endswith(IDLE_TIMEOUT) for finding in report.findings)
    if named or (idle is not None and idle.killed is not None):
        return True
    return None if idle is None or idle.survived is None else False
