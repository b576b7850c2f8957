"""The examination: every probe at one target, at a quick pace, until what can be told has been told."""

from collections.abc import Callable

from exporter.examination.plan import Plan
from exporter.examination.report import Progress, Report


class Examination:
    """Looks at one target as the daemon does, without a page, a file or a memory of earlier runs."""

    def __init__(self, plan: Plan) -> None:
        """Prepare; nothing is sent yet."""
        self._plan = plan

    def run(self, show: Callable[[Progress], None]) -> Report:
        """Look until the plan is carried out or `end` was called; `show` is told some times a second."""
        raise NotImplementedError

    def end(self) -> None:
        """Have `run` return soon with what is known by now, politely; from any thread or signal handler."""
        raise NotImplementedError
