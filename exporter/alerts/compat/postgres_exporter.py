"""The same on series of postgres_exporter."""

from typing import Final

from exporter.alerts.rule import Group

POSTGRES_EXPORTER: Final[tuple[Group, ...]] = ()
