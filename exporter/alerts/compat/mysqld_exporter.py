"""The same on series of mysqld_exporter."""

from typing import Final

from exporter.alerts.rule import Group

MYSQLD_EXPORTER: Final[tuple[Group, ...]] = ()
