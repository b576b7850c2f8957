"""What the dashboards ask, asked of a Prometheus of each release that has scraped the story."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from exporter.model import Cause
from tests.dashboards.asking import answer, choices, chosen, marked
from tests.dashboards.boards import Board, Query, boards
from tests.dashboards.chapters import CHAPTERS
from tests.dashboards.conftest import Story
from tests.dashboards.labels import YOURS, labels
from tests.dashboards.questioned import (
    DATABASES,
    NEVER,
    SELDOM,
    TARGETS,
    VANTAGES,
    answered,
    answers,
    everything,
    mistakes,
    moments,
    never,
    selections,
    series,
    shows_nothing,
)
from tests.dashboards.recording import Passed, Recording, recorded
from tests.dashboards.rules.questions import named
from tests.networks import needs_faults, needs_namespaces
from tests.servers.dnsmasq import needs_dnsmasq
from tests.servers.releases import NEWER, RELEASES

pytestmark = [needs_namespaces, needs_faults, needs_dnsmasq]
PARTS: Final = ("conndrop", "conndrop", "node", "prometheus", "shop", "shop")
"""The jobs, once for each of their instances."""
SEEN: Final = (
    ("app-1", Cause.NET_LOSS),
    ("app-1", Cause.MIDDLEBOX_IDLE_TIMEOUT),
    ("app-1", Cause.NET_MTU_BLACKHOLE),
    ("app-1", Cause.SERVER_SATURATED),
    ("bastion", Cause.SERVER_SATURATED),
    ("app-1", Cause.SERVER_RESTART),
    ("bastion", Cause.SERVER_RESTART),
    ("bastion", Cause.SERVER_SESSION_KILLED),
)
"""Causes that are named at one target or another, and from where."""
UNSEEN: Final = (
    ("bastion", Cause.NET_LOSS),
    ("bastion", Cause.MIDDLEBOX_IDLE_TIMEOUT),
    ("bastion", Cause.NET_MTU_BLACKHOLE),
)
"""Causes on the client's way only."""
everywhere = pytest.mark.parametrize(
    ("release", "board"), list(product(RELEASES, boards())), ids=lambda one: getattr(one, "name", one)
)


def test_what_is_kept_can_be_read_again(tmp_path: Path) -> None:
    told = Recording(
        directory=tmp_path,
        begin=1.5,
        end=9.25,
        scrape=1,
        chapters=(Passed(name="healthy", begin=1.5, end=4.0), Passed(name="restart", begin=5.0, end=6.5)),
        incidents=({"vantage": "app-1", "names": ["net.loss"], "ended": None},),
    )
    told.write()
    assert recorded(tmp_path) == told
    assert told.chapter("restart").begin == 5.0


@pytest.mark.parametrize("release", RELEASES)
def test_everything_was_scraped_through_the_whole_story(story: Story, release: str) -> None:
    recording = story.recording
    assert [one.name for one in recording.chapters] == [one.name for one in CHAPTERS]
    found = series(story, release, "sum by (job, instance) (up)", whole=True)
    assert sorted(one["metric"]["job"] for one in found) == list(PARTS)
    for one in found:
        times = [float(at) for at, up in one["values"] if up == "1"]
        assert min(times) < recording.chapters[1].begin, one["metric"]
        assert max(times) > recording.chapters[-1].begin, one["metric"]


@pytest.mark.parametrize("release", RELEASES)
def test_what_happened_was_named(story: Story, release: str) -> None:
    shown = {
        (one["metric"]["vantage"], one["metric"]["cause"])
        for one in series(story, release, "conndrop_incident_active == 1", whole=True)
    }
    told = {(one["vantage"], name) for one in story.recording.incidents for name in one["names"]}
    for pair in SEEN:
        assert pair in shown, shown
        assert pair in told, told
    for pair in UNSEEN:
        assert pair not in shown
        assert pair not in told


@pytest.mark.parametrize("release", RELEASES)
def test_the_shop_has_suffered(story: Story, release: str) -> None:
    errors = series(story, release, "conndrop_app_errors_total > 0")
    assert {"orders", "stock", "billing"} <= {one["metric"]["target"] for one in errors}
    assert Cause.CLIENT_POOL_EXHAUSTED in {one["metric"]["cause"] for one in errors}
    silent = story.recording.chapter("NAT idle timeout")
    died = f'increase(conndrop_app_retries_total{{target="orders"}}[{silent.end - silent.begin:.0f}s]) > 0'
    assert series(story, release, died, at=silent.end)


@everywhere
def test_every_panel_shows_something(release: str, board: Board, story: Story) -> None:
    """All that has no mark of being empty, at the end, when all is well again.

    Where a dashboard is about one target, whichever that is.
    """
    prometheus, now = story.prometheus[release], next(moments(story.recording))
    empty = [
        f"{named(panel)} of {target}"
        for panel, target in product(board.panels, DATABASES)
        if not (panel.empty or panel.only) and shows_nothing(prometheus, panel, now, chosen(board, target))
    ]
    assert not empty, "\n".join(["", *empty])


@everywhere
def test_what_is_not_of_every_database_is_of_some(release: str, board: Board, story: Story) -> None:
    """The pooler among them. What may be empty while all is well need not show anything in the end."""
    prometheus, now = story.prometheus[release], next(moments(story.recording))
    empty = [
        named(panel)
        for panel in board.panels
        if panel.only
        and not panel.empty
        and not never(board, panel)
        and all(shows_nothing(prometheus, panel, now, chosen(board, target)) for target in TARGETS)
    ]
    assert not empty, "\n".join(["", *empty])


@everywhere
def test_every_question_is_answered_in_some_chapter(release: str, board: Board, story: Story) -> None:
    """Also where a panel is empty while all is well; and at the end of no chapter there is a mistake."""
    prometheus, said = story.prometheus[release], []
    asked = [(panel, query) for panel in board.panels for query in panel.queries]
    silent = {f"{board.name} {panel.number} {query.letter}" for panel, query in asked}
    for times in moments(story.recording):
        for panel, query in asked:
            key = f"{board.name} {panel.number} {query.letter}"
            # What is asked over time has met all chapters in the end.
            if key in silent or query.instant:
                found = answer(prometheus, query, panel, times, everything(board))
                said += [f"{key}: {sentence}" for sentence in mistakes(found)]
                silent -= {key} if answered(found) else set()
    assert said == []
    assert silent - set(SELDOM) == {key for key in NEVER if key.startswith(f"{board.name} ")}


@everywhere
def test_whatever_is_chosen(release: str, board: Board, story: Story) -> None:
    """There is no mistake; and what shows something of all targets does of some by themselves."""
    prometheus, now = story.prometheus[release], next(moments(story.recording))
    (jobs,) = (
        choices(prometheus, one, now, everything(board)) for one in board.variables if one.name == "job"
    )
    said, empty = [], []
    for panel in board.panels:
        whole = answers(prometheus, panel, now, everything(board))
        fewer = [answers(prometheus, panel, now, choice) for choice in selections(board, jobs)]
        for found in (whole, *fewer):
            for letter, one in found.items():
                said += [f"{named(panel)} {letter}: {sentence}" for sentence in mistakes(one)]
        if any(answered(one) for one in whole.values()):
            parts = fewer[: len(TARGETS) * len(VANTAGES)]
            if not any(answered(one) for found in parts for one in found.values()):
                empty.append(named(panel))
    assert (said, empty) == ([], [])


@everywhere
def test_every_variable_has_values(release: str, board: Board, story: Story) -> None:
    now = next(moments(story.recording))
    for variable in board.variables:
        if variable.kind == "query":
            found = choices(story.prometheus[release], variable, now, everything(board))
            assert found, variable.name
            if variable.name == "target":
                assert set(found) >= set(DATABASES)


@everywhere
def test_every_mark_is_made(release: str, board: Board, story: Story) -> None:
    """Incidents, restarts, and changes of paths and names are in the story, the last of them near its end."""
    now = next(moments(story.recording))
    for mark in board.marks:
        later = replace(now, end=now.end + mark.step)
        found = marked(story.prometheus[release], mark, later, everything(board))
        assert mistakes(found) == []
        assert answered(found), mark.name


@pytest.mark.parametrize("release", RELEASES)
def test_series_have_the_labels_that_are_listed(release: str, story: Story) -> None:
    """And no others, so that rules on labels know what they are about; `target_info` has the reader's own."""
    now = next(moments(story.recording))
    asked = {"match[]": '{__name__=~"conndrop_.+"}', "start": str(now.begin), "end": str(now.end)}
    found: dict[str, set[str]] = {}
    for one in story.prometheus[release].document("/api/v1/series", **asked)["data"]:
        found.setdefault(one["__name__"], set()).update(set(one) - {"__name__"})
    assert {
        name: own for name, own in found.items() if name != YOURS and labels(name) != frozenset(own)
    } == {}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("expr", "mistaken"),
    [
        ("conndrop_up", False),
        ("0 / (0 * conndrop_up)", False),
        ("conndrop_goal", False),
        ("sum by (target (conndrop_up)", True),
        ("conndrop_up / on (target) conndrop_up", True),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(
    release: str, expr: str, mistaken: bool, story: Story
) -> None:
    """A refusal is told; nothing, and what is no number, are no answer."""
    panel = boards()[0].panels[0]
    query = Query(letter="A", expr=expr, legend="", instant=True)
    found = answer(story.prometheus[release], query, panel, next(moments(story.recording)), {})
    assert bool(mistakes(found)) == mistaken
    assert answered(found) == (expr == "conndrop_up")


def test_what_is_said_besides_an_answer_is_noticed(story: Story) -> None:
    """The newer release says what looks like a mistake; the older one knows nothing of that."""
    panel = boards()[0].panels[0]
    query = Query(letter="A", expr="rate(conndrop_up[5m])", legend="", instant=True)
    found = answer(story.prometheus[NEWER.name], query, panel, next(moments(story.recording)), {})
    assert mistakes(found)
