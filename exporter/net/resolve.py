"""The system's own name resolution, with a deadline it does not have by itself."""

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass, field

from exporter.model import Cause, ProbeError
from exporter.net.waiting import Stop, Stopped

_STOP_CHECK = 0.1
"""Seconds after which a wait for the resolver looks whether the daemon is ending."""


@dataclass(slots=True)
class Lookup:
    """One getaddrinfo under way; everyone who asks for the same name meanwhile waits for it.

    Once `done`, there are `addresses`, or else an `error`.
    """

    done: threading.Event = field(default_factory=threading.Event)
    addresses: tuple[str, ...] = ()
    error: ProbeError | None = None


class Resolver:
    """Asks getaddrinfo, as the application does, in threads of its own.

    getaddrinfo cannot be interrupted and may take a quarter of a minute when a resolver is dead. So
    each name has at most one lookup under way, in a daemon thread, and callers wait only as long as
    they wish.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._under_way: dict[str, Lookup] = {}

    def addresses(self, host: str, seconds: float) -> tuple[str, ...]:
        """Resolve `host` to numeric addresses in the system's order of preference.

        Raises ProbeError (`dns.failure`) when the name does not resolve or not within `seconds`.
        """
        lookup = self.ask(host)
        until = time.monotonic() + seconds
        while not lookup.done.wait(max(0.0, min(_STOP_CHECK, until - time.monotonic()))):
            if self._stop.thrown:
                raise Stopped
            if time.monotonic() >= until:
                raise ProbeError(
                    Cause.DNS_FAILURE, f"{host}: no answer from the resolver within {seconds:.3f} s"
                )
        if lookup.error is not None:
            raise lookup.error
        return lookup.addresses

    def ask(self, host: str) -> Lookup:
        """Begin to resolve `host`, or join the lookup that is under way; waits for nothing."""
        with self._lock:
            lookup = self._under_way.get(host)
            if lookup is None:
                lookup = Lookup()
                thread = threading.Thread(
                    target=self._run, args=(host, lookup), name=f"resolve {host}", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError as error:
                    lookup.error = ProbeError(Cause.CLIENT_RESOURCES, f"{host}: {error}")
                    lookup.done.set()
                else:
                    self._under_way[host] = lookup
            return lookup

    def _run(self, host: str, lookup: Lookup) -> None:
        lookup.error = ProbeError(Cause.UNKNOWN, f"{host}: the lookup broke")  # unless it does not
        try:
            lookup.addresses = _getaddrinfo(host)
            lookup.error = None
        except ProbeError as error:
            lookup.error = error
        finally:
            with self._lock:
                self._under_way.pop(host, None)
            lookup.done.set()


def is_address(host: str) -> bool:
    """Whether `host` is an address already, so that there is nothing to resolve."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _getaddrinfo(host: str) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise ProbeError(Cause.DNS_FAILURE, f"{host}: {error.strerror}", code=str(error.errno)) from None
    except UnicodeError:
        raise ProbeError(Cause.DNS_FAILURE, f"{host}: not a name that DNS can hold") from None
    except OSError as error:
        raise ProbeError(Cause.CLIENT_RESOURCES, f"{host}: {error.strerror}", code=str(error.errno)) from None
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
