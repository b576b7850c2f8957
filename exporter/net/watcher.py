"""One thread that waits on all held connections at once; what would make it wait goes to a crew."""

import asyncio
import select
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from exporter.net.waiting import Stopped

T = TypeVar("T")
Vigil = Callable[[], Coroutine[Any, Any, None]]
"""Begins something that goes on until it is cancelled."""

MOST_THREADS: Final = 64
"""Threads in which connections are opened and asked what takes a while; beyond that they queue."""
GOODBYES: Final = 1.0
"""Seconds that vigils get to say goodbye when the daemon ends; then they are to let go, in half of that."""


class Watcher:
    """Runs vigils, all in one thread. Vigils may be begun from any thread, before the start and after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Kept] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crew = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="watcher")
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        with self._lock:
            self._loop = asyncio.new_event_loop()
            for kept in self._waiting:
                self._loop.call_soon(self._begin, kept)
            self._waiting.clear()
        self._thread.start()

    def keep(self, vigil: Vigil) -> Callable[[], None]:
        """Let `vigil` go on until the daemon ends, or what is returned has been called.

        Once the watcher has started it is begun in any case, so that it comes to give back what it has to.
        """
        kept = _Kept(vigil)
        with self._lock:
            if self._loop is None:
                self._waiting.append(kept)
            elif not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._begin, kept)
        return partial(self._let_go, kept)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Have `function`, which must be quick, called in the watcher's thread; not before the start."""
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(function, *args)

    async def aside(
        self, call: Callable[..., T], *args: Any, unwanted: Callable[[T], object] | None = None
    ) -> T:
        """Let one of the crew do what has to wait; only for vigils. Raises what it raises.

        What nobody waits for any more is given to `unwanted`, which must be quick, also after the end.
        """
        work = self._crew.submit(call, *args)
        try:
            return await asyncio.wrap_future(work)
        except Stopped:
            # The daemon ends: so does whoever waits for this.
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            if unwanted is not None:
                # Not by way of the loop, which may have ended when the work is done.
                work.add_done_callback(partial(_give_up, unwanted))
            raise

    async def part(self, call: Callable[[], object]) -> None:
        """Let one of the crew give back what a vigil had; it is done even if nobody waits for it any more."""
        await asyncio.shield(asyncio.wrap_future(self._crew.submit(call)))

    def stop(self) -> None:
        """End all vigils, who say goodbye to their peers, and the thread; safe to call without a start."""
        if self._thread.is_alive():
            self.call(self._end)
            self._thread.join(2 * GOODBYES)
        else:
            self._crew.shutdown(wait=False)

    def _run(self) -> None:
        assert self._loop is not None  # noqa: S101  made by `start`
        self._loop.run_forever()
        with self._lock:
            self._loop.close()
        self._crew.shutdown(wait=False)  # not before: vigils that come late to their end need it, too

    def _let_go(self, kept: "_Kept") -> None:
        with self._lock:
            if kept in self._waiting:
                self._waiting.remove(kept)
                return
        self.call(kept.end)

    def _begin(self, kept: "_Kept") -> None:
        task = kept.begin()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self) -> None:
        for task in self._tasks:
            _cancel(task)
        self._begin(_Kept(self._leave))

    async def _leave(self) -> None:
        vigils = self._tasks - {asyncio.current_task()}
        if vigils:
            await asyncio.wait(vigils, timeout=GOODBYES)
        late = asyncio.all_tasks() - {asyncio.current_task()}
        for task in late:
            _cancel(task)
        if late:
            await asyncio.wait(late, timeout=GOODBYES / 2)
        asyncio.get_running_loop().stop()


class _Kept:
    """One vigil, begun and ended in the watcher's thread."""

    def __init__(self, vigil: Vigil) -> None:
        self._vigil = vigil
        self._task: asyncio.Task[None]

    def begin(self) -> "asyncio.Task[None]":
        """Begin it."""
        self._task = asyncio.get_running_loop().create_task(self._vigil())
        return self._task

    def end(self) -> None:
        """Let it say goodbye and end; it has begun by then."""
        _cancel(self._task)


class Eye:
    """Watches one descriptor, for one vigil at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[bool] | None = None
        self._open = False

    async def ready(self, seconds: float) -> bool:
        """Wait until something has come; False when `seconds` have passed and nothing has.

        True may once more be said of what has just been taken in: the loop had looked before.
        """
        waiter = self._waiter = self._loop.create_future()
        if not self._open:
            self._open = True
            self._loop.add_reader(self._descriptor, self._see)
        timer = self._loop.call_later(max(0.0, seconds), self._expire)
        try:
            seen: bool = await waiter
            return seen
        finally:
            timer.cancel()
            if self._waiter is waiter:  # whoever was cancelled may come to this only after another has begun
                self._waiter = None

    def wake(self) -> None:
        """End a wait as if its time had passed."""
        if self._waiter is not None:
            _settle(self._waiter, False)

    def close(self) -> None:
        """Watch no more; to be called before the descriptor is closed."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)

    def _expire(self) -> None:
        """End a wait; who was stopped learns that the time is up before it learns what has come meanwhile."""
        if self._waiter is not None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            _settle(self._waiter, bool(poll.poll(0)))

    def _see(self) -> None:
        if self._waiter is None:
            self.close()  # nobody takes it in now: it would be seen again and again
        else:
            _settle(self._waiter, True)


def _cancel(task: "asyncio.Task[None]") -> None:
    """Cancel what has had its first turn by then: who is cancelled before that does not even clean up."""
    asyncio.get_running_loop().call_soon(task.cancel)


def _settle(waiter: "asyncio.Future[bool]", ready: bool) -> None:
    if not waiter.done():
        waiter.set_result(ready)


def _give_up(unwanted: Callable[[T], object], work: "Future[T]") -> None:
    if not work.cancelled() and work.exception() is None:
        unwanted(work.result())
