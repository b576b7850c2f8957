"""Rules for those who run other exporters."""

from dataclasses import replace
from typing import Final

from exporter.alerts.compat.blackbox_exporter import BLACKBOX_EXPORTER
from exporter.alerts.compat.mysqld_exporter import MYSQLD_EXPORTER
from exporter.alerts.compat.node_exporter import NODE_EXPORTER
from exporter.alerts.compat.pgbouncer_exporter import PGBOUNCER_EXPORTER
from exporter.alerts.compat.postgres_exporter import POSTGRES_EXPORTER
from exporter.alerts.compat.smokeping_prober import SMOKEPING_PROBER
from exporter.alerts.rule import Alert, Book, Group

THEIRS: Final[Book] = {
    "compat/blackbox_exporter.yml": BLACKBOX_EXPORTER,
    "compat/mysqld_exporter.yml": MYSQLD_EXPORTER,
    "compat/node_exporter.yml": NODE_EXPORTER,
    "compat/pgbouncer_exporter.yml": PGBOUNCER_EXPORTER,
    "compat/postgres_exporter.yml": POSTGRES_EXPORTER,
    "compat/smokeping_prober.yml": SMOKEPING_PROBER,
}


def _unserved(group: Group) -> Group:
    """Nobody serves the runbooks of these alerts."""
    rules = (replace(rule, served=False) if isinstance(rule, Alert) else rule for rule in group.rules)
    return replace(group, rules=tuple(rules))


COMPAT: Final[Book] = {name: tuple(map(_unserved, groups)) for name, groups in THEIRS.items()}
