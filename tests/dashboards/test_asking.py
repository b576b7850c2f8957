"""Questions are asked as Grafana asks them."""

import pytest

from tests.dashboards.asking import Range, chosen, duration, filled, legend, named
from tests.dashboards.boards import Board, Query, boards, seconds

HOUR = Range(begin=1_700_000_000, end=1_700_003_600, scrape=15)
BOARDS = boards()


@pytest.mark.parametrize(
    ("seconds", "points", "scrape", "expected"),
    [
        (3600, 600, 15, 15),  # 6 s would be 5 s, which is less than from one scrape to the next
        (3600, 100, 15, 30),
        (6 * 3600, 600, 15, 30),
        (24 * 3600, 600, 15, 120),
        (90 * 86400, 600, 15, 10800),
        (108, 300, 1, 1),
        (60, 600, 0.05, 0.1),
    ],
)
def test_the_interval_is_round_and_no_shorter_than_a_scrape(
    seconds: float, points: int, scrape: float, expected: float
) -> None:
    assert Range(begin=0, end=seconds, scrape=scrape).interval(points) == expected


def test_rates_look_back_over_four_scrapes_at_least() -> None:
    assert HOUR.rate_interval(600) == 60
    assert Range(begin=0, end=86400, scrape=15).rate_interval(600) == 120 + 15


def test_an_annotation_has_a_least_step_of_its_own() -> None:
    assert HOUR.interval(600, least=20) == 20
    assert HOUR.rate_interval(100, least=60) == 75


def test_variables_are_filled_in() -> None:
    expr = 'rate(x{job=~"$job",target=~"${target}"}[$__rate_interval]) + y[$__range] + z[$__interval]'
    assert filled(expr, HOUR, {"job": ".+", "target": "orders"}, 600) == (
        'rate(x{job=~".+",target=~"orders"}[60s]) + y[3600s] + z[15s]'
    )


def test_a_variable_that_there_is_not_is_no_text() -> None:
    with pytest.raises(KeyError):
        filled('x{job=~"$jobs"}', HOUR, {"job": ".+"}, 600)


def test_what_a_regular_expression_has_found_is_no_variable() -> None:
    assert filled('label_replace(x, "a", "$1", "b", "(.*)$")', HOUR, {}, 600).count("$") == 2


def test_less_than_a_second_is_written_as_prometheus_reads_it() -> None:
    assert [duration(15), duration(0.5), duration(1.5)] == ["15s", "500ms", "1500ms"]


def test_times_are_read_as_grafana_writes_them() -> None:
    assert [seconds("15s"), seconds("1m"), seconds("2h")] == [15, 60, 7200]


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("{{target}} {{vantage}}", {"target": "orders", "vantage": "app-1"}, "orders app-1"),
        ("{{target}} {{vantage}}", {"target": "orders"}, "orders"),
        ("{{ cause }}", {"cause": "net.loss"}, "net.loss"),
    ],
)
def test_legends_have_labels(text: str, labels: dict[str, str], expected: str) -> None:
    assert legend(text, labels) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "up"),
        ({"__name__": "up", "job": "conndrop"}, "conndrop"),
        ({"job": "conndrop", "instance": "a"}, '{job="conndrop", instance="a"}'),
    ],
)
def test_a_series_without_a_legend_is_called_by_its_labels(labels: dict[str, str], expected: str) -> None:
    query = Query(letter="A", expr="up", legend="__auto", instant=True)
    assert named(query, labels) == expected


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_question_can_be_filled_in(board: Board) -> None:
    choice = chosen(board, "orders")
    exprs = [query.expr for panel in board.panels for query in panel.queries]
    assert exprs
    for expr in (*exprs, *(mark.expr for mark in board.marks)):
        assert "$" not in filled(expr, HOUR, choice, 600).replace('$"', "").replace("$1", "")


def test_all_is_chosen_where_there_is_all() -> None:
    everywhere = chosen(next(board for board in BOARDS if board.name == "conndrop-overview"), "orders")
    assert everywhere == {"job": ".+", "instance": ".+", "vantage": ".*", "target": ".+"}
