"""The canary: loopback, measured like a target. With nothing in between, what it shows is our own error."""

import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from exporter.model import EchoOrder, Order, TcpOrder

LOOPBACK: Final = "127.0.0.1"
ECHO_JOB: Final = -1
TCP_JOB: Final = -2
INTERVAL: Final = 1.0


class Canary:
    """Has this host itself measured each second, by echo and by connect."""

    def __init__(self, measured: Callable[[str, float], None], *, echo: bool) -> None:
        """Listen on loopback; `measured` gets delays in seconds. Without `echo`, none is ordered."""
        self._measured = measured
        # Its connects are never completed, so nobody has to accept them.
        self._listener = socket.create_server((LOOPBACK, 0))
        port = self._listener.getsockname()[1]
        connect = TcpOrder(job=TCP_JOB, interval=INTERVAL, timeout=INTERVAL, port=port, every_address=False)
        self.orders: Sequence[Order] = (
            (EchoOrder(job=ECHO_JOB, interval=INTERVAL, timeout=INTERVAL, size=56), connect)
            if echo
            else (connect,)
        )

    def read(self, job: int, reading: Any) -> None:
        """Take in what the meter read of one of the orders."""
        if job == ECHO_JOB:
            for rtt in reading[1] if isinstance(reading, tuple) else ():
                self._measured("ping", rtt)
        elif reading[2] and reading[2][0][-1] is None:
            self._measured("tcp", reading[2][0][1])

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()
