"""What a MySQL or MariaDB server is asked about its sessions, ours among them."""

from typing import Final

from exporter.db.asking import Ask, numbers
from exporter.db.dialect import PROGRAM
from exporter.model import ProbeError

NUMBER: Final = "SELECT connection_id()"
LIMITS: Final = "SELECT @@max_connections, @@SESSION.max_user_connections"
STATUS: Final = "SHOW GLOBAL STATUS WHERE Variable_name = %s"
OURS: Final = """
SELECT count(*) FROM information_schema.processlist
WHERE user = (SELECT user FROM information_schema.processlist WHERE id = connection_id())
"""
LISTED: Final = f"{OURS} AND id = %s AND time <= %s"
ATTRIBUTES: Final = """
SELECT attr_name, attr_value FROM performance_schema.session_account_connect_attrs WHERE processlist_id = %s
"""
"""Everybody may read it for sessions of the own account; it is empty where the server keeps none."""
OUTLAST: Final = "SET SESSION wait_timeout = 31536000"
"""A year is the longest that either server knows."""
END: Final = "KILL CONNECTION %s"
NO_SUCH_THREAD: Final = "1094"
SLACK: Final = 2.0
"""Seconds by which the server's clock and ours may count the age of a session differently."""


def is_number(ask: Ask, number: int) -> bool:
    """Whether the thread behind us has this number."""
    return numbers(ask(NUMBER)) == (number,)


def free_slots(ask: Ask) -> int:
    """Count the sessions that this account may open beside those there are."""
    of_server, of_account = numbers(ask(LIMITS), 2)
    free = of_server - _status(ask, "Threads_connected")
    if of_account:
        free = min(free, of_account - numbers(ask(OURS))[0])
    return max(0, free)


def outlast(ask: Ask) -> None:
    """Put `wait_timeout` as far away as it can be."""
    ask(OUTLAST)


def lists(ask: Ask, number: int, age: float) -> bool:
    """Whether our thread of that number, which began `age` seconds ago, is there.

    Numbers are given once, until the server restarts and begins anew.
    """
    if _status(ask, "Uptime") < age - SLACK or numbers(ask(LISTED, number, age + SLACK)) == (0,):
        return False
    attributes = ask(ATTRIBUTES, number)
    return not attributes or ("program_name", PROGRAM) in attributes


def end(ask: Ask, number: int, age: float) -> bool:
    """Kill that thread; tell whether it was there."""
    if not lists(ask, number, age):
        return False
    try:
        ask(END, number)
    except ProbeError as error:
        if error.code != NO_SUCH_THREAD:
            raise
        return False
    return True


def _status(ask: Ask, name: str) -> int:
    return numbers([row[1:] for row in ask(STATUS, name)])[0]
