"""The exporter itself in the lab: run as a user runs it, and read as Prometheus does."""

import contextlib
import datetime
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.error import HTTPError

from exporter.probes import KINDS
from tests.scraping import Samples, parse_text, samples_of
from tests.waiting import wait_for

T = TypeVar("T")
ANY_PORT: Final = "127.0.0.1:0"
"""What is listened on, so that several exporters can run beside each other."""
START_WITHIN: Final = 60.0
END_WITHIN: Final = 10.0


def only(**probes: object) -> dict[str, object]:
    """Give the settings of a target that has these probes and no others."""
    off: dict[str, object] = dict.fromkeys((kind.name for kind in KINDS), False)
    return off | probes


class Network(Protocol):
    """Where an exporter runs: a namespace, or here."""

    def run(self, what: Callable[[], T]) -> T:
        """Do something there."""
        ...


class Here:
    """The network of the suite itself."""

    def run(self, what: Callable[[], T]) -> T:
        return what()


HERE: Final = Here()


class Exporter:
    """A running `conndrop run`; `log` holds its lines as they came."""

    def __init__(self, inside: Network, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._inside = inside
        self._log = log
        self.process = process
        url: str = next(line["url"] for line in self.log if line["msg"] == "listening")
        self._address = url.removeprefix("http://")
        self.address = self._address.removesuffix("/")

    def samples(self) -> Samples:
        """Scrape."""
        with urllib.request.urlopen(f"http://{self._address}metrics", timeout=10) as answer:
            return samples_of(parse_text(answer.read().decode()))

    def everything(self) -> Samples:
        """Scrape, from wherever."""
        return self._inside.run(self.samples)

    def value(self, name: str, **labels: str) -> float | None:
        """Give one sample, None if it is not published."""
        return self.everything().get((name, frozenset(labels.items())))

    def incidents(self, within: float = 10.0) -> list[dict[str, Any]]:
        """Give the incidents as `/api/v1/incidents` tells them, newest first; OSError where it does not."""

        def fetch() -> bytes:
            try:
                with urllib.request.urlopen(
                    f"http://{self._address}api/v1/incidents", timeout=within
                ) as answer:
                    content: bytes = answer.read()
            except HTTPError as refusal:
                refusal.close()
                raise
            return content

        told: list[dict[str, Any]] = json.loads(self._inside.run(fetch))["incidents"]
        return told

    def drops(self, target: str, probe: str = "sentinel") -> dict[tuple[str, str], int]:
        """Count the drops of a target by end and cause; those there are none of are left out."""
        return {
            (labels["end"], labels["cause"]): int(value)
            for labels, value in self.every("conndrop_drops_total", target=target, probe=probe)
            if value
        }

    def every(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """Give all samples of a name that have these labels."""
        return [
            (dict(having), value)
            for (found, having), value in self.everything().items()
            if found == name and labels.items() <= dict(having).items()
        ]

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it has logged; `ts` is in seconds since the epoch."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line | {"ts": datetime.datetime.fromisoformat(line["ts"]).timestamp()} for line in lines]

    def dropped(self, target: str, probe: str = "sentinel") -> list[dict[str, Any]]:
        """Give the log lines of a target's drops."""
        wanted = {"msg": "connection dropped", "target": target, "probe": probe}
        return [line for line in self.log if wanted.items() <= line.items()]


@contextlib.contextmanager
def exporter(
    inside: Network,
    targets: Sequence[Mapping[str, object]],
    state: Path | None = None,
    *,
    etc: Path | None = None,
    further: Mapping[str, object] | None = None,
    listen: str = ANY_PORT,
) -> Iterator[Exporter]:
    """Run the exporter in a network, on these targets; it must end by itself when it is told to.

    `further` goes into its configuration beside them. It sees the files in the directory `etc` over those
    in /etc.
    """
    with tempfile.TemporaryDirectory(prefix="conndrop-exporter-") as directory:
        place = Path(directory)
        file, log = place / "exporter.yml", place / "log"
        file.write_text(json.dumps({**(further or {}), "targets": list(targets)}))  # which is YAML, too
        words = ["run", "--config.file", str(file), "--state.directory", str(state or place / "state")]
        words += ["--web.listen-address", listen]
        with log.open("wb") as output:
            process: subprocess.Popen[bytes] = inside.run(
                lambda: subprocess.Popen(
                    [*_seeing(etc), sys.executable, "-m", "exporter", *words, "--log.format", "json"],
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                )
            )
        try:
            wait_for(lambda: process.poll() is not None or '"listening"' in log.read_text(), START_WITHIN)
            assert process.poll() is None, log.read_text()
            yield Exporter(inside, process, log)
            process.terminate()
            assert process.wait(END_WITHIN) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()


def _seeing(etc: Path | None) -> list[str]:
    """Give the command before a command that sees the files of a directory in /etc."""
    if etc is None:
        return []
    binding = " && ".join(f"mount --bind {etc / file.name} /etc/{file.name}" for file in etc.iterdir())
    return ["unshare", "--mount", "sh", "-c", f'{binding} && exec "$@"', "sh"]
