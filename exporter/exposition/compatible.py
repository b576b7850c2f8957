"""The series of mysqld_exporter and postgres_exporter that dashboards and alerts use, under their names.

Names, types and values are theirs. What they call `server`, which alerts group by, is the target's name.
"""

from dataclasses import replace
from typing import Final

from exporter.exposition.families import Families
from exporter.exposition.mysqld_exporter import MYSQL
from exporter.exposition.postgres_exporter import POSTGRES, in_base_units
from exporter.model import ServerView

UP: Final = {"global_status": "mysql_up", "pg_stat_activity": "pg_up"}
"""What is 1 while there is such a table, and 0 when a look fails after that."""


class CompatibleMetrics:
    """Publishes them for each target of whose server there are tables."""

    def __init__(self, families: Families) -> None:
        self._up = {
            table: families.gauge(name, "Whether the server let us look at it the last time.", "target")
            for table, name in UP.items()
        }
        self._mysql = [(told, told.begin(families)) for told in MYSQL]
        self._postgres = [
            (told, told._replace(labels=("server", *told.labels)).begin(families)) for told in POSTGRES
        ]
        self._table: dict[str, str | None] = {}

    def record(self, target: str, view: ServerView | None) -> None:
        """Show what a look has told; after one that failed, only that it did."""
        if view is not None:
            self._table[target] = next((table for table in self._up if table in view.tables), None)
        table = self._table.get(target)
        for name, gauge in self._up.items():
            gauge.set(target, float(view is not None) if name == table else None)
        for told, family in self._mysql:
            family.show(target, told.read(view) if view and table == "global_status" else {})
        if view and table == "pg_stat_activity":
            settings = [in_base_units(view.tables.get("pg_settings", ()))]
            view = replace(view, tables={**view.tables, "pg_settings": settings})
        else:
            view = None
        for told, family in self._postgres:
            values = told.read(view).items() if view else ()
            family.show(target, {(target, *labels): value for labels, value in values})
