"""All targets: which of them are in trouble, why, and since when."""

from typing import Final

from grafana.generator import addresses, bands, columns, limits, lines, words
from grafana.generator.panel import Board, Column, Lines, Query, Row, Stat, Table, Timeline
from grafana.generator.questions import ALL, DROPS, EACH, SURPRISING, TARGET

PHASES: Final = ("dns", "tcp", "tls", "auth", "query", "close")


def _phase(name: str) -> Column:
    taken = EACH.quantile(0.95, "conndrop_session_phase_seconds", having=f'phase="{name}"')
    return Column(title=name, expr=taken, unit="s", width=80)


COUNTS: Final = (
    Stat(
        number=1,
        title="Targets",
        reads="How many databases are probed, wherever from.",
        unit="short",
        width=4,
        height=4,
        queries=(Query(expr="count(count by (target) (conndrop_target_info{<of>}))"),),
    ),
    Stat(
        number=2,
        title="Down",
        reads="Targets at which the latest session did not get in, from at least one vantage. 0 is good.",
        unit="short",
        width=4,
        height=4,
        limits=limits.HARMFUL,
        queries=(Query(expr=f"sum({TARGET.least('conndrop_up')} == bool 0)"),),
    ),
    Stat(
        number=3,
        title="In an incident",
        reads="Targets that suffer from something now, whatever its cause. 0 is good.",
        unit="short",
        width=4,
        height=4,
        limits=limits.HARMFUL,
        queries=(Query(expr=f"sum({TARGET.latest('conndrop_incident_active')} == bool 1)"),),
    ),
    Stat(
        number=4,
        title="Drops",
        reads="Connections that dropped within the time range. 0 is good. Those that were left silent to "
        "find an idle timeout are not counted: they are meant to drop.",
        unit="short",
        width=6,
        height=4,
        decimals=0,
        limits=limits.HARMFUL,
        queries=(Query(expr=ALL.grown(DROPS, having=SURPRISING)),),
    ),
    Stat(
        number=5,
        title="Outage",
        reads="Time within the time range in which no connection could be held, added up over all targets "
        "and vantages. 0 is good. It is about connections that stand: while they do, new sessions may fail.",
        unit="s",
        width=6,
        height=4,
        limits=limits.HARMFUL,
        queries=(Query(expr=ALL.grown("conndrop_outage_seconds_total")),),
    ),
)
TARGETS: Final = Table(
    number=6,
    title="Targets",
    reads="One line for each target and vantage, as it is now. Read from the left: what does it suffer "
    "from, is it up, what share of new sessions fails, is the way to it sound, how long do 95 of 100 "
    "sessions take in each of their phases, and what has the last day brought. `Full` is how much of the "
    "fullest limit of connections is in use. A target's name leads to its story.",
    unit="short",
    width=24,
    height=10,
    labels={"target": "Target", "vantage": "Vantage", "cause": "Cause"},
    links={"Target": addresses.target("target")},
    sort="Up",
    columns=(
        columns.incident(EACH),
        columns.up(EACH),
        columns.failing(EACH),
        columns.loss(EACH),
        *columns.round_trips(EACH),
        *(_phase(name) for name in PHASES),
        columns.drops(EACH),
        columns.outage(EACH),
        columns.full(EACH),
    ),
)
INCIDENTS: Final = Timeline(
    number=7,
    title="Incidents",
    reads="A band for each target and cause that it suffered from, wherever from, from the first symptom to "
    "the last. Two bands at the same time are two causes; the same cause again and again is what to mend "
    "first.",
    unit="short",
    width=24,
    height=10,
    words=words.SUFFERS,
    empty="A band appears with the first incident in the time range.",
    queries=(Query(expr=TARGET.incidents("cause"), legend=TARGET.legend("{{cause}}")),),
)
UP: Final = bands.up(
    12,
    "Up",
    "A band for each target and vantage: whether the latest session got in. Bands that break off together "
    "are one server, or one network. A gap is an exporter that did not run, or was not scraped.",
    EACH,
)
OVER_TIME: Final = (
    lines.packets_lost(
        8, "Share of echoes without an answer. Sound ways lose none; from 1 % on it is felt.", EACH
    ),
    lines.round_trips(
        9,
        "99 of 100 echoes came back within this time. What matters is a change: a step is a new route, "
        "a hill a line that fills.",
        EACH,
    ),
    lines.failing(
        10,
        "Share of new sessions that did not get in, got no answer, or could not say goodbye. None should.",
        EACH,
    ),
    Lines(
        number=11,
        title="Targets in incidents, by cause",
        reads="How many targets suffer at a time from a cause, however many vantages see it. What is highest "
        "and longest is what to mend first; one cause at many targets at once is something that they share.",
        unit="short",
        decimals=0,
        bars=True,
        stacked=True,
        empty="Nothing is drawn until there is a first incident.",
        queries=(Query(expr=f"count by (cause) ({TARGET.incidents('cause')})", legend="{{cause}}"),),
    ),
)
OVERVIEW: Final = Board(
    name="overview",
    title="Overview",
    reads="Every database on one line: is it up, what does it suffer from, what has the last day brought?",
    rows=(
        Row(number=100, title="Now", panels=(*COUNTS, TARGETS)),
        Row(number=101, title="What they suffered from", panels=(INCIDENTS, UP)),
        Row(number=102, title="The way, and sessions", panels=OVER_TIME),
    ),
)
