"""What a probe saw: one value per look, passed on to metrics, logs and history alike."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.cause import Cause


class Phase(StrEnum):
    """The stages of a session, in the order in which they begin.

    A phase that does not take place is absent from an observation: an address written as a number
    needs no `dns`, a connection without TLS no `tls`.
    """

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    AUTH = "auth"
    QUERY = "query"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a look at a target failed.

    `phase` is None for probes that have no phases. `detail` is our own sentence; `said` keeps the
    peer's own words and `code` its SQLSTATE or error number, both empty when there were none. `offender` is
    the address of the router, or other host, that refused on the peer's behalf; empty where none is known.
    """

    phase: Phase | None
    cause: Cause
    detail: str
    said: str = ""
    code: str = ""
    offender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What every probe reports.

    `started` is wall-clock seconds since the epoch, a stamp only; `duration` is monotonic seconds.
    """

    target: str
    probe: str
    started: float
    duration: float
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionObservation(Observation):
    """One database connection from its first packet to its last.

    `phases` holds the phases that were completed, in seconds; together with the one that failed they
    add up to `duration`. A session that only failed to say goodbye has been of use all the same.
    """

    phases: tuple[tuple[Phase, float], ...]

    @property
    def usable(self) -> bool:
        """Whether the server let us in and answered the query."""
        return self.failure is None or self.failure.phase is Phase.CLOSE
