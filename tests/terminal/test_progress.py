"""Progress: a screen in any window, and lines where there is none."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from exporter.examination.report import Look, Progress, Side, State
from exporter.terminal.live import living
from exporter.terminal.parts import written
from exporter.terminal.progress import HELP, News, clock, frame
from tests.terminal.made import HOSTILE, IDLE, INCIDENT, LOOKS, progress

EXPECTED = """\
orders  0:12, at most 1:48 left

  ✓ dns      192.0.2.7 in 3.1 ms
  - ping     this host lets nobody ping
  ✓ tcp      12.5 ms median of 40 connects
  ✓ session  open in 61 ms: tcp 12 ms, auth 30 ms, query 12 ms
  · pool     waiting

Connections left silent
          30 s  ████████████░░░░░░░░░░░░░░░░░░ 0:18 left
         1 min  ██████░░░░░░░░░░░░░░░░░░░░░░░░ 0:48 left, keepalive
  silence: survived 4 min 59 s, ended at 5 min 1 s
  ended by: something on the way, such as a NAT, a firewall or a load balancer…

  ✗ middlebox.idle_timeout: Something on the way to orders forgets connections…

Ctrl-C ends it and shows what is known by then"""


def screen(shown: Progress, width: int = 80, height: int = 24, *, ascii_only: bool = False) -> list[str]:
    return [written(line) for line in frame(shown, width, height, ascii_only=ascii_only)]


def test_a_screen() -> None:
    assert "\n".join(screen(progress(rungs=2))) == EXPECTED


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [2, 5, 10, 24, 60])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_window(width: int, height: int, *, ascii_only: bool) -> None:
    lines = screen(progress(rungs=20), width, height, ascii_only=ascii_only)
    assert len(lines) <= height
    assert lines[0].startswith("orders")
    assert HELP.startswith(lines[-1].removesuffix("...").removesuffix("…"))
    assert all(line.isascii() for line in lines) or not ascii_only
    assert max(map(len, lines)) <= max(width, 40)


def test_a_small_window_shows_what_tells_soonest() -> None:
    lines = screen(progress(rungs=20, ill=False), 80, 13)
    assert [line.split()[0] for line in lines if "░" in line] == ["30"]
    assert not any("ping" in line for line in lines)


def test_before_anything_is_known() -> None:
    lines = screen(progress(rungs=0, idle=None, ill=False))
    assert not any("silent" in line or "silence" in line for line in lines)
    assert any("hold" in line for line in lines)


@pytest.mark.parametrize("said", HOSTILE)
def test_what_others_say_is_harmless(said: str) -> None:
    looks = tuple(replace(look, text=said, state=State.BAD) for look in LOOKS)
    shown = replace(progress(), target=said, looks=looks, incidents=(replace(INCIDENT, summary=said),))
    assert all(line.isprintable() for line in [*screen(shown), *News().lines(shown)])
    output = io.StringIO()
    with living(output, ascii_only=False) as show:
        show(shown)
    assert "\x1b[2J\x1b]0" not in output.getvalue()
    assert "\x1b]0" not in output.getvalue()


def test_the_screen_goes_as_it_came() -> None:
    output = io.StringIO()
    with living(output, ascii_only=False) as show:
        show(progress())
        assert "Connections left silent" in output.getvalue()
    assert output.getvalue().count("\x1b[?1049h") == output.getvalue().count("\x1b[?1049l") == 1
    assert output.getvalue().count("\x1b[?25l") <= output.getvalue().count("\x1b[?25h")


def test_lines_tell_news_only() -> None:
    news = News()

    def told(shown: Progress) -> list[str]:
        return [line.split(None, 1)[1] for line in news.lines(shown)]

    start = replace(progress(rungs=0, idle=None, ill=False, elapsed=1.0), looks=(Look(side=Side.TCP),))
    assert told(start) == []
    good = replace(start, looks=(Look(side=Side.TCP, state=State.GOOD, text="1 connect"),))
    assert told(good) == ["tcp: 1 connect"]
    assert told(replace(good, looks=(Look(side=Side.TCP, state=State.GOOD, text="2 connects"),))) == []
    bad = replace(good, looks=(Look(side=Side.TCP, state=State.BAD, text="refused"),))
    assert told(bad) == ["tcp: BAD: refused"]
    assert told(replace(bad, incidents=(INCIDENT,))) == [f"trouble: {INCIDENT.cause}: {INCIDENT.summary}"]
    found = replace(bad, idle=IDLE)
    assert list(told(found)) == [
        "silence: survived 4 min 59 s, ended at 5 min 1 s",
        "silence ends by something on the way, such as a NAT, a firewall or a load balancer after 5 min "
        "(middlebox.idle_timeout)",
    ]


def test_lines_say_now_and_then_that_it_goes_on() -> None:
    news = News()
    told: Iterator[str] = (
        line for second in range(100) for line in news.lines(progress(elapsed=float(second)))
    )
    waiting = [line.split()[0] for line in told if "waiting for silent connections" in line]
    assert waiting == ["0:30", "1:00", "1:30"]


@pytest.mark.parametrize(("seconds", "written"), [(0.4, "0:00"), (67, "1:07"), (3600, "1:00:00")])
def test_a_stopwatch(seconds: float, written: str) -> None:
    assert clock(seconds) == written
