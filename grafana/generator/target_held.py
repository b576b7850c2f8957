"""Connections that are held to the target, and the server behind it: what other dashboards tell at length."""

from dataclasses import replace
from typing import Final

from grafana.generator import addresses, limits, lines, server_clients, server_facts, server_limits
from grafana.generator.palette import Colour
from grafana.generator.panel import Lines, Note, Query, Stat
from grafana.generator.quantiles import HALF, NEARLY_ALL, spread
from grafana.generator.questions import EACH, PER_MINUTE, SURPRISING, TARGET, TIME

AT_THAT_MOMENT: Final = (
    "The cause is what one connection could tell at that moment; the incidents, from all evidence together, "
    "have the last word."
)


def _drops(number: int, title: str, reads: str, where: str, empty: str) -> Lines:
    """Draw drops by their cause and end."""
    return Lines(
        number=number,
        title=title,
        reads=reads,
        unit=PER_MINUTE,
        stacked=True,
        bars=True,
        empty=empty,
        queries=(
            Query(
                expr=f"{EACH.a_minute('conndrop_drops_total', 'cause', 'end', having=where)} > 0",
                legend=EACH.legend("{{cause}}, {{end}}"),
            ),
        ),
    )


SILENCE: Final = Stat(
    number=72,
    title="Silence ends connections after",
    reads="After how long without a word a connection is ended, and by whom: a firewall or NAT on the way "
    "(middlebox), a proxy, or the server. Pools have to renew connections before that (pool_recycle), or "
    "keepalives have to come before.",
    unit="s",
    width=10,
    height=4,
    headed=True,
    only="It has a value only where something ends silent connections, as soon as that is known.",
    queries=(
        Query(
            expr=EACH.least("conndrop_idle_timeout_seconds", "cause"),
            legend=EACH.legend("{{cause}}"),
            colour=Colour.ORANGE,
        ),
    ),
)
CONNECTIONS: Final = (
    _drops(
        70,
        "Drops, by cause and end",
        "Drops a minute of connections in use, by their cause and how they ended: an error in the "
        "server's words, a close without a word (fin), a reset (rst), or silence. Many at once are one "
        f"event: a restart, a failover, a lost state. {AT_THAT_MOMENT}",
        SURPRISING,
        "A bar appears with the first drop.",
    ),
    _drops(
        71,
        "Drops of silent connections, by cause and end",
        "Drops a minute of connections left silent on purpose, to find out after how long something ends "
        f"them. They are news only where nothing was known to end them. {AT_THAT_MOMENT}",
        'probe="idle"',
        "A bar appears where something ends silent connections.",
    ),
    lines.held(
        73,
        "Connections that stand now, by the probe that holds them, from all vantages. An area falls "
        "with each drop and rises again; where the server is nearly full, they are given back on purpose.",
        TARGET,
    ),
    lines.delays(
        74,
        "Heartbeats",
        "What a small query takes on a connection that stands: half of them, and 99 of 100. Where it rises "
        "and the round trips do not, the server is slow to answer.",
        spread(EACH, "conndrop_heartbeat_seconds", HALF, NEARLY_ALL),
    ),
    lines.outage(
        75,
        "Share of the time in which no connection could be kept. 0 is good. This is what an "
        "application without a pool of its own would have been out.",
        TIME,
    ),
    Lines(
        number=76,
        title="Openings that fail, and revivals",
        reads="How many a minute could not be opened in place of a dropped one, by cause, and how many fell "
        "silent and answered after all: the latter are a way that healed before TCP gave up.",
        unit=PER_MINUTE,
        queries=(
            Query(
                expr=EACH.a_minute("conndrop_sentinel_revivals_total"),
                legend=EACH.legend("came back"),
                colour=Colour.GREEN,
            ),
            Query(
                expr=f"{EACH.a_minute('conndrop_sentinel_open_failures_total', 'cause')} > 0",
                legend=EACH.legend("{{cause}}"),
            ),
        ),
    ),
    Note(
        number=77,
        title="More of connections",
        reads="Where connections are told about at length.",
        unit="",
        width=24,
        height=2,
        text=f"[The Connections dashboard]({addresses.chosen('connections')}) shows how old they were when "
        "they dropped, what silence they survive, and which settings are safe here.",
    ),
)
SERVER: Final = (
    lines.full(80, EACH, width=14),
    Stat(
        number=81,
        title="Running since",
        reads="When the server began. If that is within the time range, all connections from before are "
        "gone.",
        unit="dateTimeFromNow",
        width=5,
        queries=(
            Query(
                expr=f"1000 * {EACH.latest('conndrop_server_start_timestamp_seconds')}",
                legend=EACH.named,
            ),
        ),
    ),
    Stat(
        number=82,
        title="Restarts",
        reads="Times within the time range that the server had started anew.",
        unit="short",
        width=5,
        decimals=0,
        limits=limits.HAPPENED,
        queries=(Query(expr=EACH.grown("conndrop_server_restarts_total"), legend=EACH.named),),
    ),
    replace(server_limits.WHOSE, number=84),
    replace(server_clients.VANISHED, number=85),
    replace(server_facts.LOOKED, number=86),
    Note(
        number=83,
        title="More of the server",
        reads="Where the server is told about at length.",
        unit="",
        width=24,
        height=2,
        text=f"[The Server dashboard]({addresses.chosen('server')}) shows what takes the connections, who "
        "was refused, and what is set.",
    ),
)
