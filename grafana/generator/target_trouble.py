"""What is wrong with a target: the first thing to read."""

from typing import Final

from grafana.generator import limits, words
from grafana.generator.availability import OUTAGE, available
from grafana.generator.panel import Column, Query, Stat, Table, Timeline
from grafana.generator.questions import DROPS, EACH, FAILED, RANGE, SURPRISING, TARGET

ACTIVE: Final = EACH.latest("conndrop_incident_active", "cause")
LATELY: Final = EACH.series("conndrop_incident_active")
COUNTED: Final = EACH.grown("conndrop_incidents_total", "cause")
OUT: Final = EACH.grown(OUTAGE)
DROPPED: Final = EACH.series(DROPS, SURPRISING)

NOW: Final = (
    Stat(
        number=1,
        title="Up",
        reads="Whether the latest session got in and had its answer.",
        unit="short",
        width=2,
        height=4,
        words=words.UP,
        queries=(Query(expr=EACH.least("conndrop_up"), legend=EACH.named),),
    ),
    Stat(
        number=2,
        title="Suffers from",
        reads="The cause of each incident that goes on now: what to mend. `unknown` means that there is "
        "trouble, and that nothing stands out yet. `conndrop causes` explains each word.",
        unit="short",
        width=6,
        height=4,
        limits=limits.HARMFUL,
        named=True,
        empty="A cause stands here only while the target suffers from it.",
        queries=(
            Query(
                expr=f"{TARGET.latest('conndrop_incident_active', 'cause')} == 1",
                legend=TARGET.legend("{{cause}}"),
            ),
        ),
    ),
    Stat(
        number=3,
        title="Held: available",
        reads="Share of the time in which a connection could be held, of what of the time range was watched. "
        "Below what is promised it turns to another colour. It is about connections that stand: while they "
        "do, new sessions may fail. A server that is full is no outage: the exporter gives its connections "
        "back then, and asks for no others.",
        unit="percentunit",
        width=3,
        height=4,
        decimals=2,
        limits=limits.AVAILABLE,
        queries=(
            Query(
                expr=available(EACH, RANGE),
                legend=EACH.named,
            ),
        ),
    ),
    Stat(
        number=4,
        title="Held: outage",
        reads="Time within the time range in which no connection could be held. 0 is good. What of new "
        "sessions failed meanwhile stands beside it.",
        unit="s",
        width=3,
        height=4,
        limits=limits.HARMFUL,
        queries=(Query(expr=OUT, legend=EACH.named),),
    ),
    Stat(
        number=90,
        title="New sessions that failed",
        reads="Share of the new sessions within the time range that did not get in, got no answer, or could "
        "not say goodbye. 0 is good. Applications without a pool meet all of these, those with one some.",
        unit="percentunit",
        width=4,
        height=4,
        decimals=1,
        limits=limits.FAILING,
        queries=(Query(expr=EACH.share(*FAILED, span=RANGE), legend=EACH.named),),
    ),
    Stat(
        number=5,
        title="Drops",
        reads="Connections that dropped within the time range. 0 is good. Those that are left silent to find "
        "an idle timeout are not counted: they are meant to drop.",
        unit="short",
        width=3,
        height=4,
        decimals=0,
        limits=limits.HARMFUL,
        queries=(
            Query(
                expr=EACH.grown(DROPS, having=SURPRISING),
                legend=EACH.named,
            ),
        ),
    ),
    Stat(
        number=6,
        title="Latest drop",
        reads="How long ago a connection dropped, as exactly as the time range allows: the shorter it is, "
        "the more exact.",
        unit="dateTimeFromNow",
        width=3,
        height=4,
        empty="It has nothing to say while no connection has dropped within the time range.",
        queries=(
            # More than a step is looked back over: in windows that only touch each other, what happens
            # between the last scrape of one and the first of the next is lost.
            Query(
                expr=f"1000 * max {EACH.each()} (max_over_time(timestamp("
                f"increase({DROPPED}[$__rate_interval]) > 0)[$__range:$__interval]))",
                legend=EACH.named,
            ),
        ),
    ),
)
STORY: Final = (
    Timeline(
        number=7,
        title="What it suffered from",
        reads="A band for each cause, from the first symptom until all was quiet for a while. Begin here: "
        "choose the time of a band with the mouse, and read downwards what was to be seen at that time. "
        "Marks in the panels below are incidents, restarts, and changes of the path and of the name.",
        unit="short",
        width=24,
        height=9,
        words=words.SUFFERS,
        empty="A band appears with the first incident in the time range.",
        queries=(Query(expr=EACH.incidents("cause"), legend=EACH.legend("{{cause}}")),),
    ),
    Table(
        number=8,
        title="Causes",
        reads="Every cause of an incident within the time range, the latest first: how many incidents had "
        "it, for how long there were symptoms, and when it was last seen, as exactly as the time range "
        "allows. An incident counts for each cause that it was found to have. The time from its first "
        "symptom to its latest counts for the last of them only; a band above also lasts while all is quiet "
        "again until the incident ends, so it is longer.",
        unit="short",
        width=14,
        height=7,
        labels={"cause": "Cause", "target": "Target", "vantage": "Vantage"},
        sort="-Last seen",
        empty="It has a line for each cause within the time range.",
        columns=(
            Column(
                title="Incidents",
                expr=f"{COUNTED} > 0",
                decimals=0,
                width=110,
            ),
            Column(
                title="Symptoms for",
                expr=f"{EACH.grown('conndrop_incident_seconds_total', 'cause')} >= 1",
                unit="s",
                width=125,
            ),
            Column(
                title="Last seen",
                # What is shorter than a step of a long time range is seen within it.
                expr=f"1000 * max {EACH.each('cause')} (max_over_time(timestamp("
                f"max_over_time({LATELY}[$__interval]) == 1)[$__range:$__interval]))",
                unit="dateTimeAsIso",
                width=170,
            ),
            Column(
                title="Now",
                expr=f"{ACTIVE} and ({ACTIVE} == 1 or {COUNTED} > 0)",
                words=words.SUFFERS,
                width=90,
            ),
        ),
    ),
    Table(
        number=9,
        title="Where it is",
        reads="Which database this is about, and from where it is seen.",
        unit="short",
        width=10,
        height=7,
        labels={
            "target": "Target",
            "vantage": "Vantage",
            "dialect": "Database",
            "host": "Host",
            "port": "Port",
        },
        sort="Target",
        columns=(
            Column(
                title="Known",
                expr=EACH.latest("conndrop_target_info", "dialect", "host", "port"),
                hidden=True,
            ),
        ),
    ),
)
