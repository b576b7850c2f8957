"""Echo requests to the target's host: delay, variation, loss, duplicates."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from exporter.model import Failure, PingObservation, ProbeError, Target
from exporter.net.echo import REMEMBERED, Echo, EchoSocket, why_unavailable
from exporter.net.resolve import Lookup, is_address
from exporter.probes.kind import Kind, Tools, Unavailable
from exporter.settings import Duration, ProbeSettings

RESOLVE_AGAIN = 60.0
"""Seconds after which a name is resolved anew; a resolver that fails then changes nothing."""
PATIENCE = 0.9
"""Part of the interval that a run waits for its own reply; later ones are found by the next run."""


class PingSettings(ProbeSettings):
    """ICMP echo to the target's host, IPv4 or IPv6 as its name resolves."""

    interval: Duration = Field(default=1.0, description="time between two echo requests")
    timeout: Duration = Field(default=1.0, description="time after which an echo counts as lost")
    size: int = Field(default=56, ge=8, le=65000, description="bytes of payload")


class PingProbe:
    """Sends one echo a run and reports those whose fate is decided.

    An echo in flight is neither lost nor answered: a run waits most of its interval for the reply, and
    what is still open then is decided by the run after it, with the kernel's stamp of arrival.
    """

    def __init__(self, target: Target, settings: PingSettings, tools: Tools) -> None:
        trouble = why_unavailable()
        if trouble:
            raise Unavailable(trouble)
        self._target = target
        self._settings = settings
        self._tools = tools
        self._echo: EchoSocket | None = None
        self._lookup: Lookup | None = None
        self._resolved_at = 0.0
        self._sequence = 0
        self._open: dict[int, tuple[float, float]] = {}
        self._answered: deque[int] = deque(maxlen=REMEMBERED)
        self._previous_rtt: float | None = None

    def run(self) -> Sequence[PingObservation]:
        """Send one echo and report what is decided (see `exporter.probes.kind.Probe`)."""
        started, begun = time.time(), time.monotonic()
        observations = self._decided() if self._echo else []
        try:
            echo = self._socket()
            self._sequence = (self._sequence + 1) % 65536
            echo.send(self._sequence)
        except ProbeError as error:
            failure = Failure(phase=None, cause=error.cause, detail=error.detail, code=error.code)
            return [*observations, replace(self._seen(started, begun), sent=False, failure=failure)]
        sent_at = time.monotonic()
        self._open[self._sequence] = (started, sent_at)
        patience = min(self._settings.timeout, PATIENCE * self._settings.interval - (sent_at - begun))
        while self._sequence in self._open and (left := sent_at + patience - time.monotonic()) > 0:
            if echo.wait(left, self._tools.stop):
                observations += self._decided()
        return observations + self._decided()

    def _socket(self) -> EchoSocket:
        """Give the socket for the target's present address, resolving its name now and then.

        Once there is an address, nothing waits for the resolver: its answer is used when it has come.
        """
        host = self._target.endpoint.host
        if self._echo is None:
            seconds = PATIENCE * self._settings.timeout
            address = host if is_address(host) else self._tools.resolver.addresses(host, seconds)[0]
            self._echo = EchoSocket(address, self._settings.size)
            self._resolved_at = time.monotonic()
        elif self._lookup is not None and self._lookup.done.is_set():
            found, self._lookup, self._resolved_at = self._lookup, None, time.monotonic()
            if found.addresses:
                self._move_to(found.addresses[0])
        elif (
            self._lookup is None
            and time.monotonic() - self._resolved_at > RESOLVE_AGAIN
            and not is_address(host)
        ):
            self._lookup = self._tools.resolver.ask(host)
        return self._echo

    def _move_to(self, address: str) -> None:
        assert self._echo is not None  # noqa: S101  only called once a socket is there
        if self._echo.address != address:
            moved = EchoSocket(address, self._settings.size)
            self._echo.close()
            self._echo = moved
            self._open.clear()

    def _decided(self) -> list[PingObservation]:
        """Take in the replies and judge every open echo that has been answered or is overdue."""
        assert self._echo is not None  # noqa: S101  only called once a socket is there
        found = []
        for reply in self._echo.replies():
            sent = self._open.pop(reply.sequence, None)
            if sent is None:
                found += self._further(reply.sequence)
            elif reply.rtt is not None and reply.rtt > self._settings.timeout:
                found.append(self._lost(*sent))
            else:
                found.append(self._reply(*sent, reply))
        overdue = time.monotonic() - self._settings.timeout
        for sequence, sent in list(self._open.items()):
            if sent[1] <= overdue:
                del self._open[sequence]
                found.append(self._lost(*sent))
        return found

    def _reply(self, started: float, since: float, reply: Echo) -> PingObservation:
        self._answered.append(reply.sequence)
        before, self._previous_rtt = self._previous_rtt, reply.rtt
        variation = abs(reply.rtt - before) if reply.rtt is not None and before is not None else None
        return replace(self._seen(started, since), rtt=reply.rtt, variation=variation)

    def _lost(self, started: float, since: float) -> PingObservation:
        self._previous_rtt = None
        return replace(self._seen(started, since), lost=True)

    def _further(self, sequence: int) -> list[PingObservation]:
        """Report a reply nobody waits for: a duplicate, unless it comes late for an echo judged lost."""
        if sequence not in self._answered:
            return []
        return [replace(self._seen(time.time(), time.monotonic()), sent=False, duplicates=1)]

    def _seen(self, started: float, since: float) -> PingObservation:
        duration = time.monotonic() - since
        return PingObservation(target=self._target.name, probe=KIND.name, started=started, duration=duration)


KIND = Kind(name="ping", settings=PingSettings, build=PingProbe)
