"""An echo request, from its departure until nothing more is expected of it."""

import socket
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from exporter.net.dial import numeric

if TYPE_CHECKING:
    from exporter.net.exchange import Exchange

J = TypeVar("J")


class State(Enum):
    """What is known of an echo."""

    WAITING = auto()
    ANSWERED = auto()
    LOST = auto()


class Place:
    """An address to send to, through one exchange."""

    __slots__ = ("address", "exchange", "packed", "where")

    def __init__(self, exchange: "Exchange[Any]", address: str) -> None:
        self.exchange = exchange
        self.address = address
        family, self.where = numeric(address)
        self.packed = socket.inet_pton(family, address.partition("%")[0])


class Flight(Generic[J]):
    """One echo request of a job's, from its departure until nothing more is expected of it.

    `sent` is our own reading of the wall clock before sending, `departure` the kernel's stamp (0 while
    there is none), both in nanoseconds; `since` and `until` are monotonic seconds.
    """

    __slots__ = (
        "counter",
        "departure",
        "doubtful",
        "job",
        "number",
        "place",
        "sent",
        "since",
        "state",
        "until",
    )

    def __init__(self, job: J, number: int, place: Place) -> None:
        self.job = job
        self.number = number
        self.place = place
        self.since = self.until = 0.0
        self.counter = self.sent = self.departure = 0
        self.doubtful = False
        self.state = State.WAITING
