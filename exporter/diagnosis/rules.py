"""How much each sign speaks for a cause, or against it: one row a cause, and nothing else decides.

The weights are logarithms of odds, roughly: 10 where somebody said so, 8 where a cause shows in a way that no
other does, 6 where the server is not who it was, 4 for one of the contrasts between new and held connections,
names, sizes and echoes, 3 for the way in which an end arrived, 1 or 2 for what goes with it. What must not be
there if it is that cause counts 6 or more against it.
"""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause

DECISIVE: Final = 8.0
"""A cause needs so much in all to be named, and what gives it alone decides."""
SAID: Final = 10.0
Weights = Mapping[Sign | tuple[Sign, Cause], float]

RULES: Final[Mapping[Cause, Weights]] = {
    Cause.CLIENT_RESOURCES: {Sign.FRESH_RESOURCES: 8, Sign.HOST_STALLED: 8, Sign.HELD_WORKS: 1},
    Cause.CLIENT_LOCAL_NETWORK: {
        Sign.FRESH_LOCAL: 8,
        Sign.FRESH_NEVER_SENT: 6,
        Sign.HELD_STOPPED_HERE: 8,
        Sign.ECHO_NEVER_SENT: 4,
        Sign.ECHO_WORKS: -2,
    },
    Cause.CLIENT_POOL_EXHAUSTED: {},
    Cause.CLIENT_CONNECTION_MISUSE: {},
    Cause.DNS_FAILURE: {},
    Cause.DNS_SLOW: {Sign.NAME_SLOW: 8, (Sign.SAID, Cause.DNS_FAILURE): -4},
    Cause.DNS_ANSWER_CHANGED: {
        Sign.ANSWER_CHANGED: 6,
        Sign.FRESH_SOMETIMES: 4,
        Sign.FRESH_REFUSED: 2,
        Sign.FRESH_UNANSWERED: 2,
    },
    Cause.DNS_IPV6_BROKEN: {Sign.SIX_BROKEN: 8},
    Cause.NET_LOSS: {
        Sign.ECHO_LOSS: 5,
        Sign.SYN_RESENT: 3,
        Sign.HELD_SLOW: 3,
        Sign.LOSS_STARTS: 3,
        Sign.CHECKSUMS: -8,
        Sign.ECHO_WORKS: -6,
    },
    Cause.NET_CORRUPTION: {
        Sign.CHECKSUMS: 8,
        Sign.ECHO_LOSS: 2,
        Sign.SYN_RESENT: 1,
        Sign.HELD_SLOW: 1,
    },
    Cause.NET_LATENCY: {
        Sign.DELAY_UP: 5,
        Sign.DELAY_UP_TCP: 5,
        Sign.FRESH_WORKS: 1,
        Sign.HOST_STALLED: -8,
    },
    Cause.NET_BLACKHOLE: {
        Sign.FRESH_UNANSWERED: 4,
        Sign.FRESH_STUCK: 2,
        Sign.HELD_SILENT: 4,
        Sign.ECHO_GAP: 4,
        Sign.HELD_REVIVED: 2,
        Sign.PATH_SHORT: 1,
        Sign.EVERYBODY: 2,
        Sign.FRESH_WORKS: -3,
        Sign.HELD_WORKS: -6,
        Sign.ECHO_WORKS: -8,
        Sign.FRESH_NEVER_SENT: -8,
        Sign.HELD_STOPPED_HERE: -8,
        Sign.FRESH_LOCAL: -8,
        Sign.FRESH_UNREACHABLE: -8,
    },
    Cause.NET_UNREACHABLE: {Sign.FRESH_UNREACHABLE: 8, Sign.PATH_SHORT: 1, Sign.HELD_SILENT: 1},
    Cause.NET_MTU_BLACKHOLE: {
        Sign.BIG_STALL: 8,
        Sign.BIG_VANISH: 5,
        Sign.FRESH_TLS_STALLS: 3,
        Sign.FRESH_STUCK: 3,
        Sign.FRESH_QUERY_STALLS: 3,
        Sign.BIG_PASSES: -8,
        Sign.ECHO_GAP: -6,
    },
    Cause.MIDDLEBOX_IDLE_TIMEOUT: {
        (Sign.IDLE_FOUND, Cause.MIDDLEBOX_IDLE_TIMEOUT): 10,
        Sign.IDLE_VANISHED: 9,
        Sign.IDLE_ENDED: 2,
        Sign.HELD_WORKS: 1,
        Sign.IDLE_AT_SETTING: -4,
        (Sign.SAID, Cause.SERVER_IDLE_TIMEOUT): -4,
        (Sign.IDLE_FOUND, Cause.SERVER_IDLE_TIMEOUT): -2,
        (Sign.IDLE_FOUND, Cause.PROXY_IDLE_TIMEOUT): -4,
    },
    Cause.MIDDLEBOX_STATE_LOST: {
        Sign.HELD_SILENT: 4,
        Sign.HELD_RESET_ON_USE: 4,
        Sign.FRESH_WORKS: 3,
        Sign.ECHO_WORKS: 2,
        Sign.ECHO_LOST: -3,
        Sign.SERVER_GOES_ON: 1,
        Sign.HELD_LISTED: 2,
        Sign.HELD_MANY: 1,
        Sign.HELD_EQUAL_AGE: -6,
        Sign.HELD_REVIVED: -6,
        Sign.ECHO_GAP: -6,
        Sign.FRESH_UNANSWERED: -6,
        Sign.FRESH_REFUSED: -4,
        Sign.SERVER_RESTARTED: -8,
        Sign.SERVER_OTHER: -8,
        Sign.HELD_STOPPED_HERE: -8,
    },
    Cause.MIDDLEBOX_LIFETIME_LIMIT: {
        Sign.HELD_EQUAL_AGE: 9,
        Sign.SERVER_GOES_ON: 1,
        Sign.SERVER_RESTARTED: -8,
    },
    Cause.MIDDLEBOX_CONNECT_BLOCKED: {
        Sign.FRESH_UNANSWERED: 4,
        Sign.FRESH_REFUSED: 2,
        Sign.HELD_WORKS: 4,
        Sign.ECHO_WORKS: 4,
        Sign.PATH_NEARER: 6,
        Sign.PATH_SHORT: 1,
        Sign.FRESH_WORKS: -8,
        Sign.FRESH_SOMETIMES: -6,
        Sign.FRESH_NEVER_SENT: -8,
        Sign.FRESH_LOCAL: -8,
        Sign.FRESH_MUTE: -4,
        Sign.ECHO_GAP: -6,
        Sign.ECHO_LOST: -2,
        Sign.HELD_CLOSED: -2,
        Sign.SERVER_RESTARTED: -6,
    },
    Cause.MIDDLEBOX_CONNECT_LIMITED: {
        Sign.SYN_RESENT: 5,
        Sign.FRESH_SOMETIMES: 4,
        Sign.HELD_WORKS: 2,
        Sign.ECHO_WORKS: 2,
        Sign.FRESH_UNANSWERED: 1,
        Sign.ECHO_LOSS: -8,
        Sign.HELD_SLOW: -4,
        Sign.FRESH_MUTE: -6,
        Sign.ANSWER_CHANGED: -6,
        Sign.CHECKSUMS: -6,
    },
    Cause.PROXY_IDLE_TIMEOUT: {(Sign.IDLE_FOUND, Cause.PROXY_IDLE_TIMEOUT): 10, Sign.DIRECT: -4},
    Cause.PROXY_BACKEND_UNAVAILABLE: {
        Sign.FRESH_HUNG_UP: 8,
        Sign.HELD_CLOSED: 1,
        Sign.HELD_WORKS: -5,
        Sign.DIRECT: -2,
    },
    Cause.PROXY_SATURATED: {Sign.FRESH_HUNG_UP: 4, Sign.FRESH_HUNG_UP_LATE: 4, Sign.HELD_WORKS: 4},
    Cause.PROXY_RESTARTED: {
        Sign.HELD_CLOSED: 3,
        Sign.HELD_MANY: 2,
        Sign.SERVER_GOES_ON: 3,
        Sign.INDIRECT: 2,
        Sign.FRESH_REFUSED: 2,
        Sign.DIRECT: -8,
        Sign.SERVER_RESTARTED: -10,
        Sign.SERVER_OTHER: -8,
        Sign.HELD_ONE: -6,
        Sign.HELD_SILENT: -4,
    },
    Cause.SERVER_IDLE_TIMEOUT: {
        (Sign.IDLE_FOUND, Cause.SERVER_IDLE_TIMEOUT): 10,
        Sign.IDLE_AT_SETTING: 8,
        Sign.IDLE_ENDED: 2,
    },
    Cause.SERVER_SESSION_KILLED: {
        Sign.FRESH_WORKS: 2,
        Sign.SERVER_GOES_ON: 2,
        Sign.HELD_CLOSED: 3,
        Sign.HELD_ONE: 2,
        Sign.DIRECT: 2,
        Sign.FRESH_REFUSED: -6,
        Sign.FRESH_HUNG_UP: -4,
        (Sign.SAID, Cause.SERVER_RESTART): -10,
        Sign.SERVER_RESTARTED: -10,
        Sign.SERVER_OTHER: -6,
        Sign.INDIRECT: -2,
        Sign.HELD_EQUAL_AGE: -6,
    },
    Cause.SERVER_RESTART: {
        Sign.SERVER_RESTARTED: 8,
        (Sign.SAID, Cause.SERVER_SESSION_KILLED): 4,
        Sign.FRESH_REFUSED: 2,
        Sign.HELD_MANY: 2,
        Sign.HELD_CLOSED: 1,
        Sign.SERVER_GOES_ON: -8,
        Sign.SERVER_OTHER: -6,
    },
    Cause.SERVER_DOWN: {
        Sign.FRESH_REFUSED: 4,
        Sign.FRESH_REFUSED_LONG: 5,
        Sign.ECHO_WORKS: 1,
        Sign.HELD_CLOSED: 2,
        Sign.HELD_WORKS: -8,
        Sign.PATH_NEARER: -8,
        Sign.HELD_SILENT: -4,
        Sign.HELD_RESET_ON_USE: -4,
        Sign.FRESH_SOMETIMES: -6,
        Sign.ANSWER_CHANGED: -4,
    },
    Cause.SERVER_UNRESPONSIVE: {
        Sign.FRESH_MUTE: 5,
        Sign.HELD_UNANSWERED: 5,
        Sign.TCP_WORKS: 3,
        Sign.ECHO_WORKS: 1,
        Sign.FRESH_QUERY_STALLS: 3,
        Sign.BIG_STALL: -6,
        Sign.ECHO_GAP: -4,
        Sign.SERVER_LOCKS: -4,
    },
    Cause.SERVER_SATURATED: {Sign.SERVER_FULL: 1},
    Cause.SERVER_ACCOUNT_LIMIT: {},
    Cause.SERVER_HOST_BLOCKED: {},
    Cause.SERVER_READ_ONLY: {Sign.SERVER_READ_ONLY: 8},
    Cause.SERVER_SLOW_QUERY: {Sign.FRESH_QUERY_STALLS: 4, Sign.SERVER_LOCKS: 4, Sign.HELD_WORKS: 1},
    Cause.SERVER_RESOURCE: {},
    Cause.FAILOVER_ENDPOINT_CHANGED: {
        Sign.SERVER_OTHER: 9,
        Sign.ANSWER_CHANGED: 1,
        Sign.HELD_RESET: 1,
        Sign.HELD_RESET_ON_USE: 1,
    },
    Cause.AUTH_CREDENTIALS: {Sign.MAY_WANT_TLS: -4, Sign.TLS_LETS_IN: -10},
    Cause.AUTH_NOT_ALLOWED: {Sign.TLS_LETS_IN: 12},
    Cause.TLS_CERTIFICATE: {},
    Cause.TLS_HANDSHAKE: {
        Sign.FRESH_TLS_STALLS: 6,
        Sign.BIG_PASSES: 4,
        Sign.HELD_WORKS: 1,
        Sign.BIG_VANISH: -4,
        Sign.BIG_STALL: -6,
        Sign.HELD_SILENT: -4,
        Sign.ECHO_GAP: -6,
    },
}
"""Every cause but `unknown`. What was said counts for the cause it names, though no row has it."""
SAID_OTHERWISE: Final[Mapping[Cause, float]] = {Cause.SERVER_SESSION_KILLED: 6.0}
"""Where words do not decide by themselves: who shuts a server down says the same as who ends one session."""


def weight(cause: Cause, fact: Fact) -> float:
    """Give how much a fact speaks for a cause, or against it."""
    row = RULES[cause]
    if fact.cause is not None:
        if (fact.sign, fact.cause) in row:
            return row[fact.sign, fact.cause] * fact.strength
        said = fact.sign is Sign.SAID and fact.cause is cause
        return SAID_OTHERWISE.get(cause, SAID) * fact.strength if said else 0.0
    return row.get(fact.sign, 0.0) * fact.strength
