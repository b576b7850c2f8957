"""Alerts on the exporter itself."""

from typing import Final

from exporter.alerts.rule import Group

ITSELF: Final[tuple[Group, ...]] = ()
