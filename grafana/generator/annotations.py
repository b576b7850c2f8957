"""What is marked in all panels at the time at which it happened."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.builders.prometheus import Dataquery

from grafana.generator.asking import SOURCE
from grafana.generator.fields import Values
from grafana.generator.palette import Colour
from grafana.generator.questions import SEEN

STEP: Final = "15s"
"""How close the marks are to the moment, at best; Grafana's step is longer where the time range is."""
OLD_STEP: Final = "1m"
"""The same for releases before 11.6.2 and 12.0.1, where marks no more than this apart become one."""


def annotations(values: Values) -> Iterator[AnnotationQuery]:
    """Mark incidents from their beginning to their end, and changes in a moment.

    What is asked looks back by one step of Grafana, whatever that is: nothing falls between two steps, and
    nothing is marked twice.
    """
    yield _mark(
        "Incidents",
        SEEN.incidents("cause"),
        "{{target}}: {{cause}}",
        Colour.VERMILION,
        values,
    )
    changes = (
        ("Restarts", "conndrop_server_restarts_total", "{{target}}: the server has restarted", Colour.PURPLE),
        ("Path changes", "conndrop_path_changes_total", "{{target}}: the path has changed", Colour.SKY),
        (
            "Name changes",
            "conndrop_dns_answer_changes_total",
            "{{target}}: the name leads somewhere else",
            Colour.GREEN,
        ),
    )
    for name, counter, title, colour in changes:
        yield _mark(name, f"max {SEEN.each()} ({SEEN.since(counter)}) > 0", title, colour, values)


def _mark(name: str, expr: str, title: str, colour: Colour, values: Values) -> AnnotationQuery:
    # Releases differ in where they look for the question; both places have it.
    filled = values.expression(expr)
    return (
        AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(filled)
        .step(OLD_STEP)
        .target(Dataquery().ref_id("Anno").expr(filled).interval(STEP).range())
        .title_format(title)
        .text_format("{{vantage}}")
        .tag_keys("vantage")
    )
