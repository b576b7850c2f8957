"""Rules for the server itself, who lets in, and TLS."""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.rules.row import Row
from exporter.diagnosis.sign import Sign
from exporter.model import Cause

SERVER: Final[Mapping[Cause, Row]] = {
    Cause.SERVER_IDLE_TIMEOUT: Row(
        grounds={(Sign.IDLE_FOUND, Cause.SERVER_IDLE_TIMEOUT): 10, Sign.IDLE_AT_SETTING: 8},
        beside={Sign.IDLE_RESET: 1, Sign.IDLE_CLOSED: 1},
    ),
    Cause.SERVER_SESSION_KILLED: Row(
        grounds={Sign.HELD_CLOSED: 3},
        beside={
            Sign.SERVER_COUNTS_KILLED: 2,
            Sign.HELD_OTHERS_LIVE: 1,
            Sign.FRESH_WORKS: 2,
            Sign.SERVER_GOES_ON: 2,
            Sign.HELD_ONE: 2,
            Sign.DIRECT: 2,
        },
        against={
            Sign.FRESH_UNANSWERED: 6,
            Sign.ECHO_GAP: 6,
            Sign.FRESH_REFUSED: 6,
            Sign.FRESH_HUNG_UP: 4,
            (Sign.SAID, Cause.SERVER_RESTART): 10,
            Sign.SERVER_RESTARTED: 10,
            Sign.SERVER_OTHER: 6,
            Sign.INDIRECT: 2,
            Sign.HELD_EQUAL_AGE: 6,
        },
    ),
    Cause.SERVER_RESTART: Row(
        grounds={Sign.SERVER_RESTARTED: 8, (Sign.SAID, Cause.SERVER_SESSION_KILLED): 4},
        beside={Sign.FRESH_REFUSED: 4, Sign.HELD_MANY: 2, Sign.HELD_CLOSED: 1},
        against={
            Sign.FRESH_REFUSED_LONG: 12,
            Sign.FRESH_HUNG_UP: 3,
            Sign.SERVER_GOES_ON: 8,
            Sign.SERVER_OTHER: 6,
        },
    ),
    Cause.SERVER_DOWN: Row(
        grounds={Sign.FRESH_REFUSED: 4},
        beside={
            Sign.FRESH_REFUSED_LONG: 8,
            Sign.ECHO_WORKS: 2,
            Sign.HELD_CLOSED: 1,
            (Sign.SAID, Cause.SERVER_RESTART): 1,
        },
        against={
            Sign.SERVER_GOES_ON: 6,
            Sign.HELD_WORKS: 8,
            Sign.PATH_NEARER: 8,
            Sign.HELD_SILENT: 4,
            Sign.HELD_RESET_ON_USE: 4,
            Sign.FRESH_SOMETIMES: 6,
            Sign.ANSWER_CHANGED: 4,
        },
    ),
    Cause.SERVER_UNRESPONSIVE: Row(
        grounds={Sign.FRESH_MUTE: 5, Sign.HELD_UNANSWERED: 5},
        beside={Sign.TCP_WORKS: 3, Sign.ECHO_WORKS: 1},
        against={
            Sign.INDIRECT: 2,
            Sign.FRESH_QUERY_STALLS: 4,
            Sign.BIG_STALL: 6,
            Sign.ECHO_GAP: 4,
            Sign.SERVER_LOCKS: 4,
        },
    ),
    Cause.SERVER_SATURATED: Row(beside={Sign.SERVER_FULL: 1, Sign.SERVER_COUNTS_REFUSED: 1}),
    Cause.SERVER_ACCOUNT_LIMIT: Row(),
    Cause.SERVER_HOST_BLOCKED: Row(),
    Cause.SERVER_READ_ONLY: Row(grounds={Sign.SERVER_READ_ONLY: 8}),
    Cause.SERVER_SLOW_QUERY: Row(
        grounds={Sign.FRESH_QUERY_STALLS: 4}, beside={Sign.SERVER_LOCKS: 4, Sign.HELD_WORKS: 1}
    ),
    Cause.SERVER_RESOURCE: Row(),
    Cause.FAILOVER_ENDPOINT_CHANGED: Row(
        grounds={Sign.SERVER_OTHER: 9},
        beside={Sign.ANSWER_CHANGED: 1, Sign.HELD_RESET: 1, Sign.HELD_RESET_ON_USE: 1},
    ),
    Cause.AUTH_CREDENTIALS: Row(against={Sign.MAY_WANT_TLS: 4, Sign.TLS_LETS_IN: 10}),
    Cause.AUTH_NOT_ALLOWED: Row(grounds={Sign.TLS_LETS_IN: 12}),
    Cause.TLS_CERTIFICATE: Row(),
    Cause.TLS_HANDSHAKE: Row(
        grounds={Sign.FRESH_TLS_STALLS: 6},
        beside={Sign.BIG_PASSES: 4, Sign.HELD_WORKS: 1},
        against={Sign.BIG_VANISH: 4, Sign.BIG_STALL: 6, Sign.HELD_SILENT: 4, Sign.ECHO_GAP: 6},
    ),
}
