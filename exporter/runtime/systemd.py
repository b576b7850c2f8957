"""What systemd and we tell each other: sockets, and how we are (sd_listen_fds(3), sd_notify(3)).

Where nobody listens, nothing is said; so all of it may be called wherever we run.
"""

import contextlib
import os
import socket
import time
import weakref
from collections.abc import Iterator, Mapping
from typing import Final

FIRST: Final = 3
"""Descriptor of the first socket that is passed."""
DIGITS: Final = 20
"""Of the largest number that systemd writes, which is no limit for its watchdog."""


class NoSockets(Exception):
    """No socket was passed that could be listened on; the text says why."""


class Systemd:
    """The service manager that has started us, as the environment tells; or nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # One that begins with @ is in the abstract namespace, which the kernel writes as a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watchdog = _number(environment.get("WATCHDOG_USEC", "")) if ours else 0
        self._socket = self._opened() if self.listening else None

    @property
    def listening(self) -> bool:
        """Whether anybody wants to be told."""
        return self._address[:1] in ("/", "\0") and len(self._address) > 1

    @property
    def patience(self) -> float | None:
        """Seconds after which we are taken for dead where nothing was said; None for never."""
        return self._watchdog / 1e6 if self._watchdog else None

    def tell(self, *words: str) -> None:
        """Send words such as READY=1; one that nobody takes is lost, and harms nobody."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(words).encode(errors="replace"), self._address)

    @contextlib.contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that we reload, and afterwards that we are as ready as before."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            yield
        finally:
            self.tell("READY=1")

    def _opened(self) -> socket.socket | None:
        """Give what words are sent from, as long as this object lives: later no descriptor may be left."""
        with contextlib.suppress(OSError):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.settimeout(1)
            weakref.finalize(self, sock.close)
            return sock
        return None


def passed_sockets(environment: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """Take the listening sockets that were passed to us; raises NoSockets."""
    count = sockets_passed(environment)
    if count == 0:
        raise NoSockets("systemd has passed no socket; start this by a .socket unit")
    return [_listener(descriptor) for descriptor in range(FIRST, FIRST + count)]


def sockets_passed(environment: Mapping[str, str] = os.environ) -> int:
    """Tell how many sockets were passed to us."""
    ours = environment.get("LISTEN_PID") == str(os.getpid())
    return _number(environment.get("LISTEN_FDS", "")) if ours else 0


def _number(text: str) -> int:
    """Read a number of systemd's, of 64 bits at most; 0 where it is none."""
    return int(text) if text.isdecimal() and len(text) <= DIGITS else 0


def _listener(descriptor: int) -> socket.socket:
    passed = f"descriptor {descriptor}, passed by systemd,"
    try:
        os.set_inheritable(descriptor, False)
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise NoSockets(f"{passed} is no socket: {error.strerror}") from None
    over_tcp = sock.type is socket.SOCK_STREAM and sock.family in (socket.AF_INET, socket.AF_INET6)
    if over_tcp and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return sock
    sock.detach()
    raise NoSockets(f"{passed} does not listen on TCP; write ListenStream=HOST:PORT, and Accept=no")
