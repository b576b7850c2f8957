"""The switch that ends all waits, thrown by a signal in the middle of anything."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest

from exporter.net.waiting import READABLE, Stop, Stopped, wait

WITHIN = 20.0
"""Seconds after which a program counts as one that hangs."""
AT_EACH_LINE = """
    import signal, sys, threading
    from exporter.net import waiting
    from exporter.terminal.ending import ending

    def trace(frame, event, _):
        place = frame.f_code.co_filename, frame.f_lineno
        if place[0] not in (waiting.__file__, threading.__file__):
            return None
        if event == "line":
            at.add(place)
            if place == (sys.argv[1], int(sys.argv[2])):
                sys.settrace(None)
                signal.raise_signal(signal.SIGHUP)
        return trace

    at = set()
    stop = waiting.Stop()
    with ending(stop.throw) as told:
        sys.settrace(trace)
        stop.{what}
        sys.settrace(None)
    if not sys.argv[1]:
        print(*(f"{file}:{line}" for file, line in at))
    elif not stop.thrown or told.signal != signal.SIGHUP:
        sys.exit("the switch was not thrown")
"""


def interrupted(what: str, place: str = ":0") -> str:
    """Run a part of the switch in a program of its own, interrupted before one line of it."""
    program = textwrap.dedent(AT_EACH_LINE).replace("{what}", what)
    done = subprocess.run(
        [sys.executable, "-c", program, *place.split(":")],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["throw()", "thrown", "sleep(0.01)"])
def test_a_signal_throws_it_wherever_it_comes(what: str) -> None:
    """As when a terminal goes away: its end is read, and the signal comes while that is acted upon."""
    places = interrupted(what).split()
    assert places
    for place in places:
        interrupted(what, place)


def test_a_second_throw_changes_nothing() -> None:
    stop = Stop()
    assert not stop.thrown
    stop.throw()
    stop.throw()
    assert stop.thrown


def test_many_throw_it_at_once() -> None:
    """Whoever closes a descriptor twice may close another's."""
    for _ in range(100):
        stop = Stop()
        threads = [threading.Thread(target=stop.throw) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stop.sleep(WITHIN)


def test_it_wakes_who_sleeps_and_who_waits() -> None:
    stop = Stop()
    woken: list[bool] = []
    sleeper = threading.Thread(target=lambda: woken.append(stop.sleep(WITHIN)))
    sleeper.start()
    threading.Timer(0.05, stop.throw).start()
    other = Stop()
    with pytest.raises(Stopped):
        wait(other.fileno(), READABLE, WITHIN, stop)
    sleeper.join()
    assert woken == [True]


def test_it_sleeps_as_long_as_asked() -> None:
    stop = Stop()
    begun = time.monotonic()
    assert not stop.sleep(0.0502)
    assert time.monotonic() - begun >= 0.0502
    assert not stop.sleep(0)
    assert not stop.sleep(-1)
    stop.throw()
    assert stop.sleep(float("inf"))
