"""Queries as Grafana sends them to Prometheus."""

from collections.abc import Iterable
from typing import Final

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from grafana.generator.fields import LETTERS, Values
from grafana.generator.panel import Query

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whatever the reader has chosen."""


def over_time(queries: Iterable[Query], values: Values) -> list[Dataquery]:
    """Ask for the whole time range."""
    return [_asked(letter, query, values).range() for letter, query in _lettered(queries)]


def now(queries: Iterable[Query], values: Values) -> list[Dataquery]:
    """Ask for the latest values only: what has ended is not shown as if it had not."""
    return [_asked(letter, query, values).instant() for letter, query in _lettered(queries)]


def listed(queries: Iterable[Query], values: Values) -> list[Dataquery]:
    """Ask for the latest values as rows of a table."""
    return [query.format(PromQueryFormat.TABLE) for query in now(queries, values)]


def bucketed(expr: str, values: Values) -> list[Dataquery]:
    """Ask for the buckets of a histogram."""
    query = Query(expr=expr, legend="{{le}}")
    return [query.format(PromQueryFormat.HEATMAP) for query in over_time([query], values)]


def _lettered(queries: Iterable[Query]) -> list[tuple[str, Query]]:
    """Name queries; ValueError for more than there are letters."""
    queries = list(queries)
    return list(zip(LETTERS[: len(queries)], queries, strict=True))


def _asked(letter: str, query: Query, values: Values) -> Dataquery:
    return (
        Dataquery()
        .ref_id(letter)
        .datasource(SOURCE)
        .editor_mode(QueryEditorMode.CODE)
        .expr(values.expression(query.expr))
        .legend_format(query.legend or "__auto")
    )
