"""The watcher: vigils begin once, go on, and end; an eye sees what comes on a descriptor."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from exporter.net import watcher as module
from exporter.net.waiting import Stopped
from exporter.net.watcher import Eye, Watcher
from tests.waiting import wait_for


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    yield made
    made.stop()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_vigils_begin_once_whenever_they_are_given(watcher: Watcher) -> None:
    begun: list[str] = []

    async def early() -> None:
        begun.append("early")

    async def late() -> None:
        begun.append("late")

    watcher.keep(early)
    watcher.call(begun.append, "never: there is no loop yet")
    watcher.start()
    watcher.keep(late)
    wait_for(lambda: len(begun) == 2)
    assert begun == ["early", "late"]


def test_one_given_while_it_starts_begins_once(watcher: Watcher) -> None:
    """Somebody else starts it between a look whether it runs and what follows from that."""
    begun: list[int] = []

    async def vigil() -> None:
        begun.append(1)

    class Interrupted(list[module._Kept]):
        """Has the watcher started as soon as the lock is free."""

        def append(self, kept: module._Kept) -> None:
            super().append(kept)
            starting.start()

    starting = threading.Thread(target=watcher.start)
    watcher._waiting = Interrupted()
    watcher._lock = SlowToLeave(starting)  # type: ignore[assignment]
    watcher.keep(vigil)
    starting.join()
    done = threading.Event()
    watcher.call(lambda: asyncio.get_running_loop().call_later(0.05, done.set))
    assert done.wait(5)
    assert begun == [1]


class SlowToLeave:
    """A lock whose first holder, once it is out, waits for a thread that wants it."""

    def __init__(self, other: threading.Thread) -> None:
        self._lock = threading.Lock()
        self._other: threading.Thread | None = other

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        other, self._other = self._other, None
        if other is not None:
            other.join()


def test_what_waits_is_done_aside(watcher: Watcher) -> None:
    seen: list[object] = []

    async def vigil() -> None:
        seen.append(await watcher.aside(threading.get_ident))
        seen.append(threading.get_ident())
        try:
            await watcher.aside(fails)
        except ValueError as error:
            seen.append(str(error))

    def fails() -> None:
        raise ValueError("as it was raised")

    watcher.start()
    watcher.keep(vigil)
    wait_for(lambda: len(seen) == 3)
    assert seen[0] != seen[1]
    assert seen[2] == "as it was raised"


def test_the_end_of_the_daemon_ends_who_waits_for_something_aside(watcher: Watcher) -> None:
    ended = threading.Event()

    def stopped() -> None:
        raise Stopped

    async def vigil() -> None:
        try:
            await watcher.aside(stopped)
        except asyncio.CancelledError:
            ended.set()
            raise

    watcher.start()
    watcher.keep(vigil)
    assert ended.wait(5)


def test_vigils_say_goodbye(watcher: Watcher) -> None:
    said: list[str] = []
    going_on = threading.Event()

    async def vigil() -> None:
        try:
            going_on.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            said.append("goodbye")

    watcher.start()
    watcher.keep(vigil)
    assert going_on.wait(5)
    watcher.stop()
    assert said == ["goodbye"]
    watcher.keep(vigil)
    watcher.call(said.append, "never: it has ended")
    assert said == ["goodbye"]


@pytest.mark.parametrize("all_of_them", [False, True], ids=["one", "all"])
def test_who_is_ended_in_the_moment_of_its_beginning_says_goodbye(
    watcher: Watcher, all_of_them: bool
) -> None:
    """What it is to give back may have been taken by then: by others than the watcher's thread."""
    done: list[str] = []
    busy = threading.Event()

    async def vigil() -> None:
        try:
            done.append("begun")
            await asyncio.Event().wait()
        finally:
            done.append(await watcher.aside(lambda: "goodbye"))

    watcher.start()
    watcher.call(busy.wait, 60)
    let_go = watcher.keep(vigil)
    if all_of_them:
        threading.Timer(0.1, busy.set).start()
        watcher.stop()
    else:
        let_go()
        busy.set()
    wait_for(lambda: done == ["begun", "goodbye"])


def test_what_is_given_back_aside_is_so_though_nobody_waits_for_it(watcher: Watcher) -> None:
    """Also where none of the crew has time for it before the end."""
    watcher._crew = ThreadPoolExecutor(1)
    busy, given_back, parting = threading.Event(), threading.Event(), threading.Event()

    async def vigil() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            parting.set()
            await watcher.part(given_back.set)

    watcher.start()
    let_go = watcher.keep(vigil)
    watcher._crew.submit(busy.wait, 60)
    let_go()
    assert parting.wait(5)
    watcher.stop()
    assert not given_back.is_set()
    busy.set()
    assert given_back.wait(5)


def test_who_comes_late_to_its_end_still_gives_back(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher's thread had no time until the daemon waited for it no longer."""
    monkeypatch.setattr(module, "GOODBYES", 0.1)
    busy, going_on, given_back = threading.Event(), threading.Event(), threading.Event()

    async def vigil() -> None:
        try:
            going_on.set()
            await asyncio.Event().wait()
        finally:
            await watcher.part(given_back.set)

    watcher.start()
    watcher.keep(vigil)
    assert going_on.wait(5)
    watcher.call(busy.wait, 60)
    watcher.stop()
    busy.set()
    assert given_back.wait(5)
    watcher._thread.join(5)
    with pytest.raises(RuntimeError, match="after shutdown"):
        watcher._crew.submit(print)


def test_who_is_ended_before_the_start_never_begins(watcher: Watcher) -> None:
    begun: list[str] = []

    async def vigil(name: str) -> None:
        begun.append(name)

    watcher.keep(partial(vigil, "never"))()
    watcher.keep(partial(vigil, "first"))
    watcher.start()
    watcher.keep(partial(vigil, "last"))
    wait_for(lambda: "last" in begun)
    assert begun == ["first", "last"]


def test_who_takes_too_long_for_a_goodbye_is_made_to_let_go(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also those that vigils have begun themselves; nothing is destroyed while it waits."""
    monkeypatch.setattr(module, "GOODBYES", 0.1)
    let_go = threading.Event()
    going_on = threading.Event()

    async def part() -> None:
        try:
            going_on.set()
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(3600)
            finally:
                let_go.set()

    async def vigil() -> None:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(part())

    watcher.start()
    watcher.keep(vigil)
    assert going_on.wait(5)
    with caplog.at_level(logging.ERROR):
        watcher.stop()
        assert let_go.is_set()
    assert not caplog.records


def test_what_is_done_aside_after_the_end_is_given_to_who_throws_it_away(watcher: Watcher) -> None:
    """The end does not wait for it, and it is not lost."""
    begun, done = threading.Event(), threading.Event()
    unwanted: list[str] = []

    def slow() -> str:
        begun.set()
        assert done.wait(60)
        return "too late"

    async def vigil() -> None:
        await watcher.aside(slow, unwanted=unwanted.append)

    watcher.start()
    watcher.keep(vigil)
    assert begun.wait(5)
    watcher.stop()
    assert not watcher._thread.is_alive()
    assert unwanted == []
    done.set()
    wait_for(lambda: unwanted == ["too late"])


@pytest.mark.parametrize("moments", range(6))
def test_what_is_done_aside_is_either_taken_or_thrown_away(watcher: Watcher, moments: int) -> None:
    """Whichever comes first in the same moment, the result or the end of whoever waits for it."""
    watcher._crew = ThreadPoolExecutor(1)  # so that what is done after it tells that it is done
    work = threading.Event()
    taken: list[str] = []
    unwanted: list[str] = []

    def slow() -> str:
        assert work.wait(60)
        return "it"

    async def vigil() -> None:
        taken.append(await watcher.aside(slow, unwanted=unwanted.append))

    async def look() -> None:
        waiting = asyncio.create_task(vigil())
        await asyncio.sleep(0)
        work.set()
        watcher._crew.submit(lambda: None).result(60)
        for _ in range(moments):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(look())
    assert taken + unwanted == ["it"]


def test_an_eye_sees_what_comes_and_when_time_is_up(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair

    async def look() -> list[bool]:
        eye = Eye(ours.fileno())
        found = [await eye.ready(0.01)]
        theirs.send(b"x")
        found.append(await eye.ready(5))
        ours.recv(1)
        while await eye.ready(0.01):
            pass
        asyncio.get_running_loop().call_soon(eye.wake)
        begun = time.monotonic()
        found.append(await eye.ready(3600))
        assert time.monotonic() - begun < 60
        eye.wake()  # of nobody
        eye.close()
        eye.close()
        return found

    assert asyncio.run(look()) == [False, True, False]


def test_an_eye_is_closed_while_nobody_takes_in_what_comes(pair: tuple[socket.socket, socket.socket]) -> None:
    """An end stays readable for ever: the loop must not turn on it."""
    ours, theirs = pair

    async def look() -> tuple[bool, bool]:
        loop = asyncio.get_running_loop()
        eye = Eye(ours.fileno())
        assert not await eye.ready(0.0)
        theirs.send(b"x")
        for _ in range(3):
            await asyncio.sleep(0)
        watched = loop.remove_reader(ours.fileno())
        eye = Eye(ours.fileno())
        return watched, await eye.ready(5)

    assert asyncio.run(look()) == (False, True)


def test_who_is_cancelled_takes_no_eye_from_the_next(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair

    async def look() -> bool:
        eye = Eye(ours.fileno())
        first = asyncio.create_task(eye.ready(3600))
        await asyncio.sleep(0)
        first.cancel()
        asyncio.get_running_loop().call_later(0.01, theirs.send, b"x")
        async with asyncio.timeout(5):
            return await eye.ready(3600)

    assert asyncio.run(look())
