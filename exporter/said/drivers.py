"""What drivers that applications use say of themselves, and which cause it means.

These are the libraries' own words and numbers, where no server has spoken: libpq under psycopg 2 and 3,
asyncpg, PyMySQL, aiomysql, asyncmy, mysqlclient, MySQL Connector/Python, and SQLAlchemy's pool.
"""

from typing import Final

from exporter.model import Cause

NUMBERS: Final[dict[int, Cause]] = {
    2005: Cause.DNS_FAILURE,
    2014: Cause.CLIENT_CONNECTION_MISUSE,
}
"""Numbers that MySQL's client libraries give by themselves; most of them leave it to the words."""
CLIENTS: Final = range(2000, 3000)
"""Numbers of the client libraries; a server's own are below and above."""
LOST_NUMBERS: Final = frozenset(
    {1053, 1079, 1080, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2055, 3169, 4031}
)
"""MySQL's numbers after which the connection is gone, the servers' and the client libraries'."""
LOST_STATES: Final = frozenset({"08000", "08003", "08006", "25P03", "57P01", "57P02", "57P05"})
"""SQLSTATEs after which the connection is gone."""
CONFLICTS: Final = frozenset({"40001", "40P01", "55P03", "1205", "1213"})
"""A serialization failure, a deadlock, a lock that was waited for too long: who comes again may win."""
ONLY_AT_LOGIN: Final = frozenset({"40001", "55000"})
"""SQLSTATEs that mean something else to an application than to a fresh session."""

WORDS: Final[tuple[tuple[str, Cause], ...]] = (
    ("QueuePool limit of size", Cause.CLIENT_POOL_EXHAUSTED),
    # Two at once on one connection: threads, tasks, or processes that share it since a fork.
    ("another operation is in progress", Cause.CLIENT_CONNECTION_MISUSE),
    ("another operation in progress", Cause.CLIENT_CONNECTION_MISUSE),
    ("another command is already in progress", Cause.CLIENT_CONNECTION_MISUSE),
    ("concurrent operations are not permitted", Cause.CLIENT_CONNECTION_MISUSE),
    ("another coroutine is already waiting", Cause.CLIENT_CONNECTION_MISUSE),
    ("attached to a different loop", Cause.CLIENT_CONNECTION_MISUSE),
    ("Commands out of sync", Cause.CLIENT_CONNECTION_MISUSE),
    ("Command Out of Sync", Cause.CLIENT_CONNECTION_MISUSE),
    ("Packet sequence number wrong", Cause.CLIENT_CONNECTION_MISUSE),
    ("and no message from the libpq", Cause.CLIENT_CONNECTION_MISUSE),
    ("lost synchronization with server", Cause.CLIENT_CONNECTION_MISUSE),
    ("insufficient data in", Cause.CLIENT_CONNECTION_MISUSE),
    ("bad record mac", Cause.CLIENT_CONNECTION_MISUSE),
    ("could not translate host name", Cause.DNS_FAILURE),
    ("Name or service not known", Cause.DNS_FAILURE),
    ("No address associated with hostname", Cause.DNS_FAILURE),
    ("emporary failure in name resolution", Cause.DNS_FAILURE),
    ("failed to resolve host", Cause.DNS_FAILURE),
    ("getaddrinfo failed", Cause.DNS_FAILURE),
    ("Unknown MySQL server host", Cause.DNS_FAILURE),
    ("Unknown server host", Cause.DNS_FAILURE),
    ("CERTIFICATE_VERIFY_FAILED", Cause.TLS_CERTIFICATE),
    ("certificate verify failed", Cause.TLS_CERTIFICATE),
    ("ertificate has expired", Cause.TLS_CERTIFICATE),
    ("certificate verification failed", Cause.TLS_CERTIFICATE),
    ("ostname mismatch", Cause.TLS_CERTIFICATE),
    ("IP address mismatch", Cause.TLS_CERTIFICATE),
    ("TLS/SSL error", Cause.TLS_HANDSHAKE),
    ("SSL connection error", Cause.TLS_HANDSHAKE),
    ("rejected SSL upgrade", Cause.AUTH_NOT_ALLOWED),
    ("SSL is required but the server", Cause.AUTH_NOT_ALLOWED),
    ("timeout expired", Cause.NET_BLACKHOLE),
    ("timed out", Cause.NET_BLACKHOLE),
    ("Timeout", Cause.NET_BLACKHOLE),
)
"""Text to cause, first match wins."""

LOST: Final = (
    "closed the connection unexpectedly",
    "connection has been closed unexpectedly",
    "EOF detected",
    "unexpected eof while reading",
    "EOF occurred in violation of protocol",
    "Connection reset by peer",
    "Broken pipe",
    "Lost connection",
    "MySQL server has gone away",
    "server has gone away",
    "Server disconnected",
    "connection was closed in the middle of operation",
    "connection was lost",
    "connection is closed",
    "connection already closed",
    "connection not open",
    "the connection is lost",
    "Not connected",
    "(0, '')",
    "could not receive data from server",
    "could not send data to server",
    "terminating connection",
)
"""Ways to say that the connection is gone, and nothing of why."""


def cause(text: str) -> Cause:
    """Name the cause that a library's words tell, `unknown` where they tell none."""
    return next((found for words, found in WORDS if words in text), Cause.UNKNOWN)


def lost(text: str) -> bool:
    """Whether a library says that the connection is gone."""
    return any(words in text for words in LOST)
