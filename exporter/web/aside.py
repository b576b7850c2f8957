"""Calls that may wait, beside a loop that must not."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def aside(call: Callable[[], T]) -> T:
    """Make a call in a thread of its own, and give what comes of it.

    Python waits for the threads of its executors when it ends. Nobody waits for these.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[Any], None], what: object) -> None:
        if not done.done():
            setter(what)

    def tell(setter: Callable[[Any], None], what: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, setter, what)

    def run() -> None:
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001  it is raised where the call is waited for
            tell(done.set_exception, error)
        else:
            tell(done.set_result, found)

    threading.Thread(target=run, name="web-call", daemon=True).start()
    return await done
