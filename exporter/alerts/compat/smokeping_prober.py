"""The same on series of smokeping_prober."""

from typing import Final

from exporter.alerts.rule import Group

SMOKEPING_PROBER: Final[tuple[Group, ...]] = ()
