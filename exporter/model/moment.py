"""Moments of the wall clock as people and programs read them."""

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """Write seconds since the epoch in UTC, to the millisecond; empty for what no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return ""
