"""A session with PostgreSQL, or with the console of a pooler: what it is asked, and its goodbye."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2 import extras

from exporter.db.postgres import backends, console, counted
from exporter.db.postgres.held import PostgresHeld
from exporter.db.postgres.libpq import TolerantCursor
from exporter.db.postgres.view import view
from exporter.db.postgres.wire import Wire
from exporter.model import Cause, Counted, Phase, ProbeError, ServerView
from exporter.net.stream import drain


class PostgresSession(Wire):
    """One login that stands (see `exporter.db.dialect.Session`)."""

    def query(self, sql: str, *, guarded: bool) -> None:
        """Run `sql` and take its result in (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.QUERY)
        self._look_at_answer()  # a server that ends the session now speaks before it is asked
        if self.console:
            self._rows(console.spoken(sql))
        else:
            (self._guarded if guarded else self._rows)(sql)

    def direct(self) -> bool:
        """Ask the backend for its number (see `exporter.db.dialect.Session`)."""
        return not self.console and backends.is_number(self._ask, self.number)

    def free_slots(self) -> int:
        """Count what is free (see `exporter.db.dialect.Session`)."""
        return console.free_slots(self._tell) if self.console else backends.free_slots(self._ask)

    def renew(self, timeout: float) -> None:
        """Begin another look (see `exporter.db.dialect.Session`)."""
        self._clock.restart(timeout)
        self._listen()

    def view(self, *, tables: bool) -> ServerView:
        """Read the server's own view (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.QUERY)
        self._look_at_answer()  # as before a query: this session has been kept
        if self.console:
            return console.view(self._tell, self.console)
        return view(self._guarded, tables=tables)

    def outlast(self) -> None:
        """Switch the server's limit off (see `exporter.db.dialect.Session`)."""
        backends.outlast(self._ask)

    def lists(self, number: int, age: float) -> bool:
        """Look for a backend of ours (see `exporter.db.dialect.Session`)."""
        return backends.lists(self._ask, number, age)

    def end(self, number: int, age: float) -> bool:
        """Terminate a backend of ours (see `exporter.db.dialect.Session`)."""
        ended = backends.end(self._ask, number, age)
        if ended:
            self.stay.footprint.kill(number, Counted.SESSIONS_KILLED)
        else:
            self.stay.footprint.end(number, *counted.ABANDONED)  # unless its goodbye has arrived
        return ended

    def hold(self) -> PostgresHeld:
        """Hand over libpq's connection (see `exporter.db.dialect.Session`)."""
        if self._connection.closed:
            raise ProbeError(Cause.UNKNOWN, "the session is at its end")
        return PostgresHeld(self._connection, self._socket, self._secret, self.stay)

    def close(self) -> None:
        """Send Terminate and wait for the server to close (see `exporter.db.dialect.Session`)."""
        self._clock.enter(Phase.CLOSE)
        self.note_end()
        self._connection.close()
        with self._socket:
            drain(self._socket, self._clock)

    def _ask(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        self._clock.enter(Phase.QUERY)
        return self._rows(sql, *values)

    def _guarded(self, sql: str) -> Sequence[Sequence[Any]]:
        # One message and thus one transaction: SET LOCAL ends with it, also behind a pooler.
        limit = _two_digits(min(max(1, int(self._clock.remaining() * 900)), 2**31 - 1))
        return self._rows(f"SET LOCAL statement_timeout = {limit}; {sql}", kind=TolerantCursor)

    def _tell(self, command: str) -> Sequence[Mapping[str, Any]]:
        """Ask a console: its rows have the names of their columns."""
        self._clock.enter(Phase.QUERY)
        return self._rows(command, kind=extras.RealDictCursor)


def _two_digits(number: int) -> int:
    """Round down: pg_stat_statements keeps each SET of another number as a statement of its own."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit
