"""A host for every address of a prefix: it answers echo requests and SYNs after a delay of its own.

A link that answers inside the sender's system call, as loopback and a bare veth do, flatters whoever
measures. Here each reply comes by itself, after a time drawn for it: a realistic spread.
"""

import contextlib
import heapq
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.lab.packets import answer
from tests.lab.tun import open_tun

BATCH = 64
"""Packets taken in before those that are due are looked after."""
LONGEST_PACKET = 65536


@contextlib.contextmanager
def responder(
    name: str, *addresses: str, least: float = 0.005, most: float = 0.055, seed: int = 1
) -> Iterator["subprocess.Popen[bytes]"]:
    """Answer for all addresses of the prefixes of `addresses`, which are the prober's own ends.

    Works in the calling thread's network, as a process of its own. Delays are drawn evenly from `least`
    to `most` seconds.
    """
    tun = open_tun(name, *addresses)
    command = [sys.executable, "-m", "tests.lab.responder", *map(str, (tun, least, most, seed))]
    process = subprocess.Popen(command, pass_fds=[tun])
    os.close(tun)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def respond(tun: int, least: float, most: float, seed: int) -> None:
    """Answer for ever."""
    draw = random.Random(seed).uniform  # noqa: S311  drawn delays are no secret
    waiting: list[tuple[float, int, bytes]] = []
    poll, number = select.poll(), 0
    poll.register(tun, select.POLLIN)
    while True:
        left = 1000 * (waiting[0][0] - time.monotonic()) if waiting else None
        poll.poll(None if left is None else max(0, left))
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                reply = answer(os.read(tun, LONGEST_PACKET))
                if reply:
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + draw(least, most), number, reply))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            os.write(tun, heapq.heappop(waiting)[2])


if __name__ == "__main__":
    respond(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
