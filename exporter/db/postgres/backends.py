"""What a PostgreSQL server is asked about its sessions, ours among them."""

from typing import Final

from exporter.db.asking import Ask, numbers

NUMBER: Final = "SELECT pg_backend_pid()"
FREE_SLOTS: Final = """
SELECT least(
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int
        - (SELECT sum(numbackends) FROM pg_stat_database),
    (SELECT rolconnlimit - (SELECT count(*) FROM pg_stat_activity WHERE usename = session_user)
        FROM pg_roles WHERE rolname = session_user AND rolconnlimit >= 0),
    (SELECT datconnlimit - numbackends
        FROM pg_database JOIN pg_stat_database USING (datname)
        WHERE datname = current_database() AND datconnlimit >= 0)
)::int
"""
"""What nobody limits is NULL, which `least` passes over."""
OUTLAST: Final = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
"""Only PostgreSQL 14 and later know it; to set what is unknown would be an error."""
OURS: Final = """
FROM pg_stat_activity
WHERE pid = %s AND usename = session_user AND application_name = current_setting('application_name')
    AND extract(epoch FROM clock_timestamp() - backend_start) > %s - 2
"""
"""Process numbers are given again, to what begins later. A backend begins before its login is through, which
may take long: so it may be older than the session that we know, but no younger."""
LISTED: Final = f"SELECT count(*) {OURS}"
END: Final = f"SELECT pg_terminate_backend(pid) {OURS}"


def is_number(ask: Ask, number: int) -> bool:
    """Whether the backend behind us has this process number."""
    return numbers(ask(NUMBER)) == (number,)


def free_slots(ask: Ask) -> int:
    """Count the sessions that this account may open beside those there are."""
    return max(0, *numbers(ask(FREE_SLOTS)))


def outlast(ask: Ask) -> None:
    """Switch off `idle_session_timeout`."""
    ask(OUTLAST)


def lists(ask: Ask, number: int, age: float) -> bool:
    """Whether our backend of that number, which began `age` seconds ago, is there."""
    return numbers(ask(LISTED, number, age)) != (0,)


def end(ask: Ask, number: int, age: float) -> bool:
    """Terminate that backend; tell whether it was there."""
    return any(row[0] for row in ask(END, number, age))
