"""What an application tells of its own connections, beside what the exporters see of the same targets."""

from typing import Final

from grafana.generator import limits
from grafana.generator.application_compared import COMPARED, WAITS
from grafana.generator.application_errors import ERRED
from grafana.generator.application_pool import POOL, PROCESSES
from grafana.generator.applications import (
    CHECKOUTS,
    ERRORS,
    EXHAUSTED,
    JOB,
    PROCESS,
    connections,
    erred,
    taken,
)
from grafana.generator.panel import Board, Column, Query, Row, Stat, Table
from grafana.generator.questions import ALL
from grafana.generator.selection import APPLICATIONS

COUNTS: Final = (
    Stat(
        number=1,
        title="Processes",
        reads="Processes of applications that tell of their connections now. One of them may use several "
        "databases.",
        unit="short",
        width=4,
        height=4,
        queries=(Query(expr="count(count by (job, instance, pid) (conndrop_app_pool_connections{<of>}))"),),
    ),
    Stat(
        number=2,
        title="Errors",
        reads="Database errors for each connection that the application took, now. The limit is that of the "
        "alert DatabaseApplicationErrors.",
        unit="percentunit",
        width=7,
        height=4,
        limits=limits.INTOLERABLE,
        queries=(Query(expr=erred(JOB), legend=JOB.named),),
    ),
    Stat(
        number=3,
        title="Waited in vain",
        reads="How often the pool had no connection to hand out until `pool_timeout` was over, within the "
        "time range. 0 is good. Anything else is a pool that is too small, or code that keeps its "
        "connections: a database that is well does not help.",
        unit="short",
        width=6,
        height=4,
        decimals=0,
        limits=limits.HARMFUL,
        queries=(Query(expr=f"{ALL.grown(ERRORS, having=EXHAUSTED)} or 0 * {taken(ALL)}"),),
    ),
    Stat(
        number=4,
        title="Wait for a connection",
        reads="95 of 100 connections were handed out within this time. A few milliseconds are good, and next "
        "to nothing while the pool has idle ones.",
        unit="s",
        width=7,
        height=4,
        queries=(Query(expr=JOB.quantile(0.95, CHECKOUTS), legend=JOB.named),),
    ),
)
EACH_APPLICATION: Final = Table(
    number=5,
    title="Applications",
    reads="One line for each application, which is the job that scrapes it, and database; all its processes "
    "are added up. Read from the left: how much it works, how long it waits for a connection, how many "
    "errors it meets, and whether its pool is in order. Connects that are as many as checkouts are a pool "
    "that keeps nothing.",
    unit="short",
    width=24,
    height=6,
    labels={"job": "Application", "target": "Target"},
    sort="-Errors",
    columns=(
        Column(
            title="Processes",
            expr=f"count {JOB.each()} ({PROCESS.number('conndrop_app_pool_connections')})",
        ),
        Column(title="Taken", expr=taken(JOB), unit="ops"),
        Column(title="Wait p50", expr=JOB.quantile(0.5, CHECKOUTS), unit="s"),
        Column(title="Wait p99", expr=JOB.quantile(0.99, CHECKOUTS), unit="s"),
        Column(title="Errors", expr=erred(JOB), unit="percentunit", limits=limits.INTOLERABLE, decimals=1),
        Column(title="Retries", expr=JOB.rate("conndrop_app_retries_total"), unit="ops"),
        Column(title="Checked out", expr=connections(JOB, "checked_out"), decimals=0),
        Column(title="Idle", expr=connections(JOB, "idle"), decimals=0),
        Column(title="Connects", expr=JOB.rate("conndrop_app_connects_total"), unit="ops"),
        Column(title="Disconnects", expr=JOB.rate("conndrop_app_disconnects_total"), unit="ops"),
        Column(title="Invalidated", expr=JOB.rate("conndrop_app_invalidations_total"), unit="ops"),
    ),
)
APPLICATION: Final = Board(
    name="application",
    title="Application",
    reads="What applications that have series `conndrop_app_…` tell of their own connections: is it the "
    "database, or their own pool?",
    selection=APPLICATIONS,
    rows=(
        Row(number=100, title="Now", panels=(*COUNTS, EACH_APPLICATION)),
        Row(number=101, title="The database, or the application", panels=COMPARED),
        Row(number=102, title="Its pool, and what the database takes", panels=(*WAITS, *POOL)),
        Row(number=103, title="Its errors", panels=ERRED),
        Row(number=104, title="Its processes", panels=PROCESSES),
    ),
)
