"""A demo as a process, as somebody has it on their terminal."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families as parse

from tests.waiting import wait_for

COMMAND: Final = (sys.executable, "-m", "exporter", "demo", "--web.listen-address", "127.0.0.1:0")
END_WITHIN: Final = 20.0
"""Seconds that a demo may take to clean up."""


class Demo:
    """A running demo, with its temporary files in `place`; `before` are the words that start it."""

    def __init__(self, place: Path, *options: str, before: Sequence[str] = ()) -> None:
        self.lines: list[str] = []
        self.place = place
        self.process = subprocess.Popen(
            [*before, *COMMAND, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(place), "COLUMNS": "120"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        """Where its pages are, once it has said so."""
        wait_for(lambda: self.process.poll() is not None or "  open " in self.said, 60)
        found = re.search(r"  open +(http://[^/]+/)targets/demo", self.said)
        assert found, self.said
        return found[1]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310  our own URL
            return str(answer.read().decode())

    def value(self, name: str) -> float | None:
        samples = (sample for family in parse(self.get("metrics")) for sample in family.samples)
        return next((sample.value for sample in samples if sample.name == name), None)

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.get("api/v1/incidents"))["incidents"]
        return found

    def end(self, number: signal.Signals) -> str:
        """End it by a signal; give what it complained of."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self, within: float = END_WITHIN) -> str:
        """Wait until it has ended, for so many seconds; give what it complained of."""
        self.process.wait(within)
        self._reader.join(END_WITHIN)
        assert self.process.stderr
        return self.process.stderr.read()


@contextlib.contextmanager
def shown(place: Path, *options: str, before: Sequence[str] = ()) -> Iterator[Demo]:
    """Run a demo; whatever happens, it is told to end."""
    demo = Demo(place, *options, before=before)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.terminate()
        demo.process.wait(END_WITHIN)
        for pipe in (demo.process.stdout, demo.process.stderr):
            assert pipe
            pipe.close()


def living(place: Path) -> list[str]:
    """Give the command lines of all processes whose temporary files would be in `place`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={place}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
