"""Threads that do the same kind of work: how many may do more than wait at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from exporter.net.lanes import Lanes
from exporter.net.waiting import Stop, wait_for_event
from tests.waiting import wait_for

LONG = 30.0
"""Seconds after which something has gone wrong."""


def test_no_more_threads_work_at_once_than_there_are_lanes() -> None:
    lanes, lock, inside, most = Lanes(2), threading.Lock(), [0], [0]
    together = threading.Barrier(2, timeout=LONG)

    def work() -> None:
        with lanes.taken():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            together.wait()  # two are let in; a third would break the count, one alone would never go on
            with lock:
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result(LONG)
    assert most == [2]


def test_who_waits_leaves_its_lane_and_takes_one_again() -> None:
    """A server that is silent keeps nobody from working but the thread that waits for it."""
    lanes, stop, answered = Lanes(1), Stop(), threading.Event()
    steps: list[str] = []

    def patient() -> None:
        with lanes.taken():
            steps.append("asks")
            assert wait_for_event(answered, LONG, stop)
            steps.append("is answered")

    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(patient)
        wait_for(lambda: steps == ["asks"])
        with lanes.taken():
            answered.set()
            steps.append("works meanwhile")
        waits.result(LONG)
    assert steps == ["asks", "works meanwhile", "is answered"]


def test_a_lane_is_given_back_by_work_that_breaks() -> None:
    lanes = Lanes(1)
    for _ in range(2):
        try:
            with lanes.taken():
                raise ValueError
        except ValueError:
            pass
    with lanes.taken():
        pass


def test_a_thread_without_a_lane_waits_as_ever() -> None:
    happened = threading.Event()
    happened.set()
    assert wait_for_event(happened, LONG, Stop())
