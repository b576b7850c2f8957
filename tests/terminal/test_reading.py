"""Reports as text: complete, in any width, harmless whatever somebody else has put into them."""

import io
from dataclasses import replace

import pytest

from exporter.examination.report import Report
from exporter.model import Cause, End, Severity
from exporter.terminal.live import coloured
from exporter.terminal.outcome import healthy, idle_timeout, looked
from exporter.terminal.parts import lined, written
from exporter.terminal.reading import diagnosed, of_silence
from exporter.terminal.showing import Reading
from tests.terminal.made import CODE, FINDING, HEALTHY, HOSTILE, IDLE, ILL, dropped, hostile

READINGS = [diagnosed, of_silence]
EXPECTED = """\
orders, PostgreSQL 17.5
postgresql://app@db-7.orders.example.com:5432/shop
2026-09-21T14:13:20.000Z, took 1 min 1 s, ended before its time

  ✓ dns      192.0.2.7 in 3.1 ms
  - ping     this host lets nobody ping
  ✓ tcp      12.5 ms median of 40 connects
  ✓ session  open in 61 ms: tcp 12 ms, auth 30 ms, query 12 ms
  · pool     waiting
  ✗ hold     4 min 59 s survived, 5 min 1 s kills

Verdict
  ✗ Something on the way to orders forgets connections that are silent for 300.4
    s.

Finding 1: critical, middlebox.idle_timeout, 93% sure
  Why:
    - 2 silent connections died unheard
    - the server listed them for as long as it was asked
  What to do:
    1. Let the pool give up connections in time
       create_engine(url, pool_recycle=239)
    2. Ask whoever runs the NAT

What to set

"""


def text(report: Report, reading: Reading = diagnosed, width: int = 80, *, ascii_only: bool = False) -> str:
    return "\n".join(map(written, lined(reading(report), width, ascii_only=ascii_only)))


def test_a_whole_report() -> None:
    told = text(ILL)
    assert told.startswith(EXPECTED)
    assert (
        f"\n\n{CODE}\n    pool_recycle = 239\n      a connection is replaced in time\n  On the server:\n"
        in told
    )
    assert told.endswith(
        "What could not be told\n  - It was ended after 61.2 s: what was not seen by then is not known\n"
    )


def test_a_healthy_report_says_so_and_no_more() -> None:
    told = text(HEALTHY)
    assert told.endswith("Verdict\n  ✓ Nothing is wrong at orders: dns, tcp, session are good.\n")
    assert "What to" not in told


def test_what_the_verdict_does_not_say_the_finding_does() -> None:
    other = replace(FINDING, cause=Cause.UNKNOWN, severity=Severity.INFO, evidence=(), summary="It is so")
    told = text(replace(ILL, findings=(FINDING, other)))
    assert "Finding 2: info\n  It is so\n  It could also be: middlebox.idle_timeout, net.blackhole\n" in told
    assert text(replace(ILL, findings=(replace(FINDING, cause=None),))).count("93%") == 0


@pytest.mark.parametrize("width", [20, 40, 80, 100])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("reading", READINGS)
def test_every_width_and_alphabet(width: int, reading: Reading, *, ascii_only: bool) -> None:
    told = text(ILL, reading, width, ascii_only=ascii_only)
    assert CODE.rstrip() in told, "what is to be copied stays as it is"
    free = ("create_engine(", "://", " = ")
    lines = [line for line in told.replace(CODE, "").splitlines() if not any(map(line.count, free))]
    assert max(map(len, lines)) <= max(width, 26)
    assert told.isascii() or not ascii_only
    assert "pool_recycle = 239" in told


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("reading", READINGS)
def test_what_others_say_is_harmless(said: str, reading: Reading) -> None:
    told = text(hostile(said), reading)
    assert all(character == "\n" or character.isprintable() for character in told)
    assert told.count("\n") < 500
    output = io.StringIO()
    coloured(lined(reading(hostile(said)), 80), output)
    assert "\x1b[2J" not in output.getvalue()
    assert "\x1b]0" not in output.getvalue()
    assert "[bold red]markup[/] [/]" in output.getvalue() or "markup" not in said


def test_colours_change_no_character() -> None:
    plain, output = list(lined(diagnosed(ILL), 80)), io.StringIO()
    coloured(plain, output)
    bare = "".join(
        part.partition("m")[2] if number else part
        for number, part in enumerate(output.getvalue().split("\x1b["))
    )
    assert bare == "".join(f"{written(line)}\n" for line in plain)


@pytest.mark.parametrize(
    ("end", "used", "told"),
    [
        (End.SILENCE, True, "silent: nobody is told; the next query gets no answer at all\n"),
        (End.RST, True, "reset: the connection is reset when it is used again\n"),
        (End.RST, False, "reset: the connection is reset\n"),
        (End.FIN, False, "closed: the connection is closed, and a client can notice\n"),
        (End.ERROR, False, "closed: the connection is closed, and the server says why\n"),
    ],
)
def test_in_what_way_silence_ends(end: End, told: str, *, used: bool) -> None:
    assert f"  way      {told}" in text(dropped(end, used=used), of_silence, 100)


@pytest.mark.parametrize(
    ("survived", "killed", "told", "found"),
    [
        (299.0, 301.0, "survived 4 min 59 s, ended at 5 min 1 s", True),
        (None, 301.0, "nothing survived, ended at 5 min 1 s", True),
        (299.0, None, "survived 4 min 59 s, nothing has ended", False),
        (None, None, "nothing is known of silence yet", None),
    ],
)
def test_between_which_silences(
    survived: float | None, killed: float | None, told: str, *, found: bool | None
) -> None:
    report = replace(ILL, idle=replace(IDLE, survived=survived, killed=killed, timeouts=()))
    bare = replace(report, findings=())
    assert f"  silence  {told}\n" in text(report, of_silence)
    assert "  layer    probably something on the way" in text(report, of_silence)
    assert "layer  " not in text(bare, of_silence)
    assert idle_timeout(bare) is found
    assert idle_timeout(report), "it has been named"


def test_no_look_at_silence_at_all() -> None:
    report = replace(ILL, idle=None, findings=())
    assert "  silence  nothing is known of silence yet\n" in text(report, of_silence)
    assert idle_timeout(report) is None


def test_what_a_report_comes_to() -> None:
    info = replace(FINDING, severity=Severity.INFO)
    assert healthy(HEALTHY)
    assert healthy(replace(HEALTHY, findings=(info,)))
    assert not healthy(replace(HEALTHY, findings=(info, FINDING)))
    assert not healthy(replace(HEALTHY, looks=ILL.looks))
    assert looked(HEALTHY)
    assert looked(replace(HEALTHY, looks=(), findings=(FINDING,)))
    assert not looked(replace(HEALTHY, looks=ILL.looks[1:2]))
