"""Rules for what lies before any device or server: this host, names, the network."""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.rules.row import Row
from exporter.diagnosis.sign import Sign
from exporter.model import Cause

OUTSIDE: Final[Mapping[Cause, Row]] = {
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
            Sign.ECHO_UNREACHABLE: 8,
        },
    ),
    Cause.NET_UNREACHABLE: Row(
        # Routers say so seldom: an echo may be told what a connect is not.
        grounds={Sign.FRESH_UNREACHABLE: 8, Sign.ECHO_UNREACHABLE: 6},
        beside={
            Sign.FRESH_UNANSWERED: 2,
            Sign.FRESH_STUCK: 2,
            Sign.HELD_SILENT: 1,
            Sign.HELD_REVIVED: 4,
            Sign.PATH_SHORT: 1,
            Sign.EVERYBODY: 2,
        },
        against={
            Sign.FRESH_LOCAL: 8,
            Sign.FRESH_NEVER_SENT: 8,
            Sign.HELD_STOPPED_HERE: 8,
            (Sign.SAID, Cause.SERVER_SESSION_KILLED): 4,
        },
    ),
    Cause.NET_MTU_BLACKHOLE: Row(
        grounds={Sign.BIG_STALL: 8, Sign.BIG_VANISH: 5},
        beside={Sign.FRESH_TLS_STALLS: 3, Sign.FRESH_STUCK: 3, Sign.FRESH_QUERY_STALLS: 3},
        against={Sign.BIG_PASSES: 8, Sign.ECHO_GAP: 6},
    ),
}
