"""A name server on a host's loopback that fails, waits and changes its mind to order, as no real one does.

It answers every name alike.
"""

import itertools
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.namespace import Namespace
from tests.lab.told import Told

ADDRESS: Final = ("127.0.0.1", 53)
LONGEST: Final = 4096


class Nameserver(Told):
    """A name server inside a network; it answers with all of `addresses`, IPv4 and IPv6."""

    def __init__(self, network: Namespace, *addresses: str) -> None:
        super().__init__("tests.lab.nameserver", network, **_answers([addresses]))

    def answer(self, *turns: Sequence[str], rcode: str = "NOERROR", delay: float = 0.0, ttl: int = 1) -> None:
        """Answer with these addresses, with the next ones each time; or with an error; after so long."""
        self.tell(**_answers(turns), rcode=rcode, delay=delay, ttl=ttl)

    def fall_silent(self) -> None:
        """Answer nobody any more."""
        self.tell(delay=None)


def _answers(turns: Sequence[Sequence[str]]) -> dict[str, object]:
    return {"turns": [list(turn) for turn in turns]}


class Zone:
    """What is answered at the moment."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._orders: dict[str, Any] = {"turns": [[]], "rcode": "NOERROR", "delay": 0.0, "ttl": 1}
        self._turn = {kind: itertools.count() for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)}

    def obey(self, orders: dict[str, Any]) -> int:
        """Take orders; give how many sets of addresses there are."""
        self._orders |= orders
        return len(self._orders["turns"])

    def serve(self) -> None:
        """Answer one question, in its own time."""
        packet, asker = self._sock.recvfrom(LONGEST)
        delay = self._orders["delay"]
        if delay is not None:
            answer = self._answer(packet)
            threading.Thread(target=self._send, args=(answer, asker, delay), daemon=True).start()

    def _send(self, answer: bytes, asker: Any, delay: float) -> None:
        time.sleep(delay)
        self._sock.sendto(answer, asker)

    def _answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        message = dns.message.make_response(query)
        message.flags |= dns.flags.RA
        message.set_rcode(dns.rcode.from_text(self._orders["rcode"]))
        asked = query.question[0]
        turns = self._orders["turns"]
        if asked.rdtype in self._turn and turns and self._orders["rcode"] == "NOERROR":
            six = asked.rdtype == dns.rdatatype.AAAA
            turn = turns[next(self._turn[asked.rdtype]) % len(turns)]
            if found := [address for address in turn if (":" in address) == six]:
                message.answer.append(
                    dns.rrset.from_text(asked.name, self._orders["ttl"], "IN", asked.rdtype, *found)
                )
        return message.to_wire(max_size=LONGEST)


def main() -> None:
    """Serve until standard input ends; each line of it is an order, and is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(ADDRESS)
        zone = Zone(sock)
        while True:
            ready, _, _ = select.select([sock, sys.stdin], [], [])
            if sock in ready:
                zone.serve()
            if sys.stdin in ready:
                line = sys.stdin.buffer.readline()
                if not line:
                    return
                sys.stdout.write(f"{zone.obey(json.loads(line))}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
