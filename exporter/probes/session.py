"""A database session from its first packet to its last, timed in its phases."""

import time
from collections.abc import Sequence

from pydantic import Field

from exporter.db.dialect import TRIVIAL_QUERY
from exporter.model import Cause, Failure, Phase, ProbeError, SecretUnreadable, SessionObservation, Target
from exporter.net.phases import PhaseClock
from exporter.net.resolve import is_address
from exporter.probes.kind import Kind, Tools
from exporter.settings import Duration, ProbeSettings, Settings


class PhaseTimeouts(Settings):
    """Limits of single phases; a phase without one may use all that is left of the probe's timeout."""

    dns: Duration | None = Field(default=None, description="resolving the host's name")
    tcp: Duration | None = Field(default=None, description="connecting, all addresses together")
    tls: Duration | None = Field(default=None, description="negotiating TLS")
    auth: Duration | None = Field(default=None, description="logging in, until the server is ready")
    query: Duration | None = Field(default=None, description="the query and its answer")
    close: Duration | None = Field(default=None, description="saying goodbye, until the server has closed")


class SessionSettings(ProbeSettings):
    """A fresh session each time: connect, log in, query, close."""

    interval: Duration = Field(default=15.0, description="time between two sessions")
    timeout: Duration = Field(default=5.0, description="longest time a session may take in all")
    query: str = Field(default=TRIVIAL_QUERY, min_length=1, description="what is asked; must return little")
    phase_timeouts: PhaseTimeouts = Field(default=PhaseTimeouts(), description="limits of single phases")


class SessionProbe:
    """Opens, uses and closes one session at a time at its target.

    A run reports nothing while a server is left alone (see `exporter.db.dialect.Opener.harmless`), or the
    budget has no connection left.
    """

    def __init__(self, target: Target, settings: SessionSettings, tools: Tools) -> None:
        self._target = target
        self._endpoint = target.endpoint
        self._query = settings.query
        self._timeout = settings.timeout
        limits = dict(settings.phase_timeouts)  # as they are, and not as they are shown
        self._limits = {Phase(name): seconds for name, seconds in limits.items() if seconds is not None}
        self._tools = tools

    def run(self) -> Sequence[SessionObservation]:
        """Hold one session and report it (see `exporter.probes.kind.Probe`)."""
        if not self._tools.opener.harmless() or not self._tools.budget.enter():
            return ()
        try:
            return (self._look(),)
        finally:
            self._tools.budget.leave()

    def _look(self) -> SessionObservation:
        started = time.time()
        clock = PhaseClock(self._timeout, self._limits, self._tools.stop)
        failure = None
        try:
            self._hold(clock)
        except ProbeError as error:
            failure = error.failure(clock.phase)
        except SecretUnreadable as error:
            # Nothing has been dialled: without a name to resolve, the login is the first phase there was.
            (clock.skip if clock.phase is Phase.TCP else clock.enter)(Phase.AUTH)
            failure = Failure(phase=Phase.AUTH, cause=Cause.AUTH_CREDENTIALS, detail=f"password: {error}")
        phases = clock.finish()
        if failure is not None:
            phases = tuple((phase, seconds) for phase, seconds in phases if phase is not failure.phase)
        return SessionObservation(
            target=self._target.name,
            probe=KIND.name,
            started=started,
            duration=clock.elapsed,
            failure=failure,
            phases=phases,
        )

    def _hold(self, clock: PhaseClock) -> None:
        session = self._tools.opener.open(self._addresses(clock), clock)
        born = time.monotonic()
        try:
            session.query(self._query, guarded=self._query != TRIVIAL_QUERY)
            session.close()
        except BaseException as error:
            session.abandon()
            if not (isinstance(error, ProbeError) and error.said):  # who talks to us hears us go
                self._tools.leftovers.add(session.number, born)
            raise

    def _addresses(self, clock: PhaseClock) -> Sequence[str]:
        host = self._endpoint.host
        if is_address(host):
            clock.skip(Phase.TCP)
            return (host,)
        return self._tools.resolver.addresses(host, clock.remaining())


KIND = Kind(name="session", settings=SessionSettings, build=SessionProbe)
