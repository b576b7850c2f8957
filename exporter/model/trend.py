"""How delay and loss have been over a while: what charts are drawn from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bin:
    """What was seen in one stretch of time that begins at `started`, in seconds since the epoch.

    `sent` counts questions, `lost` those that were not answered. `least`, `median`, `high` (nine of ten are
    below) and `most` are delays in seconds, None where nothing was answered.
    """

    started: float
    sent: int
    lost: int
    least: float | None
    median: float | None
    high: float | None
    most: float | None
