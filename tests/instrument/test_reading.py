"""What an error tells by its class, its code and its words, whichever driver it comes from."""

import errno
import socket
import ssl
from typing import Any

import asyncpg
import psycopg2
import pymysql
import pytest
from sqlalchemy import exc

from exporter.instrument.reading import Reading, read
from exporter.model import Cause


class Psycopg(Exception):
    """As psycopg 3 raises them: the SQLSTATE is an attribute."""

    def __init__(self, sqlstate: str | None, text: str) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


class Connector(Exception):
    """As MySQL Connector/Python raises them: number and SQLSTATE are attributes."""

    def __init__(self, number: int, text: str, sqlstate: str = "HY000") -> None:
        super().__init__(text)
        self.errno = number
        self.sqlstate = sqlstate


class Connection:
    """What libpq has kept of the server's last words."""

    def __init__(self, words: Any) -> None:
        self.info = self
        self._words = words

    @property
    def error_message(self) -> Any:
        """Give the words, or raise what psycopg2 may raise of them."""
        if isinstance(self._words, Exception):
            raise self._words
        return self._words


My = pymysql.err.OperationalError
Pg = psycopg2.OperationalError
UNEXPECTED = (
    "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally"
)
SEEN = [
    (exc.TimeoutError("QueuePool limit of size 5 overflow 10 reached"), "client.pool_exhausted", ""),
    (Pg(UNEXPECTED), "unknown", "lost"),
    (Pg("SSL SYSCALL error: EOF detected"), "unknown", "lost"),
    (Pg("SSL connection has been closed unexpectedly"), "unknown", "lost"),
    (Pg("could not receive data from server: Connection timed out"), "net.blackhole", "lost"),
    (Pg('connection to server at "h", port 1 failed: Connection refused'), "server.down", ""),
    (Pg('connection to server at "h", port 1 failed: timeout expired'), "net.blackhole", ""),
    (Pg('could not translate host name "h" to address: Name or service not known'), "dns.failure", ""),
    (Pg('connection failed: FATAL:  password authentication failed for user "u"'), "auth.credentials", ""),
    (Pg("connection failed: FATAL:  sorry, too many clients already"), "server.saturated", ""),
    (Pg("connection failed: FATAL:  the database system is starting up"), "server.restart", ""),
    (Pg("connection failed: SSL error: certificate verify failed"), "tls.certificate", ""),
    (Pg("SSL error: tlsv1 alert protocol version"), "tls.handshake", ""),
    (Pg("SSL error: decryption failed or bad record mac"), "client.connection_misuse", ""),
    (Pg("SSL error: unexpected eof while reading"), "unknown", "lost"),
    (Pg("error with status PGRES_TUPLES_OK and no message from the libpq"), "client.connection_misuse", ""),
    (Pg("connection failed: Cannot assign requested address"), "client.resources", ""),
    (
        Psycopg("57P01", "terminating connection due to administrator command"),
        "server.session_killed",
        "lost",
    ),
    (Psycopg("57P05", "terminating connection due to idle-session timeout"), "server.idle_timeout", "lost"),
    (Psycopg("25006", "cannot execute INSERT in a read-only transaction"), "server.read_only", ""),
    (Psycopg("40001", "could not serialize access due to concurrent update"), "unknown", "conflict"),
    (
        Psycopg("40001", "canceling statement due to conflict with recovery"),
        "server.session_killed",
        "conflict",
    ),
    (Psycopg("40P01", "deadlock detected"), "unknown", "conflict"),
    (Psycopg("55P03", "canceling statement due to lock timeout"), "server.slow_query", "conflict"),
    (Psycopg("57014", "canceling statement due to statement timeout"), "server.slow_query", ""),
    (Psycopg("55000", 'currval of sequence "s" is not yet defined in this session'), "unknown", ""),
    (Psycopg("42P01", 'relation "Timeout timed out" does not exist'), "unknown", ""),
    (Psycopg("08P01", "no more connections allowed (max_client_conn)"), "proxy.saturated", ""),
    (Psycopg(None, "failed to resolve host 'h': [Errno -2]"), "dns.failure", ""),
    (Psycopg(None, "the connection is lost"), "unknown", "lost"),
    (asyncpg.TooManyConnectionsError("sorry, too many clients already"), "server.saturated", ""),
    (asyncpg.CannotConnectNowError("the database system is starting up"), "server.restart", ""),
    (asyncpg.InvalidPasswordError("password authentication failed"), "auth.credentials", ""),
    (
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        "unknown",
        "lost",
    ),
    (asyncpg.InterfaceError("connection is closed"), "unknown", "lost"),
    (
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        "client.connection_misuse",
        "",
    ),
    (
        My(2006, "MySQL server has gone away (ConnectionResetError(104, 'Connection reset by peer'))"),
        "unknown",
        "lost",
    ),
    (My(2013, "Lost connection to MySQL server during query"), "unknown", "lost"),
    (My(2013, "Lost connection to MySQL server during query (timed out)"), "net.blackhole", "lost"),
    (My(2003, "Can't connect to MySQL server on 'h' ([Errno 111] Connection refused)"), "server.down", ""),
    (My(2003, "Can't connect to MySQL server on 'h' (timed out)"), "net.blackhole", ""),
    (My(2003, "Can't connect to MySQL server on 'h' ([Errno 113] No route to host)"), "net.unreachable", ""),
    (My(2005, "Unknown MySQL server host 'h' (-2)"), "dns.failure", ""),
    (My(2014, "Command Out of Sync"), "client.connection_misuse", ""),
    (My(2026, "SSL connection error: error:0A000086:certificate verify failed"), "tls.certificate", ""),
    (My(1040, "Too many connections"), "server.saturated", ""),
    (My(1045, "Access denied for user 'u'@'h' (using password: YES)"), "auth.credentials", ""),
    (My(1205, "Lock wait timeout exceeded; try restarting transaction"), "server.slow_query", "conflict"),
    (My(1213, "Deadlock found when trying to get lock"), "unknown", "conflict"),
    (My(1290, "The MariaDB server is running with the --read-only option"), "server.read_only", ""),
    (My(1290, "The MySQL server is running with the --secure-file-priv option"), "unknown", ""),
    (My(1836, "Running in read-only mode"), "server.read_only", ""),
    (My(1927, "Connection was killed"), "server.session_killed", "lost"),
    (
        My(4031, "The client was disconnected by the server because of inactivity"),
        "server.idle_timeout",
        "lost",
    ),
    (pymysql.err.ProgrammingError(1146, "Table 'shop.Timeout' doesn't exist"), "unknown", ""),
    (pymysql.err.InterfaceError(0, ""), "unknown", "lost"),
    (
        pymysql.err.InternalError("Packet sequence number wrong - got 3 expected 1"),
        "client.connection_misuse",
        "",
    ),
    (Connector(2013, "Lost connection to MySQL server during query", "08S01"), "unknown", "lost"),
    (Connector(1045, "Access denied", "28000"), "auth.credentials", ""),
    (socket.gaierror(-2, "Name or service not known"), "dns.failure", ""),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "server.down", ""),
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "unknown", "lost"),
    (
        OSError("Multiple exceptions: [Errno 111] Connection refused, [Errno 111] Connection refused"),
        "server.down",
        "",
    ),
    (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls.certificate", ""),
    (ssl.SSLError(1, "wrong version number"), "tls.handshake", ""),
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "unknown", "lost"),
    (TimeoutError(), "net.blackhole", ""),
    (RuntimeError("Task got Future attached to a different loop"), "client.connection_misuse", ""),
    (ValueError(True), "unknown", ""),
]


@pytest.mark.parametrize(
    ("error", "cause", "what"), SEEN, ids=[f"{type(e).__name__}-{c}" for e, c, _ in SEEN]
)
def test_an_error_is_read(error: Exception, cause: str, what: str) -> None:
    reading = read(error)
    assert (reading.cause, reading.lost, reading.conflict) == (cause, what == "lost", what == "conflict")


def test_an_error_is_read_through_what_wraps_it() -> None:
    inner = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    try:
        raise My(2003, "Can't connect to MySQL server on 'h'") from inner
    except My as error:
        wrapped = exc.OperationalError("SELECT 1", {}, error)
    assert read(wrapped) == Reading(cause=Cause.SERVER_DOWN, code="2003")


@pytest.mark.parametrize(
    ("kept", "cause"),
    [
        ("FATAL:  terminating connection due to idle-session timeout\n", "server.idle_timeout"),
        ("FATAL:  terminating connection due to administrator command\n", "server.session_killed"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "unknown"),
        (None, "unknown"),
    ],
)
def test_last_words_that_libpq_has_kept_are_read(kept: Any, cause: str) -> None:
    assert read(Pg(UNEXPECTED), Connection(kept)).cause == cause


def test_errors_that_were_raised_from_one_another_for_ever_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert read(one).cause == "unknown"
