"""What PostgreSQL counts the end of a session as, by how it came about (measured: decision 0014)."""

import contextlib
import socket
from typing import Any, Final

import psycopg2

from exporter.db.footprint import Stay
from exporter.db.postgres import words
from exporter.db.postgres.libpq import last_words
from exporter.model import Counted
from exporter.net.tcp_info import tcp_info

ABANDONED: Final = (Counted.SESSIONS_ABANDONED, Counted.ABORTED_CLIENTS)
GOOD: Final = 0
"""libpq's CONNECTION_OK: as long as it is that, libpq says goodbye whenever it lets go."""
FATAL: Final = ("FATAL", "PANIC")
KILLED: Final = "terminating connection due to administrator command"


def note_words(stay: Stay, said: str, code: str, *, over: bool) -> None:
    """Note what the server has said, if those are its last words: it is `over`, or they are fatal."""
    if said and (over or said.startswith(FATAL)):
        killed = code == "57P01" or KILLED in said
        stay.end(Counted.SESSIONS_KILLED if killed else Counted.SESSIONS_FATAL)


def note_end(stay: Stay, connection: Any, sock: socket.socket, answer: bytes, *, closed: bool) -> None:
    """Note how the server takes it that libpq lets go of a session now; a second time nothing.

    `sock` is our duplicate of its socket; `answer` is what was read along with it; `closed` tells that the
    other side had closed, which a reset hides: what we say after that brings one, and TLS says something.
    After a mere reset only the server can tell, because whoever sent it need not have told the server: it
    shows when the server is asked.
    """
    info = tcp_info(sock.fileno())
    if info is None:
        return
    over = info.ended or info.reset
    if over:
        with contextlib.suppress(psycopg2.Error, UnicodeDecodeError):
            connection.poll()  # nobody may have read the last words
    said = words.server_said(last_words(connection, "", answer))
    note_words(stay, said, words.sqlstate(answer), over=over)
    if not over and not connection.closed and connection.info.status == GOOD:
        stay.end()
    elif closed or not info.reset:
        stay.end(*ABANDONED)
