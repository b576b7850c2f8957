"""Opening TCP connections, and what the kernel's refusals mean."""

import errno
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from exporter.model import Cause, ProbeError
from exporter.net.icmp_errors import RECVERR, icmp_error
from exporter.net.phases import PhaseClock
from exporter.net.waiting import WRITABLE
from exporter.said.system import CAUSES

T = TypeVar("T")


def connect_error(number: int, address: str, *, at_once: bool) -> ProbeError:
    """Turn the error of a connect into ours.

    `at_once` tells that connect itself failed: then "network is unreachable" is this host's own routing
    table, and no router's answer; later "permission denied" is how the kernel puts an IPv6 router's refusal.
    """
    cause = CAUSES.get(number, Cause.UNKNOWN)
    if at_once and number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        cause = Cause.CLIENT_LOCAL_NETWORK
    elif not at_once and number == errno.EACCES:
        cause = Cause.NET_UNREACHABLE
    return ProbeError(
        cause, f"{address}: {os.strerror(number)}", code=errno.errorcode.get(number, str(number))
    )


def numeric(address: str, port: int = 0) -> tuple[socket.AddressFamily, Any]:
    """Give the family of a numeric address, and what to connect or send to.

    Raises ProbeError where it is of an interface that this host does not have: `fe80::1%eth9`.
    """
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        raise ProbeError(Cause.CLIENT_LOCAL_NETWORK, f"{address}: this host has no such interface") from None
    family, _, _, _, where = found[0]
    return family, where


def first_that_connects(addresses: Sequence[str], clock: PhaseClock, attempt: Callable[[str, float], T]) -> T:
    """Try the addresses one by one, as libpq and the like do, and return what the first success gave.

    `attempt` gets an address and the seconds it may take: an equal share of what the phase has left, so
    that one dead address does not use up the time of the next. The last failure is the one reported.
    """
    for tried, address in enumerate(addresses, start=1):
        try:
            return attempt(address, clock.remaining() / (len(addresses) - tried + 1))
        except ProbeError:
            if tried == len(addresses):
                raise
    raise ProbeError(Cause.DNS_FAILURE, "the name has no address")


def dial(address: str, port: int, clock: PhaseClock, within: float) -> socket.socket:
    """Connect to a numeric `address` within so many seconds; the socket returned does not block.

    Raises ProbeError with the cause that the kernel's error suggests.
    """
    family, where = numeric(address, port)
    try:
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise connect_error(error.errno or 0, address, at_once=True) from None
    try:
        _connect(sock, where, address, clock, within)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: socket.socket, where: Any, address: str, clock: PhaseClock, within: float) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = sock.connect_ex(where)
    if number not in (0, errno.EINPROGRESS):
        raise connect_error(number, address, at_once=True)
    await_connected(sock, address, clock, within)


def await_connected(sock: socket.socket, address: str, clock: PhaseClock, within: float) -> None:
    """Wait for so many seconds until a connect that has been begun is done; raise ProbeError if it fails."""
    sock.setsockopt(*RECVERR[sock.family], 1)
    clock.wait(sock.fileno(), WRITABLE, within=within)
    check_connected(sock, address)
    # From now on it would let the connection end by what it outlives otherwise.
    sock.setsockopt(*RECVERR[sock.family], 0)


def check_connected(sock: socket.socket, address: str) -> None:
    """Raise the error of a connect, if there is one, as a ProbeError; the kernel gives it once."""
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise refusal(sock, number, address)


def refusal(sock: socket.socket, number: int, address: str) -> ProbeError:
    """Say why a connect was refused: who has done so by ICMP (RECVERR) is named, and is not the server.

    This host's own firewall does so under our own address; so does its kernel for a neighbour that is not
    there.
    """
    error = connect_error(number, address, at_once=False)
    if error.cause not in (Cause.NET_UNREACHABLE, Cause.SERVER_DOWN):
        return error
    if (said := icmp_error(sock)) is None:
        return error
    ourselves = said.offender == sock.getsockname()[0] != address and not said.host_unreachable
    return said.refusing(address, Cause.CLIENT_LOCAL_NETWORK if ourselves else Cause.NET_UNREACHABLE)
