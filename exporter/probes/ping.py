"""Echo requests to the target's host: delay, variation, loss, duplicates."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from exporter.model import Clock, EchoOrder, PingObservation, Target
from exporter.net.icmp import LEAST_PAYLOAD, why_unavailable
from exporter.probes.kind import Metered, Tools, Unavailable
from exporter.settings import Duration, ProbeSettings

CLOCKS = {True: Clock.KERNEL, False: Clock.USER}


class PingSettings(ProbeSettings):
    """ICMP echo to the target's host, IPv4 or IPv6 as its name resolves."""

    interval: Duration = Field(default=1.0, description="time between two echo requests")
    timeout: Duration = Field(default=1.0, description="time after which an echo counts as lost")
    size: int = Field(default=56, ge=LEAST_PAYLOAD, le=65000, description="bytes of payload")


class PingReader:
    """Turns the echo engine's readings into observations."""

    def __init__(self, target: Target, settings: PingSettings, tools: Tools) -> None:  # noqa: ARG002  all readers alike
        trouble = why_unavailable()
        if trouble:
            raise Unavailable(trouble)
        self._target = target.name

    def read(self, reading: Any) -> Sequence[PingObservation]:
        """Read `exporter.net.echo.Answers`, or the fields of whatever else has become of an echo."""
        if isinstance(reading, tuple):
            started, rtts, variations, reordered, departure, arrival = reading
            return (
                PingObservation(
                    target=self._target,
                    probe=KIND.name,
                    started=started,
                    duration=rtts[-1],
                    sent=len(rtts),
                    rtts=rtts,
                    variations=variations,
                    reordered=reordered,
                    departure=CLOCKS[departure],
                    arrival=CLOCKS[arrival],
                ),
            )
        return (PingObservation(target=self._target, probe=KIND.name, duration=0.0, **reading),)


def _order(job: int, target: Target, settings: PingSettings) -> EchoOrder:  # noqa: ARG001  all orders alike
    return EchoOrder(job=job, interval=settings.interval, timeout=settings.timeout, size=settings.size)


KIND = Metered(name="ping", settings=PingSettings, order=_order, reader=PingReader)
