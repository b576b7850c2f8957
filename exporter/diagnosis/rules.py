"""How much each sign speaks for a cause, or against it: one row a cause, and nothing else decides.

The weights are logarithms of odds, roughly: 10 where somebody said so, 8 where a cause shows in a way that no
other does, 6 where the server is not who it was, 4 for one of the contrasts between new and held connections,
names, sizes and echoes, 3 for the way in which an end arrived, 1 or 2 for what goes with it. What must not be
there if it is that cause counts 6 or more against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause

DECISIVE: Final = 8.0
"""A cause needs so much in all to be named, and what gives it alone decides."""
SAID: Final = 10.0
SURE: Final = 0.6
"""What was seen too seldom to have such a strength is no ground to think of anything."""
Weights = Mapping[Sign | tuple[Sign, Cause], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cause: what it shows in, what goes with it, and what must not be there.

    Without any of its `grounds` a cause is not thought of, whatever goes with it; to have been named by who
    refused is one, too. All weights are positive; those in `against` are taken away.
    """

    grounds: Weights = field(default_factory=dict)
    beside: Weights = field(default_factory=dict)
    against: Weights = field(default_factory=dict)


RULES: Final[Mapping[Cause, Row]] = {
    Cause.CLIENT_RESOURCES: Row(
        grounds={Sign.FRESH_RESOURCES: 8, Sign.HOST_STALLED: 8}, beside={Sign.HELD_WORKS: 1}
    ),
    Cause.CLIENT_LOCAL_NETWORK: Row(
        grounds={Sign.FRESH_LOCAL: 8, Sign.FRESH_NEVER_SENT: 6, Sign.HELD_STOPPED_HERE: 8},
        beside={Sign.ECHO_NEVER_SENT: 4},
    ),
    Cause.CLIENT_POOL_EXHAUSTED: Row(),
    Cause.CLIENT_CONNECTION_MISUSE: Row(),
    Cause.DNS_FAILURE: Row(),
    Cause.DNS_SLOW: Row(grounds={Sign.NAME_SLOW: 8}, against={(Sign.SAID, Cause.DNS_FAILURE): 4}),
    Cause.DNS_ANSWER_CHANGED: Row(
        grounds={Sign.ANSWER_CHANGED: 6},
        beside={Sign.FRESH_SOMETIMES: 4, Sign.FRESH_REFUSED: 2, Sign.FRESH_UNANSWERED: 2},
    ),
    Cause.DNS_IPV6_BROKEN: Row(grounds={Sign.SIX_BROKEN: 8}),
    Cause.NET_LOSS: Row(
        grounds={Sign.ECHO_LOSS: 5},
        beside={Sign.SYN_RESENT: 3, Sign.HELD_SLOW: 3, Sign.LOSS_STARTS: 3},
        against={Sign.CHECKSUMS: 8, Sign.ECHO_WORKS: 6},
    ),
    Cause.NET_CORRUPTION: Row(
        grounds={Sign.CHECKSUMS: 8}, beside={Sign.ECHO_LOSS: 2, Sign.SYN_RESENT: 1, Sign.HELD_SLOW: 1}
    ),
    Cause.NET_LATENCY: Row(
        grounds={Sign.DELAY_UP: 6, Sign.DELAY_UP_TCP: 5},
        beside={Sign.FRESH_WORKS: 1},
        against={Sign.HOST_STALLED: 8},
    ),
    Cause.NET_BLACKHOLE: Row(
        grounds={Sign.FRESH_UNANSWERED: 4, Sign.FRESH_STUCK: 2, Sign.HELD_SILENT: 4},
        beside={Sign.ECHO_GAP: 4, Sign.HELD_REVIVED: 4, Sign.PATH_SHORT: 1, Sign.EVERYBODY: 2},
        against={
            Sign.SIX_BROKEN: 6,
            Sign.HELD_OTHERS_LIVE: 4,
            Sign.FRESH_WORKS: 2,
            Sign.HELD_WORKS: 6,
            Sign.ECHO_WORKS: 8,
            Sign.FRESH_NEVER_SENT: 8,
            Sign.HELD_STOPPED_HERE: 8,
            Sign.FRESH_LOCAL: 8,
            Sign.FRESH_UNREACHABLE: 8,
        },
    ),
    Cause.NET_UNREACHABLE: Row(
        grounds={Sign.FRESH_UNREACHABLE: 8}, beside={Sign.PATH_SHORT: 1, Sign.HELD_SILENT: 1}
    ),
    Cause.NET_MTU_BLACKHOLE: Row(
        grounds={Sign.BIG_STALL: 8, Sign.BIG_VANISH: 5},
        beside={Sign.FRESH_TLS_STALLS: 3, Sign.FRESH_STUCK: 3, Sign.FRESH_QUERY_STALLS: 3},
        against={Sign.BIG_PASSES: 8, Sign.ECHO_GAP: 6},
    ),
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
"""Every cause but `unknown`. What was said counts for the cause it names, though no row has it."""
SAID_OTHERWISE: Final[Mapping[Cause, float]] = {Cause.SERVER_SESSION_KILLED: 5.0}
"""Where words do not decide by themselves: who shuts a server down says the same as who ends one session."""


def weigh(cause: Cause, fact: Fact) -> tuple[float, bool]:
    """Give how much a fact speaks for a cause, or against it, and whether it is a ground to think of it."""
    row = RULES[cause]
    for weights, factor, ground in ((row.grounds, 1, True), (row.beside, 1, False), (row.against, -1, False)):
        found = weights.get((fact.sign, fact.cause)) if fact.cause is not None else weights.get(fact.sign)
        if found is not None:
            return factor * found * fact.strength, ground and fact.strength >= SURE
    if fact.sign is Sign.SAID and fact.cause is cause:
        return SAID_OTHERWISE.get(cause, SAID) * fact.strength, True
    return 0.0, False
