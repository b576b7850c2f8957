"""Rules for what stands between: firewalls, NAT and balancers, proxies and poolers."""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.rules.row import Row
from exporter.diagnosis.sign import Sign
from exporter.model import Cause

BETWEEN: Final[Mapping[Cause, Row]] = {
    Cause.MIDDLEBOX_IDLE_TIMEOUT: Row(
        grounds={
            (Sign.IDLE_FOUND, Cause.MIDDLEBOX_IDLE_TIMEOUT): 10,
            Sign.IDLE_VANISHED: 9,
            Sign.IDLE_RESET: 5,
        },
        beside={Sign.IDLE_NOT_SETTING: 3, Sign.HELD_WORKS: 1},
        against={
            Sign.IDLE_CLOSED: 3,
            Sign.IDLE_AT_SETTING: 4,
            (Sign.SAID, Cause.SERVER_IDLE_TIMEOUT): 4,
            (Sign.IDLE_FOUND, Cause.SERVER_IDLE_TIMEOUT): 2,
            (Sign.IDLE_FOUND, Cause.PROXY_IDLE_TIMEOUT): 4,
        },
    ),
    Cause.MIDDLEBOX_STATE_LOST: Row(
        grounds={Sign.HELD_SILENT: 3, Sign.HELD_RESET_ON_USE: 3},
        beside={
            Sign.FRESH_WORKS: 2,
            Sign.HELD_OTHERS_GONE: 3,
            Sign.ECHO_WORKS: 1,
            Sign.SERVER_GOES_ON: 1,
            Sign.HELD_MANY: 3,
        },
        against={
            Sign.HELD_CLOSED: 6,
            Sign.HELD_OTHERS_LIVE: 6,
            Sign.ECHO_LOST: 3,
            Sign.HELD_EQUAL_AGE: 6,
            Sign.HELD_REVIVED: 6,
            Sign.ECHO_GAP: 6,
            Sign.FRESH_UNANSWERED: 6,
            Sign.FRESH_REFUSED: 4,
            Sign.SERVER_RESTARTED: 8,
            Sign.SERVER_OTHER: 8,
            Sign.HELD_STOPPED_HERE: 8,
        },
    ),
    Cause.MIDDLEBOX_LIFETIME_LIMIT: Row(
        grounds={Sign.HELD_EQUAL_AGE: 6},
        beside={Sign.FRESH_WORKS: 3, Sign.SERVER_GOES_ON: 1},
        against={
            Sign.SERVER_COUNTS_KILLED: 6,
            Sign.SERVER_RESTARTED: 8,
            Sign.ECHO_GAP: 6,
            Sign.FRESH_UNANSWERED: 6,
            Sign.FRESH_REFUSED: 6,
            Sign.FRESH_MUTE: 6,
            Sign.HELD_REVIVED: 6,
            Sign.HELD_STOPPED_HERE: 8,
        },
    ),
    Cause.MIDDLEBOX_CONNECT_BLOCKED: Row(
        grounds={Sign.FRESH_UNANSWERED: 3, Sign.FRESH_REFUSED: 2, Sign.PATH_NEARER: 6},
        beside={
            Sign.HELD_WORKS: 2,
            Sign.FRESH_ALL_FAIL: 4,
            Sign.HELD_REVIVED: 2,
            Sign.ECHO_WORKS: 2,
            Sign.PATH_SHORT: 1,
        },
        against={
            Sign.ANSWER_CHANGED: 6,
            (Sign.SAID, Cause.SERVER_SESSION_KILLED): 6,
            Sign.FRESH_WORKS: 8,
            Sign.FRESH_SOMETIMES: 8,
            Sign.FRESH_NEVER_SENT: 8,
            Sign.FRESH_LOCAL: 8,
            Sign.FRESH_MUTE: 4,
            Sign.ECHO_GAP: 6,
            Sign.ECHO_LOST: 2,
            Sign.HELD_CLOSED: 6,
            Sign.SERVER_RESTARTED: 6,
        },
    ),
    Cause.MIDDLEBOX_CONNECT_LIMITED: Row(
        grounds={Sign.SYN_RESENT: 5, Sign.FRESH_SOMETIMES: 4},
        beside={Sign.HELD_WORKS: 2, Sign.ECHO_WORKS: 2, Sign.FRESH_UNANSWERED: 1},
        against={
            Sign.HELD_SILENT: 6,
            Sign.ECHO_GAP: 6,
            Sign.ECHO_LOSS: 8,
            Sign.HELD_SLOW: 4,
            Sign.FRESH_MUTE: 6,
            Sign.ANSWER_CHANGED: 6,
            Sign.CHECKSUMS: 6,
        },
    ),
    Cause.PROXY_IDLE_TIMEOUT: Row(
        grounds={Sign.IDLE_CLOSED: 5, (Sign.IDLE_FOUND, Cause.PROXY_IDLE_TIMEOUT): 10},
        beside={Sign.IDLE_NOT_SETTING: 3, Sign.INDIRECT: 2},
        against={Sign.DIRECT: 4},
    ),
    Cause.PROXY_BACKEND_UNAVAILABLE: Row(
        grounds={Sign.FRESH_HUNG_UP: 5, Sign.FRESH_QUERY_STALLS: 5},
        beside={
            Sign.HELD_CLOSED: 3,
            Sign.HELD_UNANSWERED: 3,
            (Sign.SAID, Cause.SERVER_SESSION_KILLED): 3,
            Sign.FRESH_ALL_FAIL: 3,
            Sign.INDIRECT: 1,
        },
        against={Sign.FRESH_MUTE: 6, Sign.HELD_WORKS: 6, Sign.DIRECT: 6, Sign.SERVER_LOCKS: 4},
    ),
    Cause.PROXY_SATURATED: Row(
        grounds={Sign.FRESH_HUNG_UP: 4},
        beside={Sign.FRESH_HUNG_UP_LATE: 4, Sign.HELD_WORKS: 3},
        against={Sign.HELD_CLOSED: 4},
    ),
    Cause.PROXY_RESTARTED: Row(
        grounds={Sign.HELD_CLOSED: 3},
        beside={Sign.HELD_MANY: 1, Sign.SERVER_GOES_ON: 2, Sign.INDIRECT: 1, Sign.FRESH_REFUSED: 3},
        against={
            Sign.HELD_OTHERS_LIVE: 6,
            Sign.DIRECT: 8,
            Sign.SERVER_RESTARTED: 10,
            Sign.SERVER_OTHER: 8,
            Sign.HELD_ONE: 6,
            Sign.HELD_SILENT: 4,
        },
    ),
}
