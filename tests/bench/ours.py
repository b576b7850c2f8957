"""The exporter as it is measured: its configuration, and ways to run it."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.probes import KINDS
from tests.bench.plan import say
from tests.bench.running import started, wait_until_up
from tests.servers import Certificates, Postgres, ServerMissing
from tests.servers.database import free_port

PORT = 5432
"""Where the targets that are no databases listen, if at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measurement of a tool: whose, when begun (seconds since the epoch), how long, and whether lost."""

    destination: str
    started: float
    seconds: float | None
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running exporter."""

    pid: int
    url: str


def has(*kinds: str) -> bool:
    """Whether this version has all these probes."""
    return set(kinds) <= {kind.name for kind in KINDS}


def only(**probes: object) -> dict[str, object]:
    """Give the settings of a target that has these probes and no others."""
    off: dict[str, object] = dict.fromkeys((kind.name for kind in KINDS), False)
    return off | probes


def configuration(
    hosts: Sequence[str],
    probes: Mapping[str, object],
    urls: Sequence[str] = (),
    url_probes: Mapping[str, object] | None = None,
) -> str:
    """Write a configuration of `hosts` that are no databases and databases at `urls`, and their probes.

    The hosts' targets have their names; all probes are on where nothing is said.
    """
    targets = [
        {"name": host, "url": f"postgresql://probe@{host}:{PORT}/shop", "probes": probes} for host in hosts
    ]
    targets += [
        {"name": f"database-{number}", "url": url, "probes": url_probes or {}}
        for number, url in enumerate(urls)
    ]
    return json.dumps({"targets": targets})  # which is YAML, too


@contextlib.contextmanager
def exporter(
    text: str, *, readings: Path | None = None, loaded: bool = False, encrypted: bool = False
) -> Iterator[Running]:
    """Run the exporter, and write `readings` down if wanted; `loaded` keeps it busy beside.

    Its pages are `encrypted` where that is wanted.

    The file of readings is complete once the block is left.
    """
    with tempfile.TemporaryDirectory(prefix="conndrop-bench-") as directory:
        file, address = Path(directory, "exporter.yml"), f"127.0.0.1:{free_port()}"
        file.write_text(text)
        words = ["-m", "exporter", "run", "--config.file", str(file), "--web.listen-address", address]
        words += ["--log.level", "warn", "--state.directory", directory]
        if encrypted:
            words += ["--web.config.file", str(_web_file(Path(directory)))]
        if readings:
            words = ["-m", "tests.bench.launcher", str(file), address, str(readings)] + ["load"] * loaded
        with started(sys.executable, *words, aloud=True) as process:
            scheme = "https" if encrypted else "http"
            wait_until_up(process, f"{scheme}://{address}/-/healthy")
            yield Running(pid=process.pid, url=f"{scheme}://{address}/metrics")


def _web_file(directory: Path) -> Path:
    """Write a web configuration with a certificate."""
    Certificates(directory).install("good", directory / "server.pem", directory / "server.key")
    file = directory / "web.yml"
    file.write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
    return file


def read(path: Path) -> list[Reading]:
    """Read what the exporter has written down."""
    found = []
    for line in path.read_text().splitlines():
        destination, begun, seconds, lost = json.loads(line)
        found.append(Reading(destination=destination, started=begun, seconds=seconds, lost=lost))
    return found


@contextlib.contextmanager
def databases(count: int) -> Iterator[Sequence[str]]:
    """Run a PostgreSQL of the suite in this network; gives its URL so many times, or none without it."""
    with tempfile.TemporaryDirectory(prefix="conndrop-bench-") as directory:
        Path(directory).chmod(0o755)
        try:
            server = Postgres(Certificates(Path(directory)))
        except ServerMissing as missing:
            say(f"Without sessions: {missing}")
            yield []
            return
        with server:
            yield [server.url({"sslmode": "disable"})] * count
