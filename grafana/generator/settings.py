"""Settings of servers and poolers that are times."""

from collections.abc import Mapping
from typing import Final

from grafana.generator.palette import QUIET
from grafana.generator.panel import Word
from grafana.generator.questions import Subject

NOT_OFF: Final = "tcp_.+|server_login_retry|suspend_timeout|.*lock_wait_timeout"
"""Those of which 0 s is not off: it is the system's own time, or at once."""
OFF: Final = -1
WORDS: Final[Mapping[int, Word]] = {OFF: Word(text="off", colour=QUIET)}
"""What to call the value of `times` for a setting that is off."""


def times(subject: Subject, *matchers: str) -> str:
    """Ask for settings in seconds, each by its name; `OFF` for those that are off."""
    every, may_be_off = (
        subject.latest("conndrop_server_setting_seconds", "setting", having=",".join(having))
        for having in (matchers, (*matchers, f'setting!~"{NOT_OFF}"'))
    )
    return f"({may_be_off} == 0) + {OFF} or {every}"
