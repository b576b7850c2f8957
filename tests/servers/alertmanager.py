"""A real Alertmanager with a configuration of ours."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.exporter import Network
from tests.servers.database import free_port
from tests.servers.releases import INSTALLED, Release
from tests.servers.service import Service, serving


class Alertmanager(Service):
    """A running Alertmanager, asked by its HTTP API."""

    def alerts(self) -> list[dict[str, Any]]:
        """Give what it knows of all alerts: labels, annotations, `status` with who inhibits it."""
        found: list[dict[str, Any]] = self.document("/api/v2/alerts")
        return found

    def receive(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Let alerts come in, as Prometheus posts them."""
        self.post("/api/v2/alerts", alerts)


@contextlib.contextmanager
def alertmanager(
    inside: Network, configuration: Path, release: Release = INSTALLED, *, url: str = ""
) -> Iterator[Alertmanager]:
    """Run an Alertmanager in a network, alone; its storage goes with the block. Raises ServerMissing.

    `url` is where it says that it can be found, in what it sends.
    """
    program, address = release.program("prometheus-alertmanager"), f"127.0.0.1:{inside.run(free_port)}"
    running = Alertmanager(inside, address)
    with tempfile.TemporaryDirectory(prefix="conndrop-alertmanager-") as directory:
        words = [
            program,
            f"--config.file={configuration}",
            f"--storage.path={directory}",
            f"--web.listen-address={address}",
            f"--web.external-url={url or f'http://{address}'}",
            "--cluster.listen-address=",
        ]
        with serving(running, inside, words, "/-/ready"):
            yield running
