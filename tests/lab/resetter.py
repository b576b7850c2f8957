"""A balancer of packets that resets both ends of a connection: when it was idle, when it is old, or now.

It sees every packet that passes, so a TCP keepalive counts as traffic, as it does for Azure's and its like.
"""

import contextlib
import json
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from tests.lab.packets import ACK, FIN, RST, TCP, segment
from tests.lab.routers import Node
from tests.lab.told import Told

ETH_P_ALL: Final = 3
LONGEST_PACKET: Final = 65536
End = tuple[bytes, int]
"""Packed address and port."""


class Resetter(Told):
    """Resets connections to `port` after `idle` seconds without a packet, and at an `age` of so many."""

    def __init__(
        self, router: Node, port: int, *, idle: float | None = None, age: float | None = None
    ) -> None:
        super().__init__("tests.lab.resetter", router, port=port, idle=idle, age=age)

    def set(self, *, idle: float | None = None, age: float | None = None) -> None:
        """Change both limits, for the connections that are there as well."""
        self.tell(idle=idle, age=age)

    def reset(self) -> int:
        """Reset all connections now; give how many."""
        return self.tell(reset=True)


@dataclass(slots=True, kw_only=True)
class Flow:
    """A connection under way; `expected` is the sequence number each end waits for, as it said itself."""

    began: float
    latest: float = 0.0
    expected: dict[End, int] = field(default_factory=dict)


class Watch:
    """What passes between client and server on one port."""

    def __init__(self) -> None:
        self._limits: dict[str, Any] = {"port": 0, "idle": None, "age": None}
        self._flows: dict[frozenset[End], Flow] = {}
        self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.tap.bind(("to-client", 0))
        self.tap.setblocking(False)
        self._raw = {
            4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            16: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        }

    def obey(self, orders: dict[str, Any]) -> int:
        """Take orders; give how many connections there were."""
        count = len(self._flows)
        if orders.pop("reset", False):
            for ends in list(self._flows):
                self._reset(ends)
        self._limits |= orders
        return count

    def look(self) -> None:
        """Take note of all that has passed."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._note(self.tap.recv(LONGEST_PACKET))

    def due(self) -> float | None:
        """Reset what has reached a limit; give the seconds until more will, None where nothing will."""
        now, left = time.monotonic(), []
        for ends, flow in list(self._flows.items()):
            since = {"idle": flow.latest, "age": flow.began}
            ages = [since[name] + self._limits[name] - now for name in since if self._limits[name]]
            if ages and min(ages) <= 0:
                self._reset(ends)
            else:
                left += ages
        return min(left) if left else None

    def _note(self, packet: bytes) -> None:
        if packet[0] >> 4 == 4:
            at, protocol, source, destination = 4 * (packet[0] & 15), packet[9], packet[12:16], packet[16:20]
        else:
            at, protocol, source, destination = 40, packet[6], packet[8:24], packet[24:40]
        if protocol != TCP:
            return
        near, far, _, said, _, flags = struct.unpack_from("!HHIIBB", packet, at)
        if self._limits["port"] not in {near, far}:
            return
        ends = frozenset({(source, near), (destination, far)})
        if flags & (FIN | RST):
            self._flows.pop(ends, None)
            return
        now = time.monotonic()
        flow = self._flows.setdefault(ends, Flow(began=now))
        flow.latest = now
        if flags & ACK:
            flow.expected[source, near] = said

    def _reset(self, ends: frozenset[End]) -> None:
        flow = self._flows.pop(ends)
        for to, number in flow.expected.items():
            (source,) = ends - {to}
            packet = segment((source[0], to[0]), (source[1], to[1]), number, RST)
            self._raw[len(to[0])].sendto(packet, (str(ip_address(to[0])), 0))


def main() -> None:
    """Watch until standard input ends; each line of it is an order, and is answered."""
    watch = Watch()
    while True:
        wait = watch.due()
        ready, _, _ = select.select([watch.tap, sys.stdin], [], [], wait)
        watch.look()
        if sys.stdin in ready:
            line = sys.stdin.buffer.readline()
            if not line:
                return
            sys.stdout.write(f"{watch.obey(json.loads(line))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
