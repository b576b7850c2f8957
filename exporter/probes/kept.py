"""A session that is kept from one look at the server to the next."""

import contextlib
import time
from ipaddress import ip_address
from typing import Final

from exporter.db.dialect import Session
from exporter.db.life import Death, Life
from exporter.model import Cause, End, ProbeError, ServerView, Target
from exporter.net.tcp_info import is_open, own_address, peer
from exporter.probes.kind import Tools
from exporter.probes.opening import logged_in

GOODBYE: Final = 1.0
"""Seconds that a server has to close."""
THE_END: Final = (
    Cause.NET_BLACKHOLE,
    Cause.SERVER_IDLE_TIMEOUT,
    Cause.SERVER_RESTART,
    Cause.SERVER_SESSION_KILLED,
)
"""Causes of a failed look after which no other follows, though the connection may not have ended yet."""


class Kept:
    """One session, used again and again; all moments are monotonic seconds."""

    def __init__(self, session: Session, tools: Tools, born: float) -> None:
        self._session = session
        self._tools = tools
        self._life = Life(born=born, touched=born)

    @classmethod
    def opened(cls, target: Target, tools: Tools, until: float) -> "Kept":
        """Open a session before `until`; raise ProbeError where that cannot be."""
        session, born = logged_in(target, tools, until - time.monotonic())
        return cls(session, tools, born)

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return time.monotonic() - self._life.born

    @property
    def own_address(self) -> str:
        """Our own end's, an IPv4 address as such; empty where there is none any more."""
        own = own_address(self._session.descriptor)
        mapped = getattr(ip_address(own), "ipv4_mapped", None) if own else None
        return str(mapped or own)

    def leads_to(self, host: str) -> bool:
        """Whether the other side is one of those that `host` is now, as far as that is known."""
        try:
            addresses = self._tools.book.addresses(host, 0.0)
        except ProbeError:
            return True
        other = peer(self._session.descriptor)
        # Not by their letters: a URL may spell an address of IPv6 in other ways than the kernel does.
        return not other or ip_address(other) in map(ip_address, addresses)

    def view(self, until: float, *, tables: bool) -> ServerView:
        """Ask the server what it says of itself, before `until`.

        Raises ProbeError; the session has to be let go then (`fail`).
        """
        self._life.look(self._session.descriptor)
        self._session.renew(until - time.monotonic())
        view = self._session.view(tables=tables)
        self._life.use()
        return view

    def goes_on_after(self, error: ProbeError) -> bool:
        """Whether the server has but taken too long: that slot may be the last one that can be had."""
        return error.cause is Cause.SERVER_SLOW_QUERY and is_open(self._session.descriptor)

    def fail(self, error: ProbeError) -> Death | None:
        """Let go after a look that failed; give the end if the connection had come to it."""
        descriptor = self._session.descriptor
        alive = is_open(descriptor) and error.cause not in THE_END
        if alive and error.said:
            if self.part_at_once():  # it has refused a question, and hears a goodbye
                return None
            alive = False  # these were its last words, and the end of the line is on its way
        death = self._life.death(descriptor, error)
        self._session.abandon()
        if alive or death.end in (End.SILENCE, End.RST):
            self._tools.leftovers.add(self._session.number, self._life.born)
        return None if alive else death

    def part(self) -> None:
        """Say goodbye, and give the server a moment to close."""
        self._session.renew(GOODBYE)
        try:
            self._session.close()
        except ProbeError:
            self._session.abandon()
        except BaseException:
            self._session.abandon()
            raise

    def part_at_once(self) -> bool:
        """Say goodbye and let go, without waiting; tell whether there was anybody to say it to."""
        try:
            held = self._session.hold()
        except ProbeError:
            return False
        with contextlib.suppress(ProbeError):
            held.part()
        held.abandon()
        return True
