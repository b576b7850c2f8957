"""Connects to the target, and TLS on them."""

from typing import Final

from grafana.generator import lines
from grafana.generator.palette import Colour
from grafana.generator.panel import Column, Limits, Lines, Query, Stat, Table
from grafana.generator.quantiles import HALF, NEARLY_ALL, spread
from grafana.generator.questions import EACH
from grafana.generator.target_panels import failures

ADDRESSES: Final = (
    ("ipv4", "connects", "IPv4 connects", Colour.BLUE),
    ("ipv4", "fails", "IPv4 fails", Colour.VERMILION),
    ("ipv6", "connects", "IPv6 connects", Colour.SKY),
    ("ipv6", "fails", "IPv6 fails", Colour.ORANGE),
)
"""Families and states of addresses, what they are called here, and their colours."""
ENCRYPTED: Final = "It needs TLS, which the target's URL may switch off."
LEFT: Final = Limits(warning="<certificate_warning>", critical="<certificate_critical>", falls=True)

CONNECT: Final = (
    lines.delays(
        50,
        "What a connect takes",
        "Time of a TCP connect to the database's port, which is one round trip. One second more is a packet "
        "that was lost and sent again, three seconds are two.",
        spread(EACH, "conndrop_tcp_connect_seconds", HALF, NEARLY_ALL),
    ),
    failures(
        51,
        "Connects that fail",
        "Share of connects that failed, to any of the name's addresses. `server.down` is a port that "
        "refuses, `net.blackhole` silence. Sessions may still get in by another address.",
        ("conndrop_tcp_connect_failures_total", "conndrop_tcp_connects_total"),
    ),
    Lines(
        number=52,
        title="First packets (SYN) sent again",
        reads="First packets (SYN) that were sent again, as a share of connects. It is packet loss as TCP "
        "feels it: each costs a second or more.",
        unit="percentunit",
        width=8,
        queries=(
            Query(
                expr=EACH.share("conndrop_tcp_syn_retransmits_total", "conndrop_tcp_connects_total"),
                legend=EACH.named,
            ),
        ),
    ),
    Lines(
        number=53,
        title="Addresses that connect, and that fail",
        reads="Every address of the name is tried. One family that fails while the other connects slows down "
        "whoever tries it first.",
        unit="short",
        width=8,
        decimals=0,
        steps=True,
        queries=tuple(
            Query(
                expr=EACH.total("conndrop_tcp_addresses", having=f'family="{family}",state="{state}"'),
                legend=EACH.legend(name),
                colour=colour,
            )
            for family, state, name, colour in ADDRESSES
        ),
    ),
    Lines(
        number=54,
        title="Largest segment agreed on, in bytes",
        reads="What TCP puts into one packet, next to all headers: 1448 as a rule where packets may have "
        "1500 bytes, 1428 over IPv6. Where it does not fit into the largest packet that passes, large "
        "answers vanish.",
        unit="none",
        width=8,
        decimals=0,
        steps=True,
        least=None,
        queries=(Query(expr=EACH.least("conndrop_tcp_mss_bytes"), legend=EACH.named),),
    ),
)


def _left(number: int, title: str, reads: str, stamp: str) -> Stat:
    return Stat(
        number=number,
        title=title,
        reads=reads,
        unit="s",
        width=6,
        height=5,
        limits=LEFT,
        only=ENCRYPTED,
        queries=(Query(expr=f"{EACH.least(stamp)} - time()", legend=EACH.named),),
    )


TLS: Final = (
    _left(
        60,
        "Certificate expires in",
        "Time left to the server's certificate. Once it is over, clients that verify it are refused.",
        "conndrop_tls_certificate_expiry_timestamp_seconds",
    ),
    _left(
        61,
        "Chain expires in",
        "Time left to whichever certificate of the chain ends first, also that of an authority. It counts as "
        "much.",
        "conndrop_tls_chain_expiry_timestamp_seconds",
    ),
    Table(
        number=62,
        title="What TLS agreed on",
        reads="What the latest handshake agreed on. `Verified` says whether chain and host name are good; "
        "where the URL does not ask for that, sessions go on without.",
        unit="short",
        width=12,
        height=5,
        only=ENCRYPTED,
        labels={
            "version": "Version",
            "cipher": "Cipher",
            "verified": "Verified",
            "target": "Target",
            "vantage": "Vantage",
        },
        sort="Target",
        columns=(
            Column(
                title="Known",
                expr=EACH.latest("conndrop_tls_info", "version", "cipher", "verified"),
                hidden=True,
            ),
        ),
    ),
    Lines(
        number=63,
        title="What a handshake takes, over 15 minutes",
        reads="Half of the looks at TLS took no longer than this. It is one or two round trips and the "
        "server's arithmetic: where only this rises, its processor is busy.",
        unit="s",
        only=ENCRYPTED,
        queries=(
            Query(
                expr=EACH.quantile(0.5, "conndrop_tls_handshake_seconds", span="15m"),
                legend=EACH.named,
            ),
        ),
    ),
    failures(
        64,
        "Handshakes that fail, within 15 minutes",
        "Share of the looks at TLS within 15 minutes that failed, and of what. A bad certificate counts only "
        "where the URL demands a good one.",
        ("conndrop_tls_failures_total", "conndrop_tls_handshakes_total"),
        span="15m",
        only=ENCRYPTED,
    ),
)
