"""What is seen along the path: where loss begins, where it ends short, and how large packets may be."""

from collections.abc import Iterator
from typing import Final

from exporter.diagnosis.seen.window import Window
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import MtuObservation, Observation, PathObservation, RouteHop

HEADERS: Final = 40
"""Bytes of a packet that are no part of the segment: the least that IPv4 and TCP take."""


class Way:
    """Folds rounds along the path and climbs of packet sizes into facts.

    Neither is a symptom by itself: a path may change, and a host refuse large echoes, without any harm.
    """

    def __init__(self) -> None:
        self._round: tuple[float, PathObservation] | None = None
        self._sizes: tuple[float, MtuObservation] | None = None
        self._distance: int | None = None

    def take(self, at: float, observation: Observation) -> bool:
        """Take in a round or a climb (see `Side`)."""
        match observation:
            case PathObservation(hops=hops) if hops:
                if self._distance is None:
                    self._distance = next((hop.ttl for hop in hops if hop.reached), None)
                self._round = at, observation
            case MtuObservation():
                self._sizes = at, observation
        return False

    def standing(self, at: float) -> bool:  # noqa: ARG002  all sides alike
        """Nothing that is seen here is trouble by itself."""
        return False

    def settle(self) -> None:
        """Take the distance at which the target is now for the usual one."""
        self._distance = None

    @property
    def large_vanish(self) -> bool:
        """Whether larger packets vanished when sizes were looked at last."""
        return self._sizes is not None and bool(self._sizes[1].blackhole)

    def facts(self, window: Window) -> Iterator[Fact]:
        """Tell what the path was like when it was looked at last, if that was in the window."""
        if self._round is not None and window.after(self._round[0]) and window.timed(self._round[0]):
            yield from self._along(self._round[1])
        if self._sizes is not None and self._sizes[1].mtu:
            at, seen = self._sizes
            if seen.blackhole:
                text = seen.failure.detail if seen.failure is not None else "larger packets vanish"
                values = {"mtu": f"{seen.mtu}", "mss": f"{self._sizes[1].mtu - HEADERS}"}
                yield Fact(sign=Sign.BIG_VANISH, text=text, values=values)
            elif window.has(at) and seen.blackhole is not None:
                yield Fact(sign=Sign.BIG_PASSES, text=f"packets of {seen.mtu} bytes pass", strength=0.5)

    def _along(self, seen: PathObservation) -> Iterator[Fact]:
        route = seen.route
        if route is not None and route.loss_start is not None and route.loss_start <= len(route.hops):
            hop = route.hops[route.loss_start - 1]
            text = f"along the path, loss begins at hop {_name(hop)}"
            yield Fact(sign=Sign.LOSS_STARTS, text=text, values=_values(hop))
        nearest = next((hop.ttl for hop in seen.hops if hop.reached), None)
        if self._distance is None:
            return
        if nearest is None:
            yield from self._short(seen)
        elif nearest < self._distance:
            text = f"somebody at hop {nearest} answers for the server, which is {self._distance} hops away"
            yield Fact(sign=Sign.PATH_NEARER, text=text, values={"hop": f"{nearest}"})

    def _short(self, seen: PathObservation) -> Iterator[Fact]:
        """Tell which router was the last to answer; whoever comes next is to blame."""
        route = seen.route
        known = {hop.ttl: hop for hop in route.hops} if route is not None else {}
        last = max((hop.ttl for hop in seen.hops if hop.address is not None), default=0)
        if not last:
            text = "along the path, not even the first router answers"
            yield Fact(sign=Sign.PATH_SHORT, text=text, values={"hop": "1"})
            return
        hop = known.get(last, RouteHop(ttl=last, address=None))
        text = f"along the path, nobody answers beyond hop {_name(hop)}"
        yield Fact(sign=Sign.PATH_SHORT, text=text, values=_values(hop))


def _name(hop: RouteHop) -> str:
    named = [hop.hostname, hop.network]
    about = f" ({', '.join(name for name in named if name)})" if any(named) else ""
    return f"{hop.ttl}, {hop.address or 'which is silent'}{about}"


def _values(hop: RouteHop) -> dict[str, str]:
    values = {"hop": f"{hop.ttl}", "hop_address": hop.address or "", "network": hop.network}
    return {name: value for name, value in values.items() if value}
