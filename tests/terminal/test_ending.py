"""Signals that ask to end: what they interrupt says what it has seen, however often they come."""

import json
import signal
import subprocess
import sys
import time

import pytest

from exporter.terminal.ending import ENDING, ending, outliving
from tests.servers import Postgres
from tests.terminal.pane import COMMAND

WITHIN = 30.0


@pytest.mark.parametrize("number", ENDING)
def test_the_first_is_heeded_and_remembered(number: signal.Signals) -> None:
    asked: list[None] = []
    with ending(lambda: asked.append(None)) as told:
        assert told.signal == 0
        signal.raise_signal(number)
        assert (told.signal, asked) == (number, [None])


def test_what_the_signals_did_comes_back() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    with ending(lambda: None):
        assert not set(before) & {signal.getsignal(number) for number in ENDING}
    assert [signal.getsignal(number) for number in ENDING] == before


@pytest.mark.parametrize("first", ENDING)
def test_a_second_ctrl_c_leaves_at_once(first: signal.Signals) -> None:
    with ending(lambda: None):
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_no_other_changes_anything_any_more(number: signal.Signals) -> None:
    """A shell passes on that its terminal goes away, and its kernel says so, too."""
    asked: list[None] = []
    with ending(lambda: asked.append(None)) as told:
        for each in (number, number, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(each)
        assert (told.signal, asked) == (number, [None])


def test_where_a_terminal_has_to_be_put_back_nothing_leaves_at_once() -> None:
    with ending(lambda: None, at_once=False) as told:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert told.signal == signal.SIGINT


@pytest.mark.parametrize("number", ENDING)
def test_what_is_ignored_stays_so(number: signal.Signals) -> None:
    """As by `nohup`."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with ending(lambda: None) as told:
            signal.raise_signal(number)
            assert told.signal == 0
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_while_something_is_written_only_a_terminal_that_goes_changes_nothing() -> None:
    """Whoever wants it to end now is not kept waiting by somebody who does not read."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with outliving():
        signal.raise_signal(signal.SIGHUP)
        assert {number: signal.getsignal(number) for number in before} == before
        with ending(lambda: None) as told:
            signal.raise_signal(signal.SIGHUP)
            assert told.signal == signal.SIGHUP
        signal.raise_signal(signal.SIGHUP)


def test_what_is_ignored_stays_so_while_something_is_written() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with outliving():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def examining(postgres: Postgres, *before: str) -> "subprocess.Popen[str]":
    """Look for half an hour, and be in the middle of it."""
    words = ["idle", postgres.url(postgres.plain), "--hold=30m", "--json", "--plain"]
    process = subprocess.Popen(
        [*before, *COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    while "session" not in process.stderr.readline():
        assert process.poll() is None
    return process


def test_a_terminal_that_goes_away_costs_no_report(postgres: Postgres) -> None:
    """It tells of it twice, and more often, until all is said."""
    process, deadline = examining(postgres), time.monotonic() + WITHIN
    while True:
        process.send_signal(signal.SIGHUP)
        assert time.monotonic() < deadline
        try:
            output, _ = process.communicate(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        break
    assert json.loads(output)["cut_short"] is True


def test_what_is_to_outlive_its_terminal_does(postgres: Postgres) -> None:
    process = examining(postgres, sys.executable, "-c", NOHUP)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=2.0)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=WITHIN)
    assert json.loads(output)["cut_short"] is True


NOHUP = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""As `nohup` does it, which sends the output elsewhere as well."""
