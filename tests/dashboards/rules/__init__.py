"""What dashboards have to keep to: the rules of dashboard-linter, and more."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.dashboards.boards import Board
from tests.dashboards.rules import dashboards, limits, looks, panels, queries, series, tables, variables

Rule = Callable[[Board], Iterator[str]]
"""Gives a sentence for each place at which a dashboard does not keep to it."""

RULES: Final[Mapping[str, Rule]] = {
    rule.__name__: rule
    for rule in (
        dashboards.known_by_their_files,
        dashboards.not_to_be_changed,
        dashboards.not_asked_too_often,
        dashboards.linked_to_each_other,
        dashboards.links_lead_somewhere,
        variables.the_source_is_chosen,
        variables.whose_series_are_chosen,
        variables.narrowed_down_from_the_left,
        queries.written_in_promql,
        queries.series_as_they_are_scraped,
        queries.rates_over_what_grafana_says,
        queries.spans_that_are_said,
        queries.counters_as_rates_only,
        queries.rates_before_sums,
        queries.sides_that_match,
        queries.legends_of_what_is_left,
        queries.asked_in_the_panels_way,
        series.selected_by_the_variables,
        series.labels_that_there_are,
        tables.columns_have_headings,
        tables.columns_are_of_the_same_rows,
        panels.said_in_whole_sentences,
        panels.text_without_slips,
        panels.within_the_grid,
        panels.beside_each_other,
        panels.numbered,
        panels.kinds_that_there_are,
        panels.asked_of_the_source,
        panels.empty_in_words,
        looks.units_that_there_are,
        looks.colours_of_the_palette,
        looks.colour_modes_that_all_know,
        limits.in_order,
        limits.those_of_the_alerts,
    )
}
"""By what is to be true."""
