"""Opening connections that are to be held, or kept."""

import contextlib
import time
from collections.abc import Callable

from exporter.db.dialect import Held, Session
from exporter.model import Cause, ProbeError, SecretUnreadable, Target
from exporter.net.phases import PhaseClock
from exporter.probes.holding import HeldConnection
from exporter.probes.kind import Tools


async def opened(
    target: Target, tools: Tools, timeout: float, prepare: Callable[[Session], None] = lambda _: None
) -> HeldConnection:
    """Open a connection to be held; `prepare` may do things over it first. Raises ProbeError."""
    held, number, born = await tools.watcher.aside(_open, target, tools, timeout, prepare, unwanted=_let_go)
    connection = HeldConnection(held, number, born)
    connection.keep_alive(None)
    return connection


def logged_in(target: Target, tools: Tools, timeout: float) -> tuple[Session, float]:
    """Open a session within `timeout` seconds; give it with its birth (monotonic seconds).

    Raises ProbeError where that cannot be. Waits: not for the watcher's thread.
    """
    clock = PhaseClock(timeout, {}, tools.stop)
    addresses = tools.book.addresses(target.endpoint.host, clock.remaining())
    try:
        session = tools.opener.open(addresses, clock)
    except SecretUnreadable as error:
        raise ProbeError(Cause.AUTH_CREDENTIALS, f"password: {error}") from None
    return session, time.monotonic() - clock.since_connected()


def _let_go(opened_in_vain: tuple[Held, int, float]) -> None:
    held, _, _ = opened_in_vain
    with contextlib.suppress(ProbeError):
        held.part()
    held.abandon()


def _open(
    target: Target, tools: Tools, timeout: float, prepare: Callable[[Session], None]
) -> tuple[Held, int, float]:
    """Open a session in a thread that may wait: gives it with the server's number and its birth."""
    session, born = logged_in(target, tools, timeout)
    try:
        _count_free(session, tools)
        prepare(session)
        return session.hold(), session.number, born
    except BaseException:
        session.abandon()
        tools.leftovers.add(session.number, born)
        raise


def _count_free(session: Session, tools: Tools) -> None:
    try:
        tools.budget.learn(session.free_slots())
    except ProbeError as error:
        if not error.said:
            raise
        # It only speaks the protocol of such a database, and counts in another way: the limit has to do.
