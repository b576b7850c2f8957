"""Alerts on what an instrumented application says of itself."""

from typing import Final

from exporter.alerts.rule import Group

APPLICATION: Final[tuple[Group, ...]] = ()
