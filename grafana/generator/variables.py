"""The variables of a dashboard: what the reader chooses from."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.generator.asking import SOURCE
from grafana.generator.panel import Board
from grafana.generator.selection import EXPORTERS, SCRAPED

ALL: Final = VariableOption(text="All", value="$__all", selected=True)
USUAL: Final = VariableOption(text="default", value="default", selected=True)
"""Grafana's own default, if it is a Prometheus; else it takes the first."""


def variables(board: Board) -> Iterator[Builder[VariableModel]]:
    """Give them in the order in which each narrows down those after it."""
    series = board.selection.series
    yield DatasourceVariable("datasource").label("Data source").type("prometheus").current(USUAL)
    yield _labels("job", "Job", series)
    yield _labels("instance", "Instance", f'{series}{{job=~"$job"}}')
    # An exporter need not have one: what is nowhere has to be selected, too.
    seen = f"{EXPORTERS.series}{{{SCRAPED}}}" if board.selection is EXPORTERS else EXPORTERS.series
    yield _labels("vantage", "Vantage", seen, everything=".*")
    yield _labels("target", "Target", f"{series}{{{board.selection.origin}}}", one=board.one)


def _labels(name: str, label: str, of: str, *, everything: str = ".+", one: bool = False) -> QueryVariable:
    query = f"label_values({of}, {name})"
    variable = (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
    )
    return variable if one else variable.include_all(True).all_value(everything).current(ALL)
