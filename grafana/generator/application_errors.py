"""Application: which errors it meets, and what it does about them."""

from typing import Final

from grafana.generator.applications import ERRORS, JOB
from grafana.generator.panel import Column, Lines, Query, Table
from grafana.generator.questions import PER_MINUTE, SEEN

ERRED: Final = (
    Lines(
        number=16,
        title="Errors, by cause",
        reads="Database errors a minute, by what caused them, over all processes. `client.pool_exhausted` is "
        "the application's own pool; causes that begin with `server`, `net`, `dns` or `middlebox` are not "
        "the application's, and the exporters should see them, too.",
        unit=PER_MINUTE,
        bars=True,
        stacked=True,
        empty="Bars appear with the first error.",
        queries=(
            Query(
                expr=f"{JOB.a_minute(ERRORS, 'cause')} > 0",
                legend=JOB.legend("{{cause}}"),
            ),
        ),
    ),
    Lines(
        number=17,
        title="Sessions of the exporters that fail, by cause",
        reads="Failed sessions a minute of the exporters at the same databases, by what caused them. "
        "The same causes here and beside this are the database's, or that of the way; bars at one side "
        "only are that side's own.",
        unit=PER_MINUTE,
        bars=True,
        stacked=True,
        empty="Bars appear with the first session that fails.",
        queries=(
            Query(
                expr=f"{SEEN.a_minute('conndrop_session_failures_total', 'cause')} > 0",
                legend=SEEN.legend("{{cause}}"),
            ),
        ),
    ),
    Table(
        number=18,
        title="Which errors",
        reads="Errors within the time range, the most frequent first, by cause and by the exception that the "
        "application met.",
        unit="short",
        labels={"job": "Application", "target": "Target", "cause": "Cause", "error": "Exception"},
        sort="-Errors",
        empty="A line appears with the first error.",
        columns=(
            Column(
                title="Errors",
                expr=f"{JOB.grown(ERRORS, 'cause', 'error')} > 0",
                decimals=0,
            ),
        ),
    ),
    Lines(
        number=19,
        title="Retries, by cause",
        reads="How often a minute the application tried again, by what had made it fail. Retries with few "
        "errors are an incident weathered; retries that go on and on hide one.",
        unit=PER_MINUTE,
        empty="A line appears when the application tries again for the first time.",
        queries=(
            Query(
                expr=f"{JOB.a_minute('conndrop_app_retries_total', 'cause')} > 0",
                legend=JOB.legend("{{cause}}"),
            ),
        ),
    ),
)
