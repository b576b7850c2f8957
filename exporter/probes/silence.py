"""One connection left silent: in what way, for how long, and what comes of using it then."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from exporter.db.dialect import TRIVIAL_QUERY, Session
from exporter.diagnosis.variants import Variant
from exporter.model import Silence
from exporter.probes.holding import Death, HeldConnection
from exporter.probes.search import Job

ARMED: Final = {
    Variant.PLAIN: "",
    Variant.KEEPALIVE: "TCP keepalives",
    Variant.OUTLASTING: "server's limit off",
    Variant.BOTH: "keepalives, server's limit off",
    Variant.ACTIVE: "asked all the time",
}
"""How each variant is kept from being ended, for people."""


def armed(variant: Variant, session: Session) -> bool:
    """Set in a new session what its variant needs; tell whether it is the server's own, as it has to be.

    What is set behind a pooler would be found by whoever gets the session next.
    """
    if variant is Variant.PLAIN:
        return True
    if not session.direct():
        return False
    if variant in (Variant.OUTLASTING, Variant.BOTH):
        session.outlast()
    return True


async def silently(
    job: Job, connection: HeldConnection, useless: Callable[[Job], bool], *, keepalive: float, timeout: float
) -> Death | bool:
    """Be silent, then use it once; give the end, or whether it was not broken off.

    What has become `useless` is broken off. The server has `timeout` seconds to answer.
    """
    pause = min(keepalive, max(1.0, job.seconds / 8))
    if job.variant in (Variant.KEEPALIVE, Variant.BOTH):
        connection.keep_alive(pause)
    until = job.begun + job.seconds
    if useless(job):  # since it was begun, which nobody could be woken from
        return False
    while (left := until - time.monotonic()) > 0:
        death = await connection.rest(min(left, pause) if job.variant is Variant.ACTIVE else left)
        if death is None and useless(job):
            return False
        if death is None:
            heard = await connection.use(TRIVIAL_QUERY, timeout)
            death = heard if isinstance(heard, Death) else None
        if death is not None:
            return death
    return True


def silences(jobs: Iterable[Job]) -> tuple[Silence, ...]:
    """Tell what is silent now, the shortest first."""
    ago = time.time() - time.monotonic()
    told = (
        Silence(seconds=job.seconds, begun=ago + job.begun, armed=ARMED[job.variant])
        for job in jobs
        if job.connection is not None
    )
    return tuple(sorted(told, key=lambda each: (each.seconds, each.begun)))
