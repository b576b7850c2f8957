"""What a death of a silent connection was: looked at from outside, once it has happened."""

import asyncio
import time
from typing import Final, NamedTuple

from exporter.model import End, InquestObservation, Phase, ProbeError, SecretUnreadable, Target
from exporter.net.phases import PhaseClock
from exporter.probes.holding import Death, HeldConnection
from exporter.probes.kind import Tools

TIMEOUT: Final = 10.0
"""Seconds that a fresh connection may take."""
SETTLE: Final = 2.0
SETTLE_SILENT: Final = 4.0
"""Seconds in which a busy connection would show that it has died of the same event; where that was silent, it
has to be used, which is asked for, and then takes as long as it takes to be sure of a silence."""


class Finding(NamedTuple):
    """Whether the server could be reached right after, and still listed the session (None: unknown).

    `idle` tells whether idleness can have been the reason: no connection that was kept busy has died with it.
    """

    reachable: bool
    listed: bool | None
    idle: bool


async def inquire(target: Target, tools: Tools, connection: HeldConnection, death: Death) -> Finding:
    """Look at the death of `connection`; what the server still lists is ended on the way."""
    reachable, listed = False, None
    tools.on_demand.want("sentinel")
    if tools.opener.harmless() and tools.budget.enter():
        try:
            reachable, listed = await tools.watcher.aside(_ask, target, tools, connection)
        finally:
            tools.budget.leave()
    if not reachable:
        tools.leftovers.add(connection.number, connection.born)
    silent = death.end is End.SILENCE or death.used
    await asyncio.sleep(SETTLE_SILENT if silent else SETTLE)
    # What happened to one that told nothing may have happened at any time since it fell silent.
    disturbed = tools.suspicion.dropped_since(death.at - (death.silent if silent else 0.0) - SETTLE)
    return Finding(reachable, listed, reachable and not disturbed)


def found(target: str, probe: str, death: Death, finding: Finding) -> InquestObservation:
    """Tell what was found."""
    ago = time.monotonic() - death.at
    return InquestObservation(
        target=target,
        probe=probe,
        started=time.time() - ago,
        duration=ago,
        end=death.end,
        silent=death.silent,
        used=death.used,
        reachable=finding.reachable,
        listed=finding.listed,
        idle=finding.idle,
    )


def _ask(target: Target, tools: Tools, connection: HeldConnection) -> tuple[bool, bool | None]:
    """Ask the server over a fresh connection whether it lists the dead one, and end it there."""
    clock = PhaseClock(TIMEOUT, {}, tools.stop)
    try:
        addresses = tools.book.addresses(target.endpoint.host, clock.remaining())
        session = tools.opener.open(addresses, clock)
    except (ProbeError, SecretUnreadable):
        return False, None
    listed, born = None, time.monotonic()
    try:
        if session.direct():  # behind a pooler the number is not the server's
            listed = session.end(connection.number, time.monotonic() - connection.born)
        session.close()
    except ProbeError as error:
        if clock.phase is not Phase.CLOSE and not error.said:
            tools.leftovers.add(connection.number, connection.born)
            tools.leftovers.add(session.number, born)
        session.abandon()
    except BaseException:
        session.abandon()
        raise
    return True, listed
