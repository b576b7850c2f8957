"""How the daemon's process ends where something keeps it from it."""

import subprocess
import sys
import textwrap

HANGING = """
    import signal, sys, threading, time
    from exporter import app

    class Daemon:
        def start(self):
            signal.raise_signal(signal.SIGTERM)

        def stop(self):
            time.sleep(float(sys.argv[1]))

    app.run(Daemon(), end_within=float(sys.argv[2]))
    print("ended")
"""
WITHIN = 30.0


def ended(takes: float, may_take: float) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", textwrap.dedent(HANGING), str(takes), str(may_take)]
    return subprocess.run(words, capture_output=True, text=True, timeout=WITHIN, check=False)


def test_what_hangs_does_not_keep_it() -> None:
    """A log whose reader has stalled stops whoever has a line for it, and the end has one."""
    done = ended(600.0, 0.2)
    assert (done.returncode, done.stdout) == (1, "")


def test_what_ends_in_time_ends_in_good_order() -> None:
    done = ended(0.1, 20.0)
    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_it_may_be_waited_for_without_end() -> None:
    done = ended(0.1, float("inf"))
    assert (done.returncode, done.stdout) == (0, "ended\n")
