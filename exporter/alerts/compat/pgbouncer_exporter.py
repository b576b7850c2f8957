"""The same on series of pgbouncer_exporter."""

from typing import Final

from exporter.alerts.rule import Group

PGBOUNCER_EXPORTER: Final[tuple[Group, ...]] = ()
