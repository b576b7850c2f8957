"""Alerts on connections: those that drop, those that cannot be had, those that would."""

from typing import Final

from exporter.alerts.rule import Group

CONNECTIONS: Final[tuple[Group, ...]] = ()
