"""The process that carries a link's packets from one TUN device to the other, and harms them on the way."""

import contextlib
import heapq
import json
import os
import random
import select
import sys
import time
from dataclasses import asdict

from tests.lab.link import Conditions, Counts
from tests.lab.packets import too_big

BATCH = 64
LONGEST_PACKET = 65536


class Way:
    """One direction: packets come from `source` and leave at `sink` when their time has come."""

    def __init__(self, source: int, sink: int, seed: str) -> None:
        self.conditions = Conditions()
        self.counts = dict.fromkeys(Counts.__slots__, 0)
        self.source = source
        self._sink = sink
        self._random = random.Random(seed)  # noqa: S311  faults are no secret
        self._waiting: list[tuple[float, int, bytes]] = []
        self._number = 0
        self._free_at = 0.0
        self._last = 0.0

    def take(self) -> None:
        """Take in what has come, and decide its fate."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                self._decide(os.read(self.source, LONGEST_PACKET))

    def deliver(self) -> float | None:
        """Pass on what is due; give the seconds until more is, None where nothing waits."""
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            os.write(self._sink, heapq.heappop(self._waiting)[2])
            self.counts["delivered"] += 1
        return self._waiting[0][0] - now if self._waiting else None

    def _decide(self, packet: bytes) -> None:
        conditions, draw = self.conditions, self._random.random
        # As many draws for each packet, whatever becomes of it: a seed means the same under all conditions.
        lost, doubled, damaged = draw(), draw(), draw()
        self.counts["taken"] += 1
        if conditions.mtu and len(packet) > conditions.mtu:
            self.counts["too_big"] += 1
            if conditions.tells:
                os.write(self.source, too_big(packet, conditions.mtu))
        elif lost < conditions.loss:
            self.counts["lost"] += 1
        else:
            if damaged < conditions.corruption:
                self.counts["corrupted"] += 1
                packet = packet[:-1] + bytes([packet[-1] ^ 0xFF])
            self._queue(packet)
            if doubled < conditions.duplication:
                self.counts["duplicated"] += 1
                self._queue(packet)

    def _queue(self, packet: bytes) -> None:
        conditions = self.conditions
        self._free_at = max(self._free_at, time.monotonic())
        if conditions.rate:
            self._free_at += len(packet) / conditions.rate
        due = self._free_at + conditions.delay + self._random.random() * conditions.jitter
        if not conditions.reorder:
            due = max(due, self._last)
        self._last = due
        self._number += 1
        heapq.heappush(self._waiting, (due, self._number, packet))


def carry(near: int, far: int, seed: str) -> None:
    """Carry until standard input ends; each line of it may change conditions, and is answered with counts."""
    there, back = Way(near, far, f"{seed} there"), Way(far, near, f"{seed} back")
    poll = select.poll()
    for number in (near, far, sys.stdin.fileno()):
        poll.register(number, select.POLLIN)
    while True:
        waits = [left for left in (there.deliver(), back.deliver()) if left is not None]
        ready = {number for number, _ in poll.poll(1000 * min(waits) if waits else None)}
        for way in (there, back):
            if way.source in ready:
                way.take()
        if sys.stdin.fileno() in ready:
            line = sys.stdin.buffer.readline()
            if not line:
                return
            _obey(json.loads(line), {"there": there, "back": back})


def _obey(said: dict[str, dict[str, object]], ways: dict[str, Way]) -> None:
    for key, values in said.items():
        ways[key].conditions = Conditions(**(asdict(Conditions()) | values))
    sys.stdout.write(json.dumps([way.counts for way in ways.values()]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    carry(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
