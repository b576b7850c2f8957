"""The system's own name resolution, with a deadline it does not have by itself."""

import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from exporter.model import Cause, ProbeError
from exporter.net.waiting import Stop, wait_for_event

INTERFACE: Final = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""What stands behind an address of IPv6 that is good on one link only: a name, or a number."""


class Lookup:
    """One getaddrinfo under way; everyone who asks for the same name meanwhile waits for it.

    Once `done`, it took `seconds`, and there are `addresses`, or else an `error`.
    """

    def __init__(self, addresses: tuple[str, ...] = (), error: ProbeError | None = None) -> None:
        self.done = threading.Event()
        self.seconds = 0.0
        self.addresses = addresses
        self.error = error
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []

    def then(self, call: Callable[[], None]) -> None:
        """Call back once done, from the thread that is done first; `call` must be quick and not fail."""
        with self._lock:
            if not self.done.is_set():
                self._calls.append(call)
                return
        call()

    def finish(self) -> None:
        """Say that it is done."""
        with self._lock:
            self.done.set()
        for call in self._calls:
            call()


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
        if not wait_for_event(lookup.done, seconds, self._stop):
            raise silent(host, seconds)
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
                    lookup.finish()
                else:
                    self._under_way[host] = lookup
            return lookup

    def _run(self, host: str, lookup: Lookup) -> None:
        lookup.error = ProbeError(Cause.UNKNOWN, f"{host}: the lookup broke")  # unless it does not
        begun = time.perf_counter()
        try:
            lookup.addresses = _getaddrinfo(host)
            lookup.error = None
        except ProbeError as error:
            lookup.error = error
        finally:
            lookup.seconds = time.perf_counter() - begun
            with self._lock:
                self._under_way.pop(host, None)
            lookup.finish()


def silent(host: str, seconds: float) -> ProbeError:
    """Say that the system's resolution took too long."""
    return ProbeError(Cause.DNS_FAILURE, f"{host}: no answer from the resolver within {seconds:.3f} s")


def is_address(host: str) -> bool:
    """Whether `host` is an address already, so that there is nothing to resolve.

    Behind a percent sign only what can be an interface may stand; Python takes line breaks there, and more.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    _, percent, interface = host.partition("%")
    return not percent or INTERFACE.fullmatch(interface) is not None


def _getaddrinfo(host: str) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_MEMORY or _out_of_descriptors():
            raise ProbeError(Cause.CLIENT_RESOURCES, f"{host}: no memory or no file is to be had") from None
        raise ProbeError(Cause.DNS_FAILURE, f"{host}: {error.strerror}", code=str(error.errno)) from None
    except UnicodeError:
        raise ProbeError(Cause.DNS_FAILURE, f"{host}: not a name that DNS can hold") from None
    except OSError as error:
        raise ProbeError(Cause.CLIENT_RESOURCES, f"{host}: {error.strerror}", code=str(error.errno)) from None
    if not answers:
        raise ProbeError(Cause.DNS_FAILURE, f"{host}: the name has no address")
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _out_of_descriptors() -> bool:
    """Whether no file can be opened: the C library then says that the name is not known."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return True
    return False
