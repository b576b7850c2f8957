"""One run of a probe that is worth keeping, with what it logged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a probe has gone.

    `target` is whom it was about, `module` the module or probe that ran. `started` is in seconds since the
    epoch, `duration` in seconds; `log` are lines of plain text.
    """

    target: str
    module: str
    started: float
    duration: float
    success: bool
    log: str
