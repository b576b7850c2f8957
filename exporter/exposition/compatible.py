"""The series of mysqld_exporter and postgres_exporter that dashboards and alerts use, under their names.

Names, types and values are theirs. What they call `server`, which alerts group by, is the target's name.
"""

from dataclasses import replace
from typing import Final

from exporter.exposition.families import Families
from exporter.exposition.mysqld_exporter import MYSQL
from exporter.exposition.postgres_exporter import POSTGRES, in_base_units
from exporter.model import ServerView

UP: Final = {"mysql_up": ("mysql", "mariadb"), "pg_up": ("postgresql",)}
"""What is 1 if the latest look at a server of these dialects went well, and 0 otherwise."""


class CompatibleMetrics:
    """Publishes them for each target of whose server there are tables."""

    def __init__(self, families: Families) -> None:
        self._up = [
            (families.gauge(name, "Whether the server let us look at it the last time.", "target"), dialects)
            for name, dialects in UP.items()
        ]
        self._mysql = [(told, told.begin(families)) for told in MYSQL]
        self._postgres = [
            (told, told._replace(labels=("server", *told.labels)).begin(families)) for told in POSTGRES
        ]
        self._dialects: dict[str, str] = families.of_targets()

    def fail(self, target: str) -> None:
        """Show that a look came to nothing, at whatever server it was."""
        if target in self._dialects:
            self.record(target, self._dialects[target], None)

    def record(self, target: str, dialect: str, view: ServerView | None) -> None:
        """Show what a look at a server of this dialect has told; after one that failed, only that it did."""
        self._dialects[target] = dialect
        tables = {} if view is None else view.tables
        for gauge, dialects in self._up:
            # The console of a pooler is looked at in the words of a dialect, and has nothing of it.
            has_names = dialect in dialects and (view is None or bool(tables))
            gauge.set(target, float(view is not None) if has_names else None)
        for told, family in self._mysql:
            family.show(target, told.read(view) if view and "global_status" in tables else {})
        if view and "pg_settings" in tables:
            settings = [in_base_units(tables["pg_settings"])]
            view = replace(view, tables={**tables, "pg_settings": settings})
        else:
            view = None
        for told, family in self._postgres:
            values = told.read(view).items() if view else ()
            family.show(target, {(target, *labels): value for labels, value in values})
