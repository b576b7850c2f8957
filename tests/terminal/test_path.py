"""The command `path` where no table is live: its options, and how paths are written."""

import functools
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from exporter import cli
from exporter.cli.path import _note
from exporter.net.hostnames import Hostnames
from exporter.net.owners import Owners
from exporter.net.waiting import Stop
from exporter.terminal.path import Watch, report
from exporter.terminal.path_report import Style, table
from exporter.terminal.path_table import Scene, View, last_words, screen
from exporter.tracing.destination import Destination
from exporter.tracing.naming import Naming
from exporter.tracing.table import Delays, Trace, TracedHop
from exporter.tracing.tracer import Pace, Tracer
from exporter.tracing.verdict import judge
from tests.test_cli import told
from tests.test_daemon import COMMAND, environment
from tests.waiting import running, wait_for

DELAYS = Delays(
    last=0.0101, best=0.01, mean=0.0125, worst=0.02, deviation=0.003, jitter=0.001, mean_jitter=0.002
)
LONG = "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61
NAMES = {"10.0.1.2": LONG, "10.0.2.2": "\x1b[2Jcore.transit.example", "10.0.2.9": "[bold]other"}
DESTINATION = Destination(host="db.test", address="10.9.9.9", port=5432, protocol="tcp", others=("10.9.9.8",))


def hop(ttl: int, *addresses: str, lost: int = 0, reached: bool = False) -> TracedHop:
    delays = DELAYS if addresses else None
    return TracedHop(ttl=ttl, asked=20, lost=lost, addresses=addresses, reached=reached, delays=delays)


TRACE = Trace(
    rounds=20,
    hops=(
        hop(1, "10.0.1.2"),
        hop(2, "10.0.2.2", "10.0.2.9", "10.0.2.10", lost=15),
        hop(3, lost=20),
        hop(4, "10.9.9.9", reached=True),
    ),
)


@functools.cache
def naming(*, owners: bool = True) -> Naming:
    """Give names and owners that are known already."""
    names = Hostnames(lambda address: NAMES.get(address, ""))
    known = Naming(Owners({"Transit": ["10.0.2.0/24"]} if owners else {}), names)
    wait_for(lambda: not [one for hop in TRACE.hops for one in hop.addresses if not names.knows(one)])
    return known


def test_a_report_is_laid_out_like_mtrs() -> None:
    """Names are cut to fit; all who answered at a hop stand below it; nothing moves the cursor."""
    assert table(TRACE, "app1", naming(owners=False), Style()).splitlines() == [
        "HOST: app1                        Loss%   Snt   Last   Avg  Best  Wrst StDev",
        "  1.|-- aaaaaaaaaaaaaaaaaaaaaaaaa  0.0%    20   10.1  12.5  10.0  20.0   3.0",
        "  2.|-- \ufffd[2Jcore.transit.example  75.0%    20   10.1  12.5  10.0  20.0   3.0",
        "    |  `|-- [bold]other",
        "    |   |-- 10.0.2.10",
        "  3.|-- ???                       100.0    20    0.0   0.0   0.0   0.0   0.0",
        "  4.|-- 10.9.9.9                   0.0%    20   10.1  12.5  10.0  20.0   3.0",
    ]


def test_a_wide_report_cuts_nothing_and_names_owners_behind_the_figures() -> None:
    lines = table(TRACE, "app1", naming(), Style(wide=True, addresses=True)).splitlines()
    assert lines[1].startswith(f"  1.|-- {LONG} (10.0.1.2)  0.0%")
    assert lines[2].endswith("   3.0  Transit")
    assert lines[2].startswith("  2.|-- \ufffd[2Jcore.transit.example (10.0.2.2) ")
    assert table(TRACE, "app1", naming(), Style(names=False, wide=True)).splitlines()[1] == (
        "  1.|-- 10.0.1.2  0.0%    20   10.1  12.5  10.0  20.0   3.0"
    )
    assert table(Trace(), "app1", naming(), Style(wide=True)).startswith("HOST: app1 Loss%")


def drawn(width: int, height: int, trace: Trace = TRACE, **view: bool) -> list[str]:
    """Give the lines on a screen of that size, without the blanks at their ends."""
    console = Console(width=width, height=height, highlight=False, markup=False, emoji=False)
    known = naming()
    scene = Scene(
        source="app1",
        destination=DESTINATION,
        naming=known,
        trace=trace,
        verdict=judge(trace, DESTINATION, known.title),
    )
    with console.capture() as captured:
        console.print(screen(scene, View(style=Style(), **view), console))
        if not view:
            last_words(scene, View(style=Style()), width)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_table_fits_every_window() -> None:
    """No line is too long, none too many where there is any room, and the target is never left out."""
    many = Trace(rounds=20, hops=tuple(hop(ttl, f"10.1.{ttl}.2", reached=ttl == 30) for ttl in range(1, 31)))
    for width in (20, 30, 45, 60, 80, 120, 300):
        for height in (8, 12, 24, 60):
            for trace in (TRACE, many, Trace()):
                lines = drawn(width, height, trace)
                assert max(map(len, lines)) <= width
                assert width < 45 or height < 12 or len(lines) <= height
                assert trace.target is None or any(f"{trace.target.ttl}. 10." in line for line in lines)
                assert "\x1b" not in "".join(lines)
    assert "    … 20 more …" in drawn(80, 18, many)


def test_a_table_says_all_there_is_in_a_window_that_is_wide_enough() -> None:
    lines = drawn(100, 24)
    assert lines[0] == "app1 → TCP port 5432 of db.test (10.9.9.9) (the first of its 2 addresses)"
    assert lines[3].split() == ["Host", "Owner", "Loss%", "Snt", "Last", "Avg", "Best", "Wrst", "StDev"]
    assert lines[5].split() == (
        [
            "2.",
            "\ufffd[2Jcore.transit.example",
            "Transit",
            "75.0%",
            "20",
            "10.1",
            "12.5",
            "10.0",
            "20.0",
            "3.0",
        ]
    )
    assert lines[6].split() == ["[bold]other", "Transit"]
    assert lines[8].split() == ["3.", "???", "100.0%", "20"]
    assert drawn(100, 24, jitter=True)[4].split()[-7:] == ["0.0%", "20", "10.1", "12.5", "3.0", "1.0", "2.0"]
    assert drawn(100, 24, paused=True)[1].endswith("paused")
    assert drawn(100, 24, help=True)[0].startswith("q      quit")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-c", "0", "x"], "'0' is no such count; write a whole number from 1 to 1000000000"),
        (["--cycles=-1", "x"], "'-1' is no such count; write a whole number from 1"),
        (["-cabc", "x"], "'abc' is no such count"),
        (["-m", "256", "x"], "'256' is no such count; write a whole number from 1 to 255"),
        (["-i", "0", "x"], "'0' is no time; write seconds, from 0.01 to 3600, such as 0.5"),
        (["-i", "nan", "x"], "'nan' is no time"),
        (["-Z", "fast", "x"], "'fast' is no time"),
        (["-P", "99999", "x"], "'99999': a port is a number from 1 to 65535"),
        (["-rqx", "x"], "there is no option -rqx"),
        (["-rzx", "x"], "there is no option -x: write --json"),
        (["-oLSD", "x"], "there is no option -o: a report always has mtr's usual columns"),
        (["--psize", "1000", "x"], "there is no option --psize: a TCP packet that asks for"),
        (["--cycles", "-1", "x"], "'-1' is no such count; write a whole number from 1"),
        (["-rwc", "-1", "x"], "'-1' is no such count"),
        (["-i", "-0.5", "x"], "'-0.5' is no time"),
        (["-c", "-4", "x"], "expected one argument"),
        (["x", "5433", "-r"], "5433 stands alone; write x:5433, or --port 5433"),
        (["::1", "5433"], "write [::1]:5433, or"),
        (["mysql://u:secret@x/d", "5433"], "5433 stands alone; write --port 5433"),
        (["x", "y", "z"], "one host at a time; y, z is too much"),
        (["--repot", "x"], "there is no option --repot, did you mean --report?"),
        (["-46", "x"], "not allowed with argument"),
        (["u:secret@x"], "this is no host; write HOST, HOST:PORT, "),
        (["no.such.name.invalid"], "no.such.name.invalid: "),
        (["-6", "127.0.0.1"], "127.0.0.1 has no IPv6 address, but 127.0.0.1"),
        (["fe80::1%nosuch0"], "fe80::1%nosuch0: "),
        (["x", "--config.file", "/nonexistent.yml"], "/nonexistent.yml"),
    ],
)
def test_mistakes_are_said_and_nothing_is_sent(words: Sequence[str], message: str) -> None:
    status, output, errors = told("path", *words)
    assert (status, output) == (2, "")
    assert message in errors
    assert "secret" not in errors


def test_what_providers_ask_people_to_type_for_mtr_works() -> None:
    """But nobody is left to believe that AS numbers were looked up."""
    status, output, errors = told("path", "-rwbzc", "2", "-i0.01", "-P", "1", "127.0.0.1")
    assert status == 0
    assert "  1.|-- " in output
    assert errors.startswith("no AS numbers are looked up; owners of hops come from the `networks`")


def test_options_are_bundled_as_people_type_them_for_mtr() -> None:
    """This host itself is one hop away, whether anybody listens or not; without a terminal it is a report."""
    status, output, _ = told("path", "-nwbTc2", "-i0.01", "-P", "1", "127.0.0.1")
    assert status == 0
    assert "  1.|-- 127.0.0.1  0.0%     2 " in output
    assert output.splitlines()[-1].startswith("No loss so far on the way to TCP port 1 of 127.0.0.1: all 2 ")


def test_a_name_with_several_addresses_says_which_one_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _note(DESTINATION)
    assert capsys.readouterr().err == "db.test has several addresses: this is 10.9.9.9, not 10.9.9.8\n"
    _note(replace(DESTINATION, others=()))
    assert capsys.readouterr().err == ""


def test_a_report_that_is_interrupted_says_what_it_has_seen() -> None:
    process = subprocess.Popen(
        [*COMMAND, "path", "-rnc", "1000", "-i", "0.1", "127.0.0.1:1"],
        stdout=subprocess.PIPE, env=environment(), text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().startswith("Start: ")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert output.startswith("HOST: ")
    assert output.splitlines()[-1]
    assert process.returncode in (0, 1)


def test_names_are_asked_for_while_the_rounds_are_under_way() -> None:
    """So that a report that is interrupted has them, and no other waits for them at its end."""
    stop, asked, said = Stop(), list[str](), list[str]()

    def name(address: str) -> str:
        asked.append(address)
        return "this.host.example"

    there = Destination(host="here", address="127.0.0.1", port=1, protocol="tcp")
    known = Naming(Owners({}), Hostnames(name))
    tracer = Tracer(there, Pace(interval=0.01), stop)
    watch = Watch(destination=there, tracer=tracer, naming=known, stop=stop, source="app1")

    def interrupt() -> None:
        try:
            wait_for(lambda: asked and known.name("127.0.0.1"), 5.0)
        finally:
            stop.throw()

    with running(interrupt) as interrupted:
        report(watch, Style(), said.append, as_json=False)
    interrupted.result()
    assert "  1.|-- this.host.example " in said[-1]


def test_without_rich_a_terminal_is_told_what_to_do() -> None:
    """And a report does not need it."""
    program = (
        "import sys; sys.modules['rich'] = None; from exporter.cli import _parser;"
        "read = [_parser().parse_args(['path', '127.0.0.1:1', *words]) for words in ([], ['-rnc1'])];"
        "sys.exit(print(*[parsed.command(parsed) for parsed in read]))"
    )
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=30,
            env={**os.environ, "TERM": "xterm"},
        )  # fmt: skip
        output = os.read(ours, 4096).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stderr == (
        "the live table needs the package rich: pip install 'conndrop-exporter[terminal]', "
        "or ask for a --report\n"
    )
    assert output.startswith("Start: ")
    assert output.splitlines()[-1] == "2 0"


def test_what_the_guide_tells_people_to_type_is_understood() -> None:
    """Its commands are read, and its table names every option there is."""
    guide = (Path(__file__).parents[2] / "docs" / "path.md").read_text()
    commands = [line for line in guide.splitlines() if line.startswith("conndrop path")]
    parser = cli._parser()
    for line in commands:
        assert parser.parse_args(shlex.split(line, comments=True)[1:]).command
    assert len(commands) == 6
    _, help_text, _ = told("path", "--help")
    options = set(re.findall(r"--[a-z][a-z.-]+", help_text)) - {"--help"}
    assert options == set(re.findall(r"--[a-z][a-z.-]+", guide))
