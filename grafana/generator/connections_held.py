"""Connections that are held: how many stand, how they answer, and for how long there was none."""

from typing import Final

from grafana.generator import addresses, limits, lines
from grafana.generator.availability import OUTAGE, available
from grafana.generator.panel import Column, Limits, Lines, Query, Row, Table
from grafana.generator.quantiles import HALF, NEARLY_ALL, spread
from grafana.generator.questions import EACH, PER_MINUTE, SURPRISING, TARGET, TIME

AGES: Final = "conndrop_drop_age_seconds"
"""Each drop has an age, whatever its cause: these are counted from the start."""
MONTH: Final = EACH.grown(OUTAGE, span="30d")


HELD: Final = Table(
    number=10,
    title="Held, dropped, and what is left of the promise",
    reads="How many connections stand now, and what has become of others within the time range: dropped, "
    "taken for dead though they answered after all, could not be opened. Outage is the time in which none "
    "could be kept. Availability is the share without outages of what was watched within 30 days; the "
    "budget is how much of what the promise allows to be lost is still there, and below 0 % the promise is "
    "broken. Connections that are left silent to find a timeout do not count as dropped: they are meant to.",
    unit="short",
    width=24,
    height=5,
    labels={"target": "Target", "vantage": "Vantage"},
    links={"Target": addresses.target("target")},
    sort="-Outage",
    columns=(
        Column(title="Held", expr=EACH.total("conndrop_held_connections")),
        Column(
            title="Dropped",
            expr=EACH.grown(f"{AGES}_count", having=SURPRISING),
            limits=limits.HAPPENED,
            decimals=0,
        ),
        Column(
            title="Revived",
            expr=EACH.grown("conndrop_sentinel_revivals_total"),
            limits=limits.HAPPENED,
            decimals=0,
        ),
        Column(
            title="Not opened",
            expr=EACH.grown("conndrop_sentinel_open_failures_total"),
            limits=limits.HAPPENED,
            decimals=0,
        ),
        Column(title="Outage", expr=EACH.grown(OUTAGE), unit="s", limits=limits.HAPPENED),
        Column(title="Outage in 30 days", expr=MONTH, unit="s"),
        Column(
            title="Availability in 30 days",
            expr=available(EACH, "30d"),
            unit="percentunit",
            limits=limits.AVAILABLE,
            decimals=3,
        ),
        Column(
            title="Budget of 30 days left",
            expr=f"1 - {MONTH} / (30 * 86400 * (1 - <availability>))",
            unit="percentunit",
            limits=Limits(warning="0", falls=True),
            decimals=0,
        ),
    ),
)
STANDING: Final = lines.held(
    11,
    "Connections that stand now, from all vantages, by the probe that holds them: the sentinel keeps its own "
    "busy, the idle probe leaves them silent, the pool has what the application's would. A dip is a drop; an "
    "area that stays lower than it was tells that none could be opened in its place.",
    TARGET,
)
BEATS: Final = lines.delays(
    18,
    "Heartbeats",
    "Time until a busy connection has answered a trivial query: half of them, and 99 of 100. A hill "
    "right before a drop is a server or a path that failed slowly; a drop without one came all at once.",
    spread(EACH, "conndrop_heartbeat_seconds", HALF, NEARLY_ALL),
)
OUT: Final = lines.outage(
    19,
    "Share of the time in which no connection could be kept. 0 is good; at "
    "100 % the application could not work at all.",
    TIME,
    width=8,
)
NOT_OPENED: Final = Lines(
    number=20,
    title="Openings that fail, by cause",
    reads="A connection that dropped is opened again at once. What stands here is how often a minute that "
    "could not be, and why: the outage lasts as long as it does.",
    unit=PER_MINUTE,
    width=8,
    bars=True,
    stacked=True,
    empty="A bar appears when a connection cannot be opened.",
    queries=(
        Query(
            expr=f"{EACH.a_minute('conndrop_sentinel_open_failures_total', 'cause')} > 0",
            legend=EACH.legend("{{cause}}"),
        ),
    ),
)
REVIVED: Final = Lines(
    number=21,
    title="Revivals",
    reads="Connections a minute that were taken for dead, and answered after all: a stall, not a death. An "
    "application with a timeout shorter than the stall has lost its connection nevertheless.",
    unit=PER_MINUTE,
    width=8,
    bars=True,
    queries=(Query(expr=EACH.a_minute("conndrop_sentinel_revivals_total"), legend=EACH.named),),
)
HELD_CONNECTIONS: Final = Row(
    number=101,
    title="Connections that are held",
    panels=(HELD, STANDING, BEATS, OUT, NOT_OPENED, REVIVED),
)
