"""What single values and tables say of pasts in which the truth is known."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from exporter.model import Cause
from tests.dashboards.asking import answer, chosen, filled
from tests.dashboards.boards import Panel, Query, boards
from tests.dashboards.history import END, SCRAPED, History, lasting, remembering, series
from tests.servers.database import ServerMissing
from tests.servers.prometheus import Prometheus
from tests.servers.releases import RELEASES

HOUR: Final = 240
"""Scrapes."""
BOARDS: Final = {board.name.removeprefix("conndrop-"): board for board in boards()}
HELD: Final = series("conndrop_held_connections", probe="sentinel")
APPLICATION: Final = {"job": "shop", "instance": "app-2:8000", "vantage": "", "pid": "7"}


@pytest.fixture(params=RELEASES)
def past(request: pytest.FixtureRequest) -> Iterator["Past"]:
    """Give what remembers a history, in each release."""
    with ExitStack() as stack:
        yield Past(request.param, stack)


class Past:
    """Asks panels about a history."""

    def __init__(self, release: str, stack: ExitStack) -> None:
        self._release, self._stack = RELEASES[release], stack
        self._running: Prometheus | None = None

    def was(self, history: History) -> None:
        """Let that have happened."""
        try:
            self._running = self._stack.enter_context(remembering(history, self._release))
        except ServerMissing as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))

    def says(self, board: str, number: int, letter: str = "A") -> list[float]:
        """Give the latest values of what a panel's question is answered with."""
        assert self._running is not None
        panel, query = _asked(board, number, letter)
        found = answer(self._running, query, panel, lasting(1), chosen(BOARDS[board], "orders"))
        assert (found.refusal, found.warnings, found.infos) == ("", (), ())
        return [one.points[-1][1] for one in found.series]

    def held(self, board: str, number: int) -> int:
        """Count the samples that Prometheus held at a time to answer a panel about an hour."""
        assert self._running is not None
        panel, query = _asked(board, number, "A")
        times = lasting(1)
        expr = filled(query.expr, times, chosen(BOARDS[board], "orders"), panel.points)
        over = {"start": str(times.begin), "end": str(times.end), "step": str(SCRAPED), "stats": "all"}
        found = self._running.asked("/api/v1/query_range", query=expr, **over)
        return int(found["data"]["stats"]["samples"]["peakSamples"])


def _asked(board: str, number: int, letter: str) -> tuple[Panel, Query]:
    panel = next(one for one in BOARDS[board].panels if one.number == number)
    return panel, next(one for one in panel.queries if one.letter == letter)


@pytest.mark.parametrize(("board", "number"), [("overview", 7), ("target", 7)])
def test_what_is_no_incident_costs_a_timeline_little(board: str, number: int, past: Past) -> None:
    """Prometheus answers nothing for which it has to hold too much at a time; each target has 40 causes."""
    past.was({series("conndrop_incident_active", cause=cause): [0] * HOUR for cause in Cause})
    assert past.held(board, number) < 1.5 * len(Cause) * HOUR


def test_a_timeline_of_all_targets_has_few_points_on_a_wide_screen() -> None:
    assert _asked("overview", 7, "A")[0].document["maxDataPoints"] == 600


@pytest.mark.parametrize(
    ("board", "number", "letter"),
    [
        ("overview", 4, "A"),
        ("overview", 6, "N"),
        ("target", 5, "A"),
        ("vantages", 4, "I"),
        ("application", 9, "F"),
    ],
)
def test_the_first_drop_of_a_cause_that_nobody_foresaw_counts(
    board: str, number: int, letter: str, past: Past
) -> None:
    """Its series begins with a 1, of which no increase is seen."""
    own = {"probe": "pool", "end": "silence", "cause": "middlebox.idle_timeout"}
    foreseen = {**own, "cause": "unknown"}
    past.was(
        {
            series("conndrop_drops_total", **own): [None] * (HOUR // 2) + [1] * (HOUR // 2),
            series("conndrop_drops_total", **foreseen): [0] * HOUR,
            series("conndrop_drop_age_seconds_count", probe="pool"): [0] * (HOUR // 2) + [1] * (HOUR // 2),
        }
    )
    assert past.says(board, number, letter) == [pytest.approx(1, abs=0.1)]


@pytest.mark.parametrize("before", range(4))
def test_no_drop_falls_between_two_looks_back(before: int, past: Past) -> None:
    """Wherever it is, as seen from the moments at which rates are taken."""
    since = HOUR // 2 + before
    past.was({series("conndrop_drop_age_seconds_count", probe="pool"): [0] * (HOUR - since) + [1] * since})
    (when,) = past.says("target", 6)
    assert when / 1000 == pytest.approx(END - since * SCRAPED, abs=90)


@pytest.mark.parametrize("before", range(4))
def test_no_outage_falls_between_two_looks_back(before: int, past: Past) -> None:
    since = HOUR // 2 + before
    out = [0.0] * (HOUR - since) + [14.0] * since
    past.was({series("conndrop_outage_seconds_total"): out, HELD: [1] * HOUR})
    assert past.says("target", 3) == [pytest.approx(1 - 14 / 3600, abs=0.0001)]


def test_time_that_nobody_watched_is_neither_available_nor_out(past: Past) -> None:
    """Half an hour of the hour, and six minutes of it out."""
    out = [0.0] * (HOUR // 4) + [360.0] * (HOUR // 4)
    past.was({series("conndrop_outage_seconds_total"): out, HELD: [1] * len(out)})
    assert past.says("target", 3) == [pytest.approx(0.8, abs=0.01)]
    assert past.says("connections", 10, "G") == [pytest.approx(0.8, abs=0.01)]


@pytest.mark.parametrize("number", [2, 3])
def test_where_nothing_is_measured_nothing_is_said_to_be_well(number: int, past: Past) -> None:
    """An exporter that is gone sees no target that is down."""
    gone = [0.0] * (HOUR // 2) + [None] * (HOUR // 2)
    past.was(
        {
            series("conndrop_up"): gone,
            series("conndrop_incident_active", cause="net.loss"): gone,
        }
    )
    assert past.says("overview", number) == []


@pytest.mark.parametrize(("number", "truth"), [(2, 1), (3, 1)])
def test_targets_in_trouble_are_counted_once_from_however_many_places(
    number: int, truth: int, past: Past
) -> None:
    past.was(
        {
            series("conndrop_up"): [0] * HOUR,
            series("conndrop_up", vantage="bastion", instance="bastion:10054"): [1] * HOUR,
            series("conndrop_up", target="stock"): [1] * HOUR,
            series("conndrop_incident_active", cause="net.loss"): [1] * HOUR,
            series("conndrop_incident_active", cause="net.loss", vantage="bastion"): [0] * HOUR,
            series("conndrop_incident_active", cause="net.loss", target="stock"): [0] * HOUR,
        }
    )
    assert past.says("overview", number) == [truth]


def test_a_cause_has_each_target_once_from_however_many_places(past: Past) -> None:
    active = {"cause": "net.loss"}
    past.was(
        {
            series("conndrop_incident_active", **active): [1] * HOUR,
            series("conndrop_incident_active", **active, vantage="bastion"): [1] * HOUR,
            series("conndrop_incident_active", **active, target="stock"): [1] * HOUR,
        }
    )
    assert past.says("overview", 11) == [2]


def test_a_cause_was_last_seen_when_its_incident_was_last_active(past: Past) -> None:
    since = HOUR // 2
    past.was({series("conndrop_incident_active", cause="net.loss"): [0, 1] * (HOUR // 4) + [0] * since})
    (when,) = past.says("target", 8, "C")
    assert when / 1000 == pytest.approx(END - since * SCRAPED, abs=2 * SCRAPED)


def test_without_an_application_none_has_waited_well(past: Past) -> None:
    past.was({series("conndrop_up"): [1] * HOUR})
    assert past.says("application", 3) == []


def test_an_application_without_errors_has_not_waited_in_vain(past: Past) -> None:
    past.was({series("conndrop_app_checkout_seconds_count", **APPLICATION): list(range(HOUR))})
    assert past.says("application", 3) == [0]


def test_connections_hidden_from_one_account_are_not_counted_twice(past: Past) -> None:
    """One exporter's account is not told what others do, another one's is."""
    place = {"vantage": "bastion", "instance": "bastion:10054"}
    past.was(
        {
            series("conndrop_server_connections", state="hidden"): [50] * HOUR,
            series("conndrop_server_connections", state="idle"): [2] * HOUR,
            series("conndrop_server_connections", state="hidden", **place): [0] * HOUR,
            series("conndrop_server_connections", state="idle", **place): [52] * HOUR,
            series("conndrop_server_own_connections"): [1] * HOUR,
            series("conndrop_server_own_connections", **place): [1] * HOUR,
        }
    )
    assert past.says("server", 14) == [50]
    assert (past.says("server", 10, "B"), past.says("server", 10, "G")) == ([52], [0])


@pytest.mark.parametrize(
    ("number", "looks", "failures"),
    [
        (35, "conndrop_path_rounds_total", "conndrop_path_failures_total"),
        (41, "conndrop_dns_queries_total", "conndrop_dns_failures_total"),
    ],
)
@pytest.mark.parametrize("failed", [0, 1])
def test_a_cause_is_told_only_if_a_look_failed_of_it(
    number: int, looks: str, failures: str, failed: int, past: Past
) -> None:
    past.was(
        {
            series(looks): [2 * place for place in range(HOUR)],
            series(failures, cause=Cause.DNS_FAILURE): [failed * place for place in range(HOUR)],
            series(failures, cause=Cause.UNKNOWN): [0] * HOUR,
        }
    )
    assert past.says("target", number, "B") == [pytest.approx(0.5)] * failed


@pytest.mark.parametrize(
    ("board", "number", "letter"),
    [("connections", 19, "A"), ("target", 75, "A")],
)
def test_an_outage_that_two_exporters_without_a_vantage_saw_is_one(
    board: str, number: int, letter: str, past: Past
) -> None:
    """A share of time is no more than all of it."""
    out = [15.0 * place for place in range(HOUR + 1)]
    past.was(
        {
            series("conndrop_outage_seconds_total", vantage="", instance=instance): out
            for instance in ("a:10054", "b:10054")
        }
    )
    assert past.says(board, number, letter) == [pytest.approx(1)]
