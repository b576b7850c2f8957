"""Whatever is measured can be seen, and whatever is asked for exists."""

import re
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector

from exporter.instrument.series import Series
from tests.alerts.foreign import FOREIGN, PROMETHEUS
from tests.alerts.test_metrics import HISTOGRAM, ours
from tests.dashboards.boards import Board, boards
from tests.dashboards.expressions import asked, parsed
from tests.dashboards.labels import APPLICATION, listed
from tests.dashboards.rules.queries import COMPARED
from tests.dashboards.rules.questions import questions
from tests.test_shipped import names

EACH_SCRAPE = PROMETHEUS | {"scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"}
"""What Prometheus says of each scrape."""
NODE = FOREIGN["compat/node_exporter.yml"] | {"node_uname_info"}


def shown() -> set[str]:
    """Name every series that any dashboard asks for, for its panels, its marks and its variables."""
    return {name for board in boards() for name in _asked(board)}


def _asked(board: Board) -> Iterator[str]:
    variables = [variable.name for variable in board.variables]
    of_variables = (re.fullmatch(r"label_values\((.+),\s*\w+\)", one.query) for one in board.variables)
    expressions = [found[1] for found in of_variables if found]
    expressions += [question.expr for question in questions(board)]
    for expr in expressions:
        yield from (series.name for series in asked(parsed(expr, variables)))


def process() -> set[str]:
    """Name what client libraries tell of a process."""
    return {
        family.name + "_total" * (family.type == "counter")
        for family in ProcessCollector(registry=CollectorRegistry()).collect()
    }


def test_every_metric_is_on_a_dashboard() -> None:
    seen = {re.sub(rf"({'|'.join(HISTOGRAM)})$", "", name) for name in shown()} | shown()
    measured = {name for name in names() if name.startswith("conndrop_")}
    assert measured - seen == set()


def test_every_series_exists() -> None:
    applications = {name + suffix for name in APPLICATION for suffix in ("", *HISTOGRAM)}
    known = ours() | applications | NODE | EACH_SCRAPE | process() | {COMPARED}
    assert shown() - known == set()


def test_series_of_an_application_are_those_of_one_that_is_instrumented() -> None:
    families = Series().collect()
    told = {family.name + "_total" * (family.type == "counter") for family in families}
    assert set(APPLICATION) == told


def test_labels_are_known_of_every_metric() -> None:
    """Rules on labels would pass over a metric that the documentation says nothing of."""
    assert set(listed()) == {name for name in names() if name.startswith("conndrop_")} | set(APPLICATION)
    assert listed()["conndrop_up"] == {"job", "instance", "vantage", "target"}
    assert listed()["conndrop_clock_steps_total"] == {"job", "instance", "vantage"}
    assert listed()["conndrop_drops_total"] >= {"target", "probe", "end", "cause"}
