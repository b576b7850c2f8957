"""Tables: one row for each combination of labels, one column for each question."""

from typing import Any, Final

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import table as builders
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
)

from grafana.generator.asking import listed
from grafana.generator.fields import ALARMING, CLEAR, LETTERS, Values, limited, missing, worded
from grafana.generator.panel import Column, Query, Table

COLOURED: Final = {"type": "color-background", "mode": "basic"}


def table(panel: Table, values: Values) -> builders.Panel:
    """Draw a table: answers to all questions are merged by their labels, sorted and named."""
    drawn = (
        builders.Panel()
        .targets([*listed((Query(expr=column.expr) for column in panel.columns), values)])
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
    )
    if panel.numbers:
        drawn.with_transformation(DataTransformerConfig(id_val="convertFieldType", options=_numbers(panel)))
    drawn.with_transformation(DataTransformerConfig(id_val="organize", options=_order(panel)))
    for column in panel.columns:
        if not column.hidden:
            drawn.override_by_name(column.title, _looks(column, values))
    for heading, address in panel.links.items():
        link = {"title": "Show ${__value.text}", "url": address}
        drawn.override_by_name(heading, [DynamicConfigValue("links", [link])])
    if panel.sort:
        heading = panel.sort.removeprefix("-")
        drawn.sort_by([common.TableSortByFieldState().display_name(heading).desc(heading != panel.sort)])
    return drawn


def _numbers(panel: Table) -> dict[str, Any]:
    """Have labels be numbers, which Grafana would take for text: 10 before 2."""
    return {
        "fields": {},
        "conversions": [{"targetField": label, "destinationType": "number"} for label in panel.numbers],
    }


def _order(panel: Table) -> dict[str, Any]:
    """Give headings and order to what has been merged; what is not asked for is left out."""
    values = {_value(panel, number): column for number, column in enumerate(panel.columns)}
    shown = {name: column.title for name, column in values.items() if not column.hidden}
    headings = {**panel.labels, **shown}
    hidden = [name for name, column in values.items() if column.hidden]
    return {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "indexByName": {name: place for place, name in enumerate(headings)},
        "renameByName": headings,
    }


def _value(panel: Table, number: int) -> str:
    """Name the field that Grafana makes of a query's values."""
    return "Value" if len(panel.columns) == 1 else f"Value #{LETTERS[number]}"


def _looks(column: Column, values: Values) -> list[DynamicConfigValue]:
    """Give a column's unit and width, and colour what is beyond its limits: where all is well, nothing is."""
    looks = [DynamicConfigValue("unit", column.unit)]
    if column.decimals is not None:
        looks.append(DynamicConfigValue("decimals", column.decimals))
    if column.width is not None:
        looks.append(DynamicConfigValue("custom.width", column.width))
    any_limit = column.limits.warning or column.limits.critical
    if any_limit:
        looks.append(DynamicConfigValue("thresholds", limited(column.limits, values, CLEAR).build()))
    if any_limit or column.words:
        looks.append(DynamicConfigValue("mappings", [*worded(column.words, alarming=True), missing()]))
    if any_limit or any(word.colour in ALARMING for word in column.words.values()):
        looks.append(DynamicConfigValue("custom.cellOptions", COLOURED))
    return looks
