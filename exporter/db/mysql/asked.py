"""Asking a MySQL or MariaDB server for what our account may not be allowed to know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from exporter.model import Missing, ProbeError

Rows = Sequence[Mapping[str, Any]]
"""Rows by the names of their columns, in lower case."""
DENIED: Final = ("1044", "1142", "1143", "1227")
"""Access denied: to a schema, a table, a column, or for want of a privilege of the whole server."""
NOT_THERE: Final = ("1049", "1109", "1146")
"""No such schema or table: some servers are built without performance_schema."""


class Asked:
    """Puts questions over one session, and puts none again that was denied: MariaDB counts each denial.

    So what is granted later is noticed by the next session; the servers themselves apply the privileges of
    the whole server (PROCESS and the like) to new sessions only.
    """

    def __init__(self, ask: Callable[[str], Rows], when_denied: Callable[[], None] = lambda: None) -> None:
        self.rows = ask
        self._when_denied = when_denied
        self._denied: dict[str, Missing] = {}
        self._not_there: set[str] = set()

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What has been denied so far."""
        return tuple(self._denied.values())

    def allowed(self, sql: str, needs: Missing) -> Rows | None:
        """Give the rows; None where the privilege is missing, or what is asked for is not there."""
        if needs.privilege in self._denied or sql in self._not_there:
            return None
        try:
            return self.rows(sql)
        except ProbeError as error:
            if error.code in DENIED:
                self._denied[needs.privilege] = needs
                self._when_denied()
            elif error.code in NOT_THERE:
                self._not_there.add(sql)
            else:
                raise
        return None
