"""The same on series of blackbox_exporter."""

from typing import Final

from exporter.alerts.rule import Group

BLACKBOX_EXPORTER: Final[tuple[Group, ...]] = ()
