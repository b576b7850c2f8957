"""TLS handshakes at the database's port: versions, certificates, and when they expire; nobody logs in."""

import time
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from exporter.model import Cause, Failure, Phase, ProbeError, Target, TlsObservation
from exporter.net.dial import dial, first_that_connects
from exporter.net.handshake import Handshake, TlsChannel
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream
from exporter.net.tls import NOT_OFFERED, FilesUnusable, client_context
from exporter.probes.kind import Kind, NotApplicable, Tools
from exporter.settings import Duration, ProbeSettings


class TlsSettings(ProbeSettings):
    """A TLS handshake at the database's port, without a login."""

    interval: Duration = Field(default=300.0, description="time between two handshakes")
    timeout: Duration = Field(default=10.0, description="longest time a handshake may take, with its goodbye")


class TlsProbe:
    """Completes one handshake at a time, whatever the certificate is worth, and says goodbye.

    A run reports nothing while a server is left alone that may have taken the last goodbye amiss (see
    `exporter.db.encryption.Encryption.harmless`).
    """

    def __init__(self, target: Target, settings: TlsSettings, tools: Tools) -> None:
        if tools.opener.encryption is None:
            raise NotApplicable("the URL switches TLS off")
        self._target = target
        self._encryption = tools.opener.encryption
        self._policy = tools.opener.encryption.policy
        self._timeout = settings.timeout
        self._tools = tools

    def run(self) -> Sequence[TlsObservation]:
        """Make one handshake and report it (see `exporter.probes.kind.Probe`)."""
        if not self._encryption.harmless() or not self._tools.budget.enter():
            return ()
        try:
            return (self._seen(),)
        finally:
            self._tools.budget.leave()

    def _seen(self) -> TlsObservation:
        started = time.time()
        clock = PhaseClock(self._timeout, {}, self._tools.stop)
        handshake, failure = None, None
        try:
            handshake, failure = self._look(clock)
        except ProbeError as error:
            failure = _failure(error, clock.phase)
        clock.finish()
        seen = TlsObservation(
            target=self._target.name,
            probe=KIND.name,
            started=started,
            duration=clock.elapsed,
            failure=failure,
        )
        return _told(seen, handshake) if handshake else seen

    def _look(self, clock: PhaseClock) -> tuple[Handshake | None, Failure | None]:
        """Ask for TLS, shake hands and leave; no handshake where the server has no TLS."""
        try:
            context = client_context(self._policy)  # anew, so that an authority that was rotated is noticed
        except FilesUnusable as error:
            said = f"the URL's files for TLS cannot be used: {error}"
            raise ProbeError(Cause.TLS_CERTIFICATE, said) from None
        with self._connected(clock) as stream, self._encryption.visit():
            if not self._encryption.ask(stream):
                self._leave(stream, clock)
                return None, self._missing()
            channel = TlsChannel(stream, context, self._policy, self._target.endpoint.host)
            handshake = channel.look()
            late_refusal = self._leave(channel, clock)
        return handshake, self._distrust(handshake) or late_refusal

    def _connected(self, clock: PhaseClock) -> Stream:
        endpoint = self._target.endpoint
        addresses = self._tools.book.addresses(endpoint.host, clock.remaining())
        clock.enter(Phase.TCP)
        sock = first_that_connects(
            addresses, clock, lambda address, within: dial(address, endpoint.port, clock, within)
        )
        return Stream.over(sock, clock)

    def _leave(self, line: Stream | TlsChannel, clock: PhaseClock) -> Failure | None:
        """Take leave; what goes wrong then says nothing of TLS, but for a refusal that comes late."""
        try:
            self._encryption.leave(line)
        except ProbeError as error:
            if error.cause is Cause.TLS_HANDSHAKE:
                return _failure(error, clock.phase)
        return None

    def _missing(self) -> Failure | None:
        """Judge a server that has no TLS, as a session at the same URL would."""
        if not self._policy.required:
            return None
        return Failure(phase=Phase.TLS, cause=Cause.AUTH_NOT_ALLOWED, detail=NOT_OFFERED)

    def _distrust(self, handshake: Handshake) -> Failure | None:
        """Judge a certificate by no more than the URL demands."""
        problem = self._policy.objection(handshake.chain_problem, handshake.name_problem)
        return Failure(phase=Phase.TLS, cause=Cause.TLS_CERTIFICATE, detail=problem) if problem else None


def _failure(error: ProbeError, phase: Phase) -> Failure:
    # What is wrong with TLS itself may show before the first connect, or not until the goodbye.
    if error.cause in (Cause.TLS_CERTIFICATE, Cause.TLS_HANDSHAKE):
        phase = Phase.TLS
    return error.failure(phase)


def _told(seen: TlsObservation, handshake: Handshake) -> TlsObservation:
    problem = "; ".join(filter(None, (handshake.chain_problem, handshake.name_problem)))
    return replace(
        seen,
        handshake=handshake.seconds,
        version=handshake.version,
        cipher=handshake.cipher,
        verified=not problem,
        problem=problem,
        expires=handshake.expires,
        chain_expires=handshake.chain_expires,
    )


KIND = Kind(name="tls", settings=TlsSettings, build=TlsProbe)
