"""Runs the exporter as `conndrop run` does, writes down each reading, and keeps it busy where asked to.

    python -m tests.bench.launcher CONFIGURATION ADDRESS READINGS [load]

The product has no hook for this: all of it is here.
"""

import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from exporter import app, logs
from exporter.config import Configuration
from exporter.model import (
    DropObservation,
    Observation,
    PingObservation,
    SessionObservation,
    TcpObservation,
)
from exporter.web.server import ListenAddress
from tests.bench.load import burden


class WatchedDaemon(app.Daemon):
    """A daemon whose readings are written down, a line of JSON each."""

    def __init__(
        self, configuration: Configuration, listen: Sequence[ListenAddress], readings: TextIO
    ) -> None:
        self._readings = readings
        self._lock = threading.Lock()
        super().__init__(configuration, listen)
        self._core.runner._sinks += (self._note,)

    def _note(self, observation: Observation) -> None:
        if isinstance(observation, PingObservation) and observation.sent:
            # Answers come several at once, a second apart; a loss comes by itself.
            for place, rtt in enumerate(observation.rtts or (None,)):
                self._write(observation.target, observation.started + place, rtt, bool(observation.lost))
        elif isinstance(observation, DropObservation):
            self._write("drop", observation.started, time.time(), True)
        elif isinstance(observation, TcpObservation):
            for connect in observation.connects:
                lost = connect.failure is not None
                self._write(connect.address, observation.started, connect.seconds, lost)

        elif isinstance(observation, SessionObservation) and observation.failure is None:
            for phase, seconds in observation.phases:
                self._write(phase, observation.started, seconds, False)

    def _write(self, *reading: object) -> None:
        with self._lock:  # readings come from several threads
            self._readings.write(json.dumps(reading) + "\n")


def main(configuration: str, address: str, readings: str, *load: str) -> None:
    """Run until told to stop."""
    logs.set_up("warn", "logfmt")
    with Path(readings).open("w") as file:
        daemon = WatchedDaemon(
            app.read_configuration(Path(configuration)), [ListenAddress.parse(address)], file
        )
        if load:
            burden()
        app.run(daemon)


if __name__ == "__main__":
    main(*sys.argv[1:])
