"""Alerts on the name of a database, and on its certificate."""

from typing import Final

from exporter.alerts.rule import Group

NAMES: Final[tuple[Group, ...]] = ()
