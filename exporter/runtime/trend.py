"""Delays and losses in bins of equal width, of which a fixed number is kept."""

import math
import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from exporter.model import Bin

MOST: Final = 600
"""Delays of one bin that its median is taken from; beyond, every second one is left out, and so on."""
NINE_OF_TEN: Final = 0.9
PACKED: Final = struct.Struct("=dIIdddd")
"""A bin as it is kept: a thousand targets have hundreds of thousands of them."""


class Trend:
    """The latest `count` bins, each of `width` seconds. Who shares it between threads has to lock it.

    What it will ever need is taken at once, so that memory does not grow for hours.
    """

    def __init__(self, width: float, count: int) -> None:
        self._width = width
        self._span = width * count
        self._kept = bytearray(PACKED.size * count)
        self._count, self._next, self._closed = count, 0, 0
        self._open: _Open | None = None

    def add(self, started: float, delays: Sequence[float], lost: int) -> None:
        """Take in the fate of some questions that were asked at `started`.

        What comes a little late counts with the latest bin. A wall clock that was set back takes with it what
        would be in the future.
        """
        begins = started - started % self._width
        now = self._open
        if now is None or not begins <= now.started <= begins + self._width:
            if now is not None:
                self._close(now.bin())
            while self._closed and self._at(self._next - 1).started >= begins:
                self._next, self._closed = self._next - 1, self._closed - 1
            now = self._open = _Open(begins)
        now.add(delays, lost)

    def _close(self, done: Bin) -> None:
        delays = [
            math.nan if each is None else each for each in (done.least, done.median, done.high, done.most)
        ]
        place = self._next % self._count * PACKED.size
        PACKED.pack_into(self._kept, place, done.started, done.sent, done.lost, *delays)
        self._next, self._closed = self._next + 1, min(self._closed + 1, self._count)

    def _at(self, number: int) -> Bin:
        started, sent, lost, *delays = PACKED.unpack_from(self._kept, number % self._count * PACKED.size)
        return Bin(started, sent, lost, *(None if math.isnan(each) else each for each in delays))

    def _all(self) -> Iterator[Bin]:
        for number in range(self._next - self._closed, self._next):
            yield self._at(number)
        if self._open is not None:
            yield self._open.bin()

    def bins(self, ends: float) -> tuple[Bin, ...]:
        """Give the bins of the time that `ends` at a moment, the oldest first; stretches unseen have none."""
        return tuple(each for each in self._all() if each.started > ends - self._span)


class _Open:
    """A bin that is not over."""

    __slots__ = ("_answered", "_delays", "_every", "_least", "_lost", "_most", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self._delays = array("d")
        self._every = 1
        self._answered = self._lost = 0
        self._least, self._most = float("inf"), 0.0

    def add(self, delays: Sequence[float], lost: int) -> None:
        self._lost += lost
        for delay in delays:
            if self._answered % self._every == 0:
                self._delays.append(delay)
            self._answered += 1
            self._least, self._most = min(self._least, delay), max(self._most, delay)
        if len(self._delays) > MOST:
            self._delays = self._delays[::2]
            self._every *= 2

    def bin(self) -> Bin:
        sent = self._answered + self._lost
        if not self._answered:
            return Bin(self.started, sent, self._lost, None, None, None, None)
        ordered = sorted(self._delays)
        median, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * NINE_OF_TEN)]
        return Bin(self.started, sent, self._lost, self._least, median, high, self._most)
