"""Ends on the server what died here in silence, as soon as the server can be reached again."""

import asyncio
import random
import time
from typing import Final

from exporter.model import Phase, ProbeError, SecretUnreadable, Target
from exporter.net.phases import PhaseClock
from exporter.probes.kind import Report, Tools

TIMEOUT: Final = 10.0
"""Seconds that one visit may take."""
FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds until a visit that failed is made again, twice as long each time."""


class Undertaker:
    """The vigil over the leftovers of one target; it reports nothing."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self._target = target
        self._tools = tools
        self._wanted = asyncio.Event()
        tools.leftovers.when_added(lambda: tools.watcher.call(self._wanted.set))

    async def keep(self, _: Report) -> None:
        """Visit the server whenever there is something to end (see `exporter.probes.kind.Vigil`)."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            pause = FIRST_RETRY
            while len(self._tools.leftovers):
                await asyncio.sleep(random.uniform(0.5, 1) * pause)  # noqa: S311  no secret
                if self._tools.opener.harmless() and self._tools.budget.enter():
                    try:
                        await self._tools.watcher.aside(self._visit)
                    finally:
                        self._tools.budget.leave()
                pause = min(2 * pause, LONGEST_RETRY)

    def _visit(self) -> None:
        """Open a session, end the others over it, and close it; what fails is tried again."""
        clock = PhaseClock(TIMEOUT, {}, self._tools.stop)
        try:
            addresses = self._tools.book.addresses(self._target.endpoint.host, clock.remaining())
            session = self._tools.opener.open(addresses, clock)
        except (ProbeError, SecretUnreadable):
            return
        born = time.monotonic()
        try:
            self._tools.leftovers.end(session)
            session.close()
        except ProbeError as error:
            if clock.phase is not Phase.CLOSE and not error.said:
                self._tools.leftovers.add(session.number, born)
            session.abandon()
        except BaseException:
            session.abandon()
            raise
