"""Application: what it meets, beside what the exporters see of the same targets at the same time.

`<of>` is the application here, `<incidents>` what the exporters tell.
"""

from typing import Final

from grafana.generator import addresses, columns, limits, lines, words
from grafana.generator.applications import CHECKOUTS, JOB, erred, taken
from grafana.generator.palette import PROBES, Colour
from grafana.generator.panel import Lines, Query, Scale, Table, Timeline, Word
from grafana.generator.quantiles import HALF, MOST, NEARLY_ALL, spread
from grafana.generator.questions import SEEN, SESSION, TARGET

# Where nothing was taken and nothing failed, the errors are not beyond the limit either.
SUFFERS: Final = f"(({erred(TARGET)} or 0 * {taken(TARGET)}) > bool <application_errors>)"
DATABASE: Final = f"max {TARGET.each()} ({SEEN.latest('conndrop_incident_active')})"
WHOSE: Final = {
    0: Word(text="all is well", colour=Colour.BLUE),
    1: Word(text="the application alone", colour=Colour.ORANGE),
    2: Word(text="incident, no errors", colour=Colour.SKY),
    3: Word(text="both", colour=Colour.VERMILION),
}
COMPARED: Final = (
    Timeline(
        number=6,
        title="Whose trouble it is",
        reads="A band for each database. `Both` are errors in the application while an exporter sees an "
        "incident: the database or the way to it. `The application alone` are errors while the exporters "
        "are served well: look at its pool, its code and its host. `Incident, no errors` is trouble that "
        "the application has weathered so far, though it may have waited for that, as is seen below. A "
        "database that no exporter probes has no band.",
        unit="short",
        width=24,
        height=5,
        words=WHOSE,
        queries=(Query(expr=f"{SUFFERS} + 2 * {DATABASE}", legend=TARGET.named),),
    ),
    Lines(
        number=7,
        title="Errors that the application meets",
        reads="Database errors for each connection that was taken, over all its processes. Compare it with "
        "the incidents beside it: errors without an incident are the application's own.",
        unit="percentunit",
        limits=limits.INTOLERABLE,
        queries=(Query(expr=erred(JOB), legend=JOB.named),),
    ),
    Timeline(
        number=8,
        title="Incidents that the exporters see",
        reads="A band for each cause that one of these databases suffered from, as the exporters see it, at "
        "the same time as the panel beside it.",
        unit="short",
        words=words.SUFFERS,
        empty="A band appears with the first incident in the time range.",
        queries=(Query(expr=SEEN.incidents("cause"), legend=SEEN.legend("{{cause}}")),),
    ),
    Table(
        number=9,
        title="The same databases, as the exporters see them",
        reads="One line for each database and vantage. While all is well here, the application's trouble is "
        "its own. A target's name leads to its story.",
        unit="short",
        width=24,
        height=8,
        labels={"target": "Target", "vantage": "Vantage", "cause": "Cause"},
        links={"Target": addresses.target("target", job=False)},
        sort="Up",
        columns=(
            columns.incident(SEEN),
            columns.up(SEEN),
            columns.loss(SEEN),
            columns.sessions(SEEN),
            columns.failing(SEEN),
            columns.drops(SEEN),
            columns.outage(SEEN),
            columns.full(SEEN),
        ),
    ),
)
WAITS: Final = (
    lines.delays(
        11,
        "What the application waits for a connection",
        "50, 95 and 99 of 100 connections were handed out within this time. It holds the wait in the "
        "pool and, where there was none idle, a connect. The panel beside this tells what a connect costs: "
        "what is beyond that is waiting for the pool.",
        spread(JOB, CHECKOUTS, HALF, MOST, NEARLY_ALL),
    ),
    Lines(
        number=12,
        title="What the exporters wait",
        reads="95 of 100, as the exporters see it: a new session from the name to the goodbye, a query on a "
        "connection that stands, and a connection of their own pool (dashed), where one has been configured "
        "with the application's settings. If these are low while the application waits, the database is "
        "quick and its pool is the bottleneck; if they rise with it, the database or the way is slow.",
        unit="s",
        scale=Scale.LOG,
        least=None,
        queries=(
            Query(expr=SEEN.quantile(0.95, SESSION), legend=SEEN.legend("new session"), colour=Colour.GREEN),
            Query(
                expr=SEEN.quantile(0.95, "conndrop_heartbeat_seconds"),
                legend=SEEN.legend("query"),
                colour=PROBES["sentinel"],
            ),
            Query(
                expr=SEEN.quantile(0.95, "conndrop_pool_checkout_seconds"),
                legend=SEEN.legend("pool"),
                colour=PROBES["pool"],
                dashed=True,
            ),
        ),
    ),
)
