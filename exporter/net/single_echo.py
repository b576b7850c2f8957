"""One echo request to one host, for who asks now: with a socket of its own."""

import time
from dataclasses import dataclass

from exporter.model import Cause, ProbeError
from exporter.net.exchange import Exchange
from exporter.net.flight import Flight
from exporter.net.waiting import READABLE, Stop, wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed:
    """How long it took, in seconds, until the request could be sent, and from there to its answer."""

    setup: float
    rtt: float


class _Fate:
    """What becomes of the one echo."""

    rtt: float | None = None
    refusal: ProbeError | None = None
    decided = False

    def answered(self, flight: Flight[None], delay: float | None, stamped: bool) -> None:  # noqa: ARG002  as Exchange tells it
        """Take in the answer; where the kernel has not stamped it, our own clock has to do."""
        self.rtt = time.monotonic() - flight.since if delay is None else delay
        self.decided = True

    def refused(self, flight: Flight[None], error: ProbeError) -> None:  # noqa: ARG002  as Exchange tells it
        """Take in what a router says."""
        self.refusal = error
        self.decided = True


def echo(address: str, seconds: float, size: int, stop: Stop) -> Echoed:
    """Send `size` bytes to a numeric address and wait for the answer; raise ProbeError where none comes."""
    begun = time.monotonic()
    fate = _Fate()
    exchange: Exchange[None] = Exchange(6 if ":" in address else 4, fate.answered, fate.refused)
    try:
        flight: Flight[None] = Flight(None, 0, exchange.place(address))
        exchange.send(flight, size, seconds)
        until = begun + seconds
        while not fate.decided and (left := until - time.monotonic()) > 0:
            wait(exchange.fileno(), READABLE, left, stop)
            exchange.take_in()
    finally:
        exchange.close()
    if fate.refusal is not None:
        raise fate.refusal
    if fate.rtt is None:
        raise ProbeError(
            Cause.NET_BLACKHOLE, f"{address}: no answer to an echo request within {seconds:.3f} s"
        )
    return Echoed(setup=flight.since - begun, rtt=fate.rtt)
