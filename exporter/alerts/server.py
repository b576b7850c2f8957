"""Alerts on what the server says of itself."""

from typing import Final

from exporter.alerts.rule import Group

SERVER: Final[tuple[Group, ...]] = ()
