"""Bridging scrapes that fail.

A scrape that fails ends a series for the moment. What an alert asks of a gauge would be over then: what has
to last would begin anew, and what fires would be told to have ended, and then as something new.
"""

from typing import Final

MISSED: Final = "2m"
"""For how long an exporter may miss scrapes: one a minute, or all while it starts anew."""
A_MINUTE: Final = "59s"
"""The same where an alert waits for a minute: what was seen once must not page when nobody looks any more."""


def bridged(series: str, over: str = MISSED) -> str:
    """Ask for a gauge, and for what it was last `over` a time such as `1m` in which its scrapes fail.

    What a scrape that went well does not have any more is over.
    """
    return f"({series} or last_over_time({series}[{over}]) unless on (job, instance) up == 1)"
