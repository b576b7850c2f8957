"""What the kernel knows of a TCP connection (Linux `struct tcp_info`)."""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from exporter.model import TcpInfo

_LAYOUT = struct.Struct("=8B24I4QIIIIIIQQQQIIQQIII")
_RECEIVED = struct.Struct("=128xQ")
_CONNECT = struct.Struct("=B15xI16xI16xII4xI28xI")

# Linux, net/tcp_states.h
_ESTABLISHED = 1
_SYN_SENT = 2
_CLOSE = 7
_AFTER_A_FIN = (8, 9, 11)  # CLOSE_WAIT, LAST_ACK, CLOSING
_ENDED = (_CLOSE, *_AFTER_A_FIN)


@contextlib.contextmanager
def borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Give the socket of a descriptor that is somebody else's, and is not closed.

    Not a duplicate: there may be no descriptor left for one, which is when it matters.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        yield sock
    finally:
        sock.detach()


def tcp_info(descriptor: int) -> TcpInfo | None:
    """Read TCP_INFO of a socket by its descriptor; None where it is not a TCP socket or not Linux."""
    with contextlib.suppress(OSError, struct.error, AttributeError, ValueError):
        with borrowed(descriptor) as sock:
            raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAYOUT.size)
        return _told(_LAYOUT.unpack(raw))
    return None


def is_open(descriptor: int) -> bool:
    """Whether nothing has ended the TCP connection of a descriptor; yes where nobody can tell.

    Quick, because it is asked whenever something has come on one of thousands.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in _ENDED
    except OSError:
        return True
    finally:
        sock.detach()


def peer(descriptor: int) -> str:
    """Give the address of the other side; empty where there is none any more."""
    return _address(descriptor, socket.socket.getpeername)


def own_address(descriptor: int) -> str:
    """Give the address of our own side; empty where there is none any more."""
    return _address(descriptor, socket.socket.getsockname)


def _address(descriptor: int, ask: Callable[[socket.socket], Any]) -> str:
    with contextlib.suppress(OSError):
        sock = socket.socket(fileno=descriptor)  # of its own family: an address of IPv6 would be cut short
        try:
            return str(ask(sock)[0])
        finally:
            sock.detach()
    return ""


def bytes_received(sock: socket.socket) -> int:
    """Read how many bytes have come in all (a FIN counts as one); 0 where nobody can tell."""
    with contextlib.suppress(OSError, struct.error, AttributeError):
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
        return int(_RECEIVED.unpack(raw)[0])
    return 0


def _told(fields: tuple[int, ...]) -> TcpInfo:
    ended = fields[0] in _AFTER_A_FIN
    return TcpInfo(
        ended=ended,
        reset=fields[0] == _CLOSE,
        retransmits=fields[2],
        probes=fields[3],
        unacked=fields[12],
        last_sent=fields[17] / 1e3,
        last_data_received=fields[19] / 1e3,
        last_ack_received=fields[20] / 1e3,
        rtt=fields[23] / 1e6,
        total_retransmits=fields[31],
        # The kernel counts the peer's FIN as a byte, because it takes a sequence number.
        bytes_received=fields[35] - ended,
        not_sent=fields[38],
        out_of_order=fields[52],
    )


class ConnectInfo(NamedTuple):
    """How far a connect has come, as the kernel saw it.

    `rtt` is the round trip of the SYN in seconds, None where the kernel could not tell because it was sent
    again (`retransmits` times); `answered` is how many seconds ago the answer came. `mss` and `mtu` are
    what may be sent in one segment and in one packet, in bytes. `never_left` tells that the SYN was to be
    sent again and could not leave this host, as the one before.
    """

    established: bool
    rtt: float | None
    answered: float
    retransmits: int
    mss: int
    mtu: int
    never_left: bool


def connect_info(sock: socket.socket) -> ConnectInfo:
    """Read how far the connect of `sock` has come; raise OSError where it is not a TCP socket."""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _CONNECT.size)
    state, mss, resent, answered, mtu, rtt, retransmits = _CONNECT.unpack(raw)
    # The kernel counts all that it tries to send again, but as under way only what has left.
    never_left = state == _SYN_SENT and retransmits > 0 and not resent
    return ConnectInfo(
        established=state == _ESTABLISHED or state in _AFTER_A_FIN,
        rtt=rtt / 1e6 if rtt and not retransmits else None,
        answered=answered / 1e3,
        retransmits=0 if never_left else retransmits,
        mss=mss,
        mtu=mtu,
        never_left=never_left,
    )


def never_left(descriptor: int) -> bool:
    """Whether the SYN of a connect cannot leave this host (see ConnectInfo); no where nobody can tell."""
    try:
        with borrowed(descriptor) as sock:
            return connect_info(sock).never_left
    except (OSError, struct.error):
        return False
