"""The middlebox as a process: python -m exporter.demo.middlebox TUN SECONDS.

It reads from the descriptor TUN what the kernel sends through that device, and forgets connections that
were silent for SECONDS. It writes a line once it is ready, and ends when its standard input does.
"""

import os
import select
import sys
from contextlib import suppress
from typing import Final

from exporter.demo.flows import Flows
from exporter.demo.forwarding import Forwarding

LARGEST: Final = 65_536
"""Bytes of a packet, at most."""
AT_ONCE: Final = 64
"""Packets that are passed on before anything else is looked at."""


def main() -> None:
    """Pass packets on until nobody wants that any more."""
    tun, forwarding = int(sys.argv[1]), Forwarding(Flows(float(sys.argv[2])))
    os.set_blocking(tun, False)
    ear = select.poll()
    ear.register(tun, select.POLLIN)
    ear.register(sys.stdin, select.POLLIN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while all(number == tun for number, _ in ear.poll()):
        with suppress(BlockingIOError):
            for _ in range(AT_ONCE):
                answer = forwarding.forward(os.read(tun, LARGEST))
                if answer is not None:
                    os.write(tun, answer)


if __name__ == "__main__":
    main()
