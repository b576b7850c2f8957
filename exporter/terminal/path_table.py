"""The live table of a path: as much of it as fits a window of any size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporter.terminal.path_report import Style, milliseconds
from exporter.tracing.destination import Destination
from exporter.tracing.naming import Naming
from exporter.tracing.table import Delays, Trace, TracedHop
from exporter.tracing.verdict import State, Verdict

HELP: Final = "q quit   p pause   space resume   r reset   n names   d display   ? help"
LONG_HELP: Final = (
    "q      quit, and leave the table on the screen (so does Ctrl-C)",
    "p      pause: no packet is sent",
    "space  resume",
    "r      reset: forget all that was seen, and count anew",
    "n      names or addresses",
    "d      all columns, or how delays vary (jitter)",
    "?, h   this help; any key leaves it",
)
LEAST_HOST: Final = 18
"""Columns that are kept for who answered, before any for a figure that can be spared."""
USUAL: Final = ("Loss%", "Snt", "Last", "Avg", "Best", "Wrst", "StDev")
JITTER: Final = ("Loss%", "Snt", "Last", "Avg", "StDev", "Jttr", "Javg")
SPARED: Final = ("StDev", "Wrst", "Best", "Javg", "Jttr", "Last", "Snt", "Avg")
"""Columns in the order in which they go when the window is narrow."""
FIGURE: Final = 7
"""Columns of a figure, with the blank before it."""
COLOURS: Final = {
    State.CLEAN: "green",
    State.RATE_LIMITED: "green",
    State.LOSS: "bold red",
    State.REFUSED: "bold red",
    State.UNREACHED: "bold red",
    State.UNSENT: "bold red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is wanted on the screen."""

    style: Style
    jitter: bool = False
    paused: bool = False
    help: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is shown: a path at a moment, and what is known around it."""

    source: str
    destination: Destination
    naming: Naming
    trace: Trace
    verdict: Verdict


def screen(scene: Scene, view: View, console: Console) -> RenderableType:
    """Fill the window, whatever its size; hops in the middle give way where there are too many."""
    width, height = console.size
    if view.help:
        return Text("\n".join(LONG_HELP), no_wrap=True, overflow="ellipsis")
    sentence = _sentence(scene)
    said = len(sentence.wrap(console, width))
    paused = "   paused" if view.paused else ""
    heads = [_line(_headline(scene)), _line(f"{HELP}{paused}", "dim"), Text()]
    room = height - len(heads) - 1 - 1 - said
    if room < 3:  # a very small window: what matters most
        return Group(*heads[:1], hops(scene, view, width, max(1, height - 2 - said)), sentence)
    return Group(*heads, hops(scene, view, width, room), Text(), sentence)


def last_words(scene: Scene, view: View, width: int) -> RenderableType:
    """Give all that is to stay on the terminal."""
    return Group(_line(_headline(scene)), hops(scene, view, width, None), Text(), _sentence(scene))


def hops(scene: Scene, view: View, width: int, most: int | None) -> Table:
    """Give the table, with no more than `most` lines below its head, or all."""
    columns = _columns(JITTER if view.jitter else USUAL, width)
    owner = scene.naming.owner
    longest = max((len(owner(one)) for hop in scene.trace.hops for one in hop.addresses), default=0)
    owned = longest > 0 and width >= 4 + LEAST_HOST + FIGURE * len(columns) + longest + 1
    shown = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False, expand=True, header_style="bold")
    shown.add_column("", justify="right", no_wrap=True, width=3)
    shown.add_column("Host", ratio=1, no_wrap=True, overflow="ellipsis")
    if owned:
        shown.add_column("Owner", no_wrap=True, overflow="ellipsis")
    for column in columns:
        shown.add_column(column, justify="right", no_wrap=True, width=FIGURE - 1)
    lines = [line for hop in scene.trace.hops for line in _lines(hop, columns, scene, view, owned=owned)]
    for cells in _fitting(lines, most):
        shown.add_row(*cells)
    return shown


def _fitting(lines: Sequence[list[Text]], most: int | None) -> Sequence[list[Text]]:
    """Keep the first lines and the last ones, because the target is what matters."""
    if most is None or len(lines) <= most:
        return lines
    if most < 3:
        return lines[-most:]
    above = (most - 1) // 2
    below = most - 1 - above
    left_out = [Text(), Text(f"… {len(lines) - above - below} more …", style="dim")]
    return [*lines[:above], left_out, *lines[-below:]]


def _lines(
    hop: TracedHop, columns: Sequence[str], scene: Scene, view: View, *, owned: bool
) -> Iterator[list[Text]]:
    """Give the lines of one hop: a second one for each further address that has answered there."""
    style = "red" if scene.verdict.start and hop.ttl >= scene.verdict.start else ""
    if hop.ttl in scene.verdict.limited:
        style = "dim"
    figures = _figures(hop)
    for address in hop.addresses or (None,):
        owner = [scene.naming.owner(address) if address else ""] if owned else []
        first = address == hop.address
        told = [figures[column] if first else "" for column in columns]
        cells = [f"{hop.ttl}." if first else "", view.style.label(address, scene.naming), *owner, *told]
        yield [Text(cell, style=style if first else "dim") for cell in cells]


def _figures(hop: TracedHop) -> dict[str, str]:
    figures = {"Loss%": f"{hop.loss:.1%}", "Snt": str(hop.asked)}
    return figures | dict(
        zip(("Last", "Avg", "Best", "Wrst", "StDev", "Jttr", "Javg"), _times(hop.delays), strict=True)
    )


def _times(delays: Delays | None) -> list[str]:
    if delays is None:
        return [""] * 7
    usual = (delays.last, delays.mean, delays.best, delays.worst, delays.deviation)
    times = (*usual, delays.jitter, delays.mean_jitter)
    return [f"{milliseconds(time):.1f}" for time in times]


def _columns(wanted: Sequence[str], width: int) -> list[str]:
    kept = list(wanted)
    for column in SPARED:
        if 4 + LEAST_HOST + FIGURE * len(kept) <= width:
            break
        if column in kept:
            kept.remove(column)
    return kept


def _headline(scene: Scene) -> str:
    others = len(scene.destination.others)
    more = f" (the first of its {others + 1} addresses)" if others else ""
    return f"{scene.source} → {scene.destination}{more}"


def _sentence(scene: Scene) -> Text:
    return Text(scene.verdict.sentence, style=COLOURS.get(scene.verdict.state, ""))


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
