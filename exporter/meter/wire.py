"""What travels between the daemon and the meter, over a pair of local sockets that keep messages apart."""

import pickle
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.model import Failure, Order
from exporter.net.engine import Punctuality

MOST_BYTES: Final = 4 * 2**20
"""Room for one message; what is sent stays far below."""
MOST_READINGS: Final = 500
"""Readings in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """To the meter: measure this from now on."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Locate:
    """To the meter: a job's target is there now, or cannot be found."""

    job: int
    addresses: tuple[str, ...]
    failure: Failure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurry:
    """To the meter: something is wrong there, look closely."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """To the meter: measure this no more."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """From the meter: how it kept its schedule, for each kind of probe, and its own wake-ups."""

    probes: dict[str, Punctuality]
    heartbeat: Punctuality


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """From the meter: readings with the numbers of their jobs, and now and then how it is doing."""

    readings: Sequence[tuple[int, object]] = field(default=())
    health: Health | None = None


ToMeter = Add | Locate | Hurry | Remove


def pair() -> tuple[socket.socket, socket.socket]:
    """Make the two ends, with room for a standstill of the other."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_BYTES)
    return ends


def pack(message: ToMeter | Readings) -> bytes:
    """Turn a message into bytes."""
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def unpack(content: bytes) -> ToMeter | Readings:
    """Turn bytes into the message; only for what comes from the other end of `pair`."""
    message: ToMeter | Readings = pickle.loads(content)  # noqa: S301  both ends are ours
    return message
