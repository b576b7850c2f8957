"""Which questions are asked of the story: at which moments, with what chosen, and what is an answer."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from tests.dashboards.asking import Answer, Range, answer, chosen
from tests.dashboards.boards import Board, Panel
from tests.dashboards.conftest import Story
from tests.dashboards.recording import Recording
from tests.servers.prometheus import Prometheus

DATABASES: Final = ("billing", "orders", "stock")
TARGETS: Final = (*DATABASES, "pooler")
VANTAGES: Final = ("app-1", "bastion")
NEVER: Final[Mapping[str, str]] = {
    "conndrop-connections 1 B": "no proxy ends silent connections in the story: the NAT is faster",
    "conndrop-connections 1 C": "nor does a server",
    "conndrop-server 4 A": "no server follows another one",
    "conndrop-server 27 A": "no server keeps a list of hosts: those of the lab resolve no names",
    "conndrop-server 28 A": "as above",
}
"""Questions that the story gives no answer to, and why not: a dashboard, a panel's number, and a letter."""
SELDOM: Final[Mapping[str, str]] = {
    "conndrop-connections 20 A": "a connection only fails to open if it falls into the moment of a fault",
    "conndrop-target 35 B": "every round along the path can be made, but where the machine stands still",
    "conndrop-target 41 B": "so can every name be resolved",
    "conndrop-target 64 B": "a handshake only fails if it falls into the moment of a fault",
    "conndrop-target 76 B": "as above",
    "conndrop-vantages 25 A": "whose trouble it is has to settle, which takes longer than a short story",
}
"""Questions that it does not always give an answer to."""


def never(board: Board, panel: Panel) -> bool:
    """Whether the story has no answer to any of a panel's questions."""
    return all(f"{board.name} {panel.number} {query.letter}" in NEVER for query in panel.queries)


def moments(told: Recording) -> Iterator[Range]:
    """Give the time from the beginning until now, with now the end first, and then each chapter's end."""
    for end in (told.end, *(chapter.end for chapter in told.chapters)):
        yield Range(begin=told.begin, end=end, scrape=told.scrape)


def both(*values: str) -> str:
    """Write several values as Grafana does."""
    return f"({'|'.join(values)})"


def everything(board: Board) -> dict[str, str]:
    """Choose all that there is; on dashboards about one target, too, one by one."""
    return chosen(board, both(*TARGETS))


def selections(board: Board, jobs: Sequence[str]) -> Iterator[dict[str, str]]:
    """Choose one target and vantage, two of each, and one job."""
    for target, vantage in product(TARGETS, VANTAGES):
        yield {**everything(board), "target": target, "vantage": vantage}
    yield {**everything(board), "target": both(*TARGETS[:2]), "vantage": both(*VANTAGES)}
    yield from ({**everything(board), "job": job} for job in jobs)


def mistakes(found: Answer) -> list[str]:
    """Give whatever Prometheus has said besides an answer."""
    return [said for said in (found.refusal, *found.warnings, *found.infos) if said]


def answered(found: Answer) -> bool:
    """Whether there is a number in it."""
    return any(not math.isnan(value) for series in found.series for _, value in series.points)


def answers(
    prometheus: Prometheus, panel: Panel, times: Range, choice: Mapping[str, str]
) -> dict[str, Answer]:
    """Have all questions of a panel answered, by their letters."""
    return {query.letter: answer(prometheus, query, panel, times, choice) for query in panel.queries}


def shows_nothing(prometheus: Prometheus, panel: Panel, times: Range, choice: Mapping[str, str]) -> bool:
    """Whether a panel that asks something shows nothing."""
    found = answers(prometheus, panel, times, choice)
    return bool(found) and not any(answered(one) for one in found.values())


def series(
    story: Story, release: str, expression: str, *, whole: bool = False, at: float | None = None
) -> list[Mapping[str, Any]]:
    """Ask for what there was `at` a moment (in the end, if not told otherwise), or over the whole story."""
    recording = story.recording
    moment = {"time": str(recording.end if at is None else at)}
    over = {"start": str(recording.begin), "end": str(recording.end), "step": str(recording.scrape)}
    answer = story.prometheus[release].asked(
        "/api/v1/query_range" if whole else "/api/v1/query", query=expression, **(over if whole else moment)
    )
    assert answer["status"] == "success", answer
    found: list[Mapping[str, Any]] = answer["data"]["result"]
    return found
