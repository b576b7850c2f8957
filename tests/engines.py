"""Driving an engine as the meter does, in a thread of the test's own."""

import time
from collections.abc import Callable
from typing import Any, ClassVar

from exporter.net.echo import EchoEngine
from exporter.net.engine import Engine, Lateness, Report

READINGS = list[tuple[int, Any]]


class Driven:
    """An engine, what it has read, and how punctual it was; `close_all` closes every one there is."""

    running: ClassVar[list["Driven"]] = []

    def __init__(self, make: Callable[[Report, Lateness], Engine[Any]]) -> None:
        self.readings: READINGS = []
        self.lateness = Lateness()
        self.engine = make(lambda job, reading: self.readings.append((job, reading)), self.lateness)
        self.running.append(self)

    @classmethod
    def close_all(cls) -> None:
        """Give all sockets back."""
        while cls.running:
            cls.running.pop().engine.close()

    def until(self, enough: Callable[[READINGS], object], seconds: float = 10.0) -> READINGS:
        """Drive until there is enough to be seen; fail when that takes too long."""
        end = time.monotonic() + seconds
        while not enough(self.readings):
            assert time.monotonic() < end, f"not within {seconds} s: {self.readings[-5:]}"
            self._tick()
        return self.readings

    def drive(self, seconds: float) -> READINGS:
        """Drive for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tick()
        return self.readings

    def land(self, seconds: float) -> READINGS:
        """Send no more echoes; drive for so long, and until the fate of the last ones is known."""
        engine = self.engine
        assert isinstance(engine, EchoEngine)
        engine._pace.clear()
        self.drive(seconds)
        return self.until(lambda _: not any(engine._waiting.values()))

    def taken(self) -> READINGS:
        """Give what was read since the last time, and forget it."""
        readings = list(self.readings)
        self.readings.clear()
        return readings

    def _tick(self) -> None:
        due = self.engine.tick(time.monotonic())
        time.sleep(max(0.0, min(due - time.monotonic(), 0.05)))


def number(count: int) -> Callable[[READINGS], object]:
    """Have enough once there are so many readings."""
    return lambda readings: len(readings) >= count
