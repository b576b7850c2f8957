"""Alerts on the databases' hosts, on series of node_exporter."""

from typing import Final

from exporter.alerts.rule import Group

NODE_EXPORTER: Final[tuple[Group, ...]] = ()
