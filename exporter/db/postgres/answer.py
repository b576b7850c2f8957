"""What a PostgreSQL server answers about itself, in rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Setting(NamedTuple):
    """A row of `pg_settings`."""

    name: str
    setting: str
    unit: str | None
    vartype: str


class Activity(NamedTuple):
    """Rows of `pg_stat_activity` that are `alike`, so many.

    `max_tx_duration` is for how many seconds the oldest transaction of them has been open, `idle` for how
    many the one has done nothing that has left its transaction alone for longest.
    """

    datname: str | None
    state: str | None
    usename: str | None
    application_name: str | None
    backend_type: str | None
    wait_event_type: str | None
    wait_event: str | None
    alike: int
    max_tx_duration: float | None
    idle: float | None


class Role(NamedTuple):
    """A row of `pg_roles`; it is `limited` if it can log in and has a limit that holds for it."""

    rolname: str
    connection_limit: int
    limited: bool


class Database(NamedTuple):
    """A row of `pg_stat_database`; what all databases share has neither name nor limit, and `datid` 0.

    `everything` is the whole row, if the rows were asked for.
    """

    datid: int
    datname: str | None
    connection_limit: int | None
    sessions: int | None
    sessions_abandoned: int | None
    sessions_fatal: int | None
    sessions_killed: int | None
    xact_commit: int
    xact_rollback: int
    blks_hit: int
    blks_read: int
    everything: dict[str, object] | None


class Answer(NamedTuple):
    """The server's answer, in rows."""

    server: Mapping[str, Any]
    settings: Mapping[str, Setting]
    activity: Sequence[Activity]
    roles: Sequence[Role]
    databases: Sequence[Database]

    @property
    def clients(self) -> Sequence[Activity]:
        """What clients have. What is hidden hides its type, too; but the server's own have no account."""
        return [
            row
            for row in self.activity
            if row.backend_type == "client backend" or (not row.backend_type and row.usename and row.datname)
        ]


def read(rows: Sequence[Sequence[Any]]) -> Answer:
    """Read the answer to `view_sql.WHOLE` or `WITH_TABLES`; raises what `asking.understood` turns."""
    whole = json.loads(rows[0][0])
    settings = [Setting(*row) for row in whole["settings"]]
    return Answer(
        server=whole["server"],
        settings={row.name: row for row in settings},
        activity=[Activity(*row) for row in whole["activity"]],
        roles=[Role(*row) for row in whole["roles"] or ()],
        databases=[Database(*row) for row in whole["databases"]],
    )
