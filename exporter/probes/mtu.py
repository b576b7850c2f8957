"""The largest packet that reaches the target's host, and whether larger ones vanish without a word."""

import time
from collections.abc import Sequence

from pydantic import Field

from exporter.model import Cause, Failure, MtuObservation, ProbeError, Target
from exporter.net.icmp import why_unavailable
from exporter.net.ladder import Climb, Ladder
from exporter.net.packet_sizes import DatagramSizes, EchoSizes
from exporter.probes.kind import Kind, Tools
from exporter.settings import Duration, ProbeSettings

DIRECTION_SHARE = 0.3
"""Part of the timeout kept for finding out in which direction large packets vanish."""


class MtuSettings(ProbeSettings):
    """Packets that may not be split, larger and larger: echoes, or datagrams where no echo may be sent."""

    interval: Duration = Field(default=60.0, description="time between two looks")
    timeout: Duration = Field(default=10.0, description="longest time one look may take")


class MtuProbe:
    """Climbs the sizes towards the target's first address."""

    def __init__(self, target: Target, settings: MtuSettings, tools: Tools) -> None:
        self._target = target
        self._timeout = settings.timeout
        self._tools = tools
        self._sizes: type[EchoSizes | DatagramSizes] = DatagramSizes if why_unavailable() else EchoSizes
        self._ladders: dict[str, Ladder] = {}

    def run(self) -> Sequence[MtuObservation]:
        """Climb once (see `exporter.probes.kind.Probe`); a climb that came to no end tells nothing."""
        started, begun = time.time(), time.monotonic()
        climb, failure = None, None
        try:
            address = self._tools.book.addresses(self._target.endpoint.host, self._timeout / 2)[0]
            climb = self._climbed(address, begun + self._timeout)
            if climb is not None and climb.vanished is not None:
                failure = self._blackhole(address, climb.passed, climb.vanished, begun + self._timeout)
        except ProbeError as error:
            failure = error.failure()
        if climb is None and failure is None:
            return ()
        return (
            MtuObservation(
                target=self._target.name,
                probe=KIND.name,
                started=started,
                duration=time.monotonic() - begun,
                failure=failure,
                mtu=climb.passed if climb else None,
                blackhole=climb.vanished is not None if climb and climb.passed else None,
            ),
        )

    def _climbed(self, address: str, until: float) -> Climb | None:
        seconds = until - time.monotonic() - DIRECTION_SHARE * self._timeout
        ladder = self._ladders.get(address)
        if ladder is None:
            self._ladders = {address: (ladder := Ladder())}
        sizes = self._sizes(address, self._tools.stop)
        try:
            return ladder.climb(sizes, seconds)
        finally:
            sizes.close()

    def _blackhole(self, address: str, passed: int | None, vanished: int, until: float) -> Failure:
        way = self._way(address, vanished, until)
        detail = f"{address}: packets of {passed} bytes pass, of {vanished} vanish{way} unexplained"
        return Failure(phase=None, cause=Cause.NET_MTU_BLACKHOLE, detail=detail)

    def _way(self, address: str, size: int, until: float) -> str:
        """Say on which way packets of this size vanish, where datagrams, whose answer is small, can tell."""
        sizes = DatagramSizes(address, self._tools.stop)
        try:
            seconds = (until - time.monotonic()) / 3
            if seconds <= 0 or not sizes.attempt(sizes.least, seconds).passed:
                return ""
            passed = any(sizes.attempt(size, seconds / 2).passed for _ in range(2))
        except ProbeError:
            return ""
        finally:
            sizes.close()
        return " on the way back" if passed else " on the way there"


KIND = Kind(name="mtu", settings=MtuSettings, build=MtuProbe)
