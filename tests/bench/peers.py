"""The tools of the field, run as their users run them, and what they report."""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.bench.ours import Reading
from tests.bench.running import fetch, started, wait_until_up
from tests.lab.namespace import SEARCHED
from tests.servers.database import free_port

PROGRAMS = {
    "smokeping_prober": "prometheus-smokeping-prober",
    "blackbox_exporter": "prometheus-blackbox-exporter",
    "fping": "fping",
    "mtr": "mtr",
    "postgres_exporter": "prometheus-postgres-exporter",
    "mysqld_exporter": "prometheus-mysqld-exporter",
}
T = TypeVar("T")
FPING_LINE = re.compile(r"\[(\d+\.\d+)\] (\S+) +: \[\d+\], (?:\d+ bytes, ([\d.]+) ms|timed out)")
SAMPLE = re.compile(r"^(\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
BLACKBOX = "modules: {tcp_connect: {prober: tcp, timeout: 5s}}\n"


def present(contenders: Mapping[str, T]) -> dict[str, T]:
    """Leave out the tools that are not installed."""
    return {
        name: contender
        for name, contender in contenders.items()
        if name not in PROGRAMS or shutil.which(PROGRAMS[name], path=SEARCHED)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running tool with a page of metrics."""

    pid: int
    url: str


@contextlib.contextmanager
def smokeping_prober(hosts: Sequence[str]) -> Iterator[Peer]:
    """Ping each host once a second.

    Over unprivileged sockets, which it calls udp: with raw ones each of its pingers hears the replies to
    all, and it loses most.
    """
    address, group = f"127.0.0.1:{free_port()}", {"hosts": hosts, "interval": "1s", "protocol": "udp"}
    with _written(json.dumps({"targets": [group]})) as file:
        words = [f"--config.file={file}", f"--web.listen-address={address}", "--log.level=error"]
        with started(PROGRAMS["smokeping_prober"], *words) as process:
            peer = Peer(pid=process.pid, url=f"http://{address}/metrics")
            wait_until_up(process, peer.url)
            yield peer


@contextlib.contextmanager
def _written(text: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", prefix="conndrop-bench-") as file:
        file.write(text)
        file.flush()
        yield file.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """What smokeping_prober says of all targets together; `seconds` is the sum of the delays."""

    requests: int
    replies: int
    seconds: float


def read_smoke(peer: Peer) -> Smoke:
    """Scrape smokeping_prober and add up."""
    sums: dict[str, float] = {}
    for name, value in SAMPLE.findall(fetch(peer.url).decode()):
        sums[name] = sums.get(name, 0.0) + float(value)
    return Smoke(
        requests=int(sums["smokeping_requests_total"]),
        replies=int(sums["smokeping_response_duration_seconds_count"]),
        seconds=sums["smokeping_response_duration_seconds_sum"],
    )


@contextlib.contextmanager
def fping(hosts: Sequence[str], *, readings: Path | None = None) -> Iterator[int]:
    """Ping each host once a second, quietly or with each reading in a file; gives the process's number."""
    # 0.9 ms from packet to packet: a thousand in a second, and spread over it.
    words = ["-l", "-p", "1000", "-i", "0.9", "-D" if readings else "-q"]
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_written("\n".join(hosts)))
        output = stack.enter_context(readings.open("wb")).fileno() if readings else None
        yield stack.enter_context(started("fping", *words, "-f", file, output=output)).pid


def read_fping(path: Path) -> list[Reading]:
    """Read what fping has printed; its stamps are those of the printing."""
    found = []
    for stamp, host, milliseconds in FPING_LINE.findall(path.read_text(errors="replace")):
        seconds = float(milliseconds) / 1000 if milliseconds else None
        begun = float(stamp) - (seconds if seconds is not None else 1.0)
        found.append(Reading(destination=host, started=begun, seconds=seconds, lost=seconds is None))
    return found


@contextlib.contextmanager
def blackbox_exporter() -> Iterator[Peer]:
    """Wait for questions like /probe?module=tcp_connect&target=…; `url` lacks the target only."""
    with _written(BLACKBOX) as file:
        address = f"127.0.0.1:{free_port()}"
        words = [f"--config.file={file}", f"--web.listen-address={address}", "--log.level=error"]
        with started(PROGRAMS["blackbox_exporter"], *words) as process:
            wait_until_up(process, f"http://{address}/-/healthy")
            yield Peer(pid=process.pid, url=f"http://{address}/probe?module=tcp_connect&target=")


@contextlib.contextmanager
def mtr(hosts: Sequence[str], seconds: float) -> Iterator[list[int]]:
    """Trace each host with a process of its own, a round a second; gives their numbers."""
    rounds = str(int(seconds) + 10)  # more than will be waited for: all shall run while they are watched
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(started("mtr", "-n", "-c", rounds, "-i", "1", "--report", host)).pid
            for host in hosts
        ]


@contextlib.contextmanager
def database_exporter(name: str, source: str) -> Iterator[Peer]:
    """Run postgres_exporter or mysqld_exporter as it is by default, for the server that `source` names."""
    address = f"127.0.0.1:{free_port()}"
    words = [PROGRAMS[name], f"--web.listen-address={address}", "--log.level=error"]
    with started("env", f"DATA_SOURCE_NAME={source}", *words) as process:
        peer = Peer(pid=process.pid, url=f"http://{address}/metrics")
        wait_until_up(process, peer.url)
        if not re.search(rb"^(pg|mysql)_up 1$", fetch(peer.url), re.MULTILINE):
            raise RuntimeError(f"{name} does not get in")
        yield peer
