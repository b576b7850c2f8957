"""What PostgreSQL, pgbouncer and libpq say, and which cause it means."""

import re

from exporter.model import Cause

SQLSTATES: dict[str, Cause] = {
    "08P01": Cause.UNKNOWN,  # pgbouncer says everything with this one: its words decide
    "25006": Cause.SERVER_READ_ONLY,
    "25P03": Cause.SERVER_IDLE_TIMEOUT,
    "28000": Cause.AUTH_NOT_ALLOWED,
    "28P01": Cause.AUTH_CREDENTIALS,
    "3D000": Cause.AUTH_NOT_ALLOWED,
    "40001": Cause.SERVER_SESSION_KILLED,
    "42501": Cause.AUTH_NOT_ALLOWED,
    "53000": Cause.SERVER_RESOURCE,
    "53100": Cause.SERVER_RESOURCE,
    "53200": Cause.SERVER_RESOURCE,
    "53300": Cause.SERVER_SATURATED,
    "53400": Cause.SERVER_RESOURCE,
    "55000": Cause.AUTH_NOT_ALLOWED,
    "55P03": Cause.SERVER_SLOW_QUERY,
    "57014": Cause.SERVER_SLOW_QUERY,
    "57P01": Cause.SERVER_SESSION_KILLED,
    "57P02": Cause.SERVER_RESTART,
    "57P03": Cause.SERVER_RESTART,
    "57P05": Cause.SERVER_IDLE_TIMEOUT,
}
"""SQLSTATE to cause (PostgreSQL documentation, appendix A)."""

WORDS: tuple[tuple[str, Cause], ...] = (
    # A limit of one account shares its SQLSTATE with the limit of the whole server.
    ("too many connections for role", Cause.SERVER_ACCOUNT_LIMIT),
    ("too many connections for database", Cause.SERVER_ACCOUNT_LIMIT),
    # libpq hides the SQLSTATE of a refused login, and TLS hides it from us, too.
    ("password authentication failed", Cause.AUTH_CREDENTIALS),
    ("no password supplied", Cause.AUTH_CREDENTIALS),
    ("authentication failed for user", Cause.AUTH_CREDENTIALS),
    ("no pg_hba.conf entry", Cause.AUTH_NOT_ALLOWED),
    ("pg_hba.conf rejects", Cause.AUTH_NOT_ALLOWED),
    ("is not permitted to log in", Cause.AUTH_NOT_ALLOWED),
    ("permission denied for database", Cause.AUTH_NOT_ALLOWED),
    ("is not currently accepting connections", Cause.AUTH_NOT_ALLOWED),
    ("server does not support SSL, but SSL was required", Cause.AUTH_NOT_ALLOWED),
    ("too many clients already", Cause.SERVER_SATURATED),
    ("remaining connection slots are reserved", Cause.SERVER_SATURATED),
    ("the database system is", Cause.SERVER_RESTART),
    ("terminating connection due to administrator command", Cause.SERVER_SESSION_KILLED),
    ("conflict with recovery", Cause.SERVER_SESSION_KILLED),
    ("crash of another server process", Cause.SERVER_RESTART),
    ("unexpected postmaster exit", Cause.SERVER_RESTART),
    ("immediate shutdown command", Cause.SERVER_RESTART),
    ("idle-session timeout", Cause.SERVER_IDLE_TIMEOUT),
    ("idle-in-transaction timeout", Cause.SERVER_IDLE_TIMEOUT),
    # pgbouncer
    ("no more connections allowed", Cause.PROXY_SATURATED),
    ("query_wait_timeout", Cause.PROXY_SATURATED),
    ("client_idle_timeout", Cause.PROXY_IDLE_TIMEOUT),
    ("server conn crashed", Cause.PROXY_BACKEND_UNAVAILABLE),
    ("server login failed", Cause.PROXY_BACKEND_UNAVAILABLE),
    ("server login has been failing", Cause.PROXY_BACKEND_UNAVAILABLE),
    ("pgbouncer cannot connect to server", Cause.PROXY_BACKEND_UNAVAILABLE),
    ("no such database", Cause.AUTH_NOT_ALLOWED),
    ("no such user", Cause.AUTH_CREDENTIALS),
    ("FATAL:  not allowed", Cause.AUTH_NOT_ALLOWED),  # its console
    # libpq and OpenSSL
    ("session is read-only", Cause.SERVER_READ_ONLY),
    ("server is in hot standby mode", Cause.SERVER_READ_ONLY),
    ("certificate verify failed", Cause.TLS_CERTIFICATE),
    ("does not match host name", Cause.TLS_CERTIFICATE),
    ("root certificate file", Cause.TLS_CERTIFICATE),
    ("could not get server's host name from server certificate", Cause.TLS_CERTIFICATE),
    ("authentication method requirement", Cause.AUTH_NOT_ALLOWED),
    ("SSL error", Cause.TLS_HANDSHAKE),
    ("Connection timed out", Cause.NET_BLACKHOLE),
    ("No route to host", Cause.NET_UNREACHABLE),
)
"""Text to cause, first match wins: for what comes without a SQLSTATE, or with one that says too little."""

MORE_THAN_THE_CODE = (Cause.SERVER_ACCOUNT_LIMIT, Cause.SERVER_RESTART)
"""What words tell and a SQLSTATE does not: whose limit it is, and that the whole server has gone."""
MISSING_DATABASE = re.compile(r'database ".*" does not exist')
ENDS = (
    "closed the connection unexpectedly",
    "SSL connection has been closed",
    "EOF detected",
    "Connection reset by peer",
    "Broken pipe",
)
"""libpq's ways to say that the connection is gone; whether by FIN or reset, the kernel knows better."""


def cause(sqlstate: str, text: str) -> Cause:
    """Name the cause of a refusal by its SQLSTATE, and by its words where that is not enough."""
    by_words = Cause.AUTH_NOT_ALLOWED if MISSING_DATABASE.search(text) else Cause.UNKNOWN
    by_words = next((found for words, found in WORDS if words in text), by_words)
    by_state = SQLSTATES.get(sqlstate, Cause.UNKNOWN)
    if by_words in MORE_THAN_THE_CODE or by_state is Cause.UNKNOWN:
        return by_words
    return by_state


def ended(text: str) -> bool:
    """Whether libpq says that the connection came to an end, and nothing more."""
    return any(words in text for words in ENDS)
