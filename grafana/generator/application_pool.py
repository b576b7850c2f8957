"""Application: what its pool does, in all its processes together and in each of them."""

from typing import Final

from grafana.generator import limits
from grafana.generator.applications import ERRORS, EXHAUSTED, JOB, PROCESS, connections, erred, taken
from grafana.generator.palette import IN_TURN, Colour
from grafana.generator.panel import Column, Lines, Query, Table
from grafana.generator.questions import PER_MINUTE

POOL: Final = (
    Lines(
        number=10,
        title="Connections of the pool, by state",
        reads="Connections that the application has checked out, and those that wait idle in its pool, over "
        "all its processes. Idle ones at 0 while many are checked out is a pool about to run dry. Many "
        "checked out while little is asked of the database is code that does not give them back.",
        unit="short",
        stacked=True,
        queries=(
            Query(
                expr=connections(JOB, "checked_out"),
                legend=JOB.legend("checked out"),
                colour=Colour.BLUE,
            ),
            Query(expr=connections(JOB, "idle"), legend=JOB.legend("idle"), colour=Colour.ORANGE),
        ),
    ),
    Lines(
        number=13,
        title="Connections taken, made and ended",
        reads="How often a second a connection was taken from the pool, made anew, or ended. Making should "
        "be rare against taking. Made and ended ones that rise together are a pool whose size or "
        "`pool_recycle` is too small, or something on the way that ends connections.",
        unit="ops",
        queries=(
            Query(expr=taken(JOB), legend=JOB.legend("taken"), colour=IN_TURN[0]),
            Query(
                expr=JOB.rate("conndrop_app_connects_total"),
                legend=JOB.legend("made"),
                colour=IN_TURN[1],
            ),
            Query(
                expr=JOB.rate("conndrop_app_disconnects_total"),
                legend=JOB.legend("ended"),
                colour=IN_TURN[2],
            ),
        ),
    ),
    Lines(
        number=14,
        title="Connections that the pool lets go of, by reason",
        reads="How often a minute the pool let go of a connection, by its reason: handed out dead, found "
        "dead by the ping, too old, or no longer trusted because another was dead. Only `recycle` is a "
        "matter of course; what was handed out dead has been an error.",
        unit=PER_MINUTE,
        queries=(
            Query(
                expr=JOB.a_minute("conndrop_app_invalidations_total", "reason"),
                legend=JOB.legend("{{reason}}"),
            ),
        ),
    ),
    Lines(
        number=15,
        title="Waited in vain",
        reads="Checkouts a minute for which the pool had no connection until `pool_timeout` was over. It is "
        "0 in a pool that is large enough. See who keeps connections: transactions left idle, slow "
        "queries, code that does not give them back.",
        unit=PER_MINUTE,
        queries=(Query(expr=JOB.a_minute(ERRORS, having=EXHAUSTED), legend=JOB.named),),
    ),
)
PROCESSES: Final = (
    Table(
        number=20,
        title="Each process",
        reads="One line for each process and database. One that stands out has trouble of its own: errors in "
        "one process alone are hardly the database's.",
        unit="short",
        labels={"job": "Application", "instance": "Instance", "pid": "Process", "target": "Target"},
        sort="-Errors",
        columns=(
            Column(title="Taken", expr=taken(PROCESS), unit="ops"),
            Column(
                title="Errors",
                expr=erred(PROCESS),
                unit="percentunit",
                limits=limits.INTOLERABLE,
                decimals=1,
            ),
            Column(
                title="Checked out",
                expr=connections(PROCESS, "checked_out"),
                decimals=0,
            ),
            Column(
                title="Idle",
                expr=connections(PROCESS, "idle"),
                decimals=0,
            ),
        ),
    ),
    Lines(
        number=21,
        title="Connections checked out, by process",
        reads="How many connections each process has checked out. A line that only rises is a process that "
        "does not give its connections back; one that stays at the top is a pool that is full.",
        unit="short",
        queries=(
            Query(
                expr=connections(PROCESS, "checked_out"),
                legend=PROCESS.named,
            ),
        ),
    ),
)
