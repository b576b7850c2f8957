"""What a report comes to, in one word: what exit statuses are made of."""

from exporter.examination.report import Report, State
from exporter.model import Severity


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
    if idle is None or (idle.survived is None and idle.killed is None):
        return None
    return idle.killed is not None
