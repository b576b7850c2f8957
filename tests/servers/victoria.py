"""A real VictoriaMetrics, which takes what others send on, and its vmalert, which evaluates rules there."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import Final

from tests.lab.exporter import HERE
from tests.servers.database import ServerMissing, free_port
from tests.servers.prometheus import Prometheus
from tests.servers.service import Service, serving

PACKAGE: Final = "victoria-metrics"


class Victoria(Prometheus):
    """A running VictoriaMetrics: it is asked as a Prometheus is."""

    @property
    def takes(self) -> str:
        """The URL to send to."""
        return f"http://{self.address}/api/v1/write"


@contextlib.contextmanager
def victoria() -> Iterator[Victoria]:
    """Run one here that can be asked at once for what has come in; raises ServerMissing."""
    running = Victoria(HERE, f"127.0.0.1:{free_port()}")
    with tempfile.TemporaryDirectory(prefix="conndrop-victoria-") as directory:
        words = [
            _program(PACKAGE),
            f"-httpListenAddr={running.address}",
            f"-storageDataPath={directory}",
            "-search.latencyOffset=0s",
            "-retentionPeriod=10y",
        ]
        with serving(running, HERE, words, "/health"):
            yield running


@contextlib.contextmanager
def vmalert(store: Victoria, rules: str) -> Iterator[Service]:
    """Have rules evaluated there each second, of files by a pattern; nobody is told. Raises ServerMissing."""
    running = Service(HERE, f"127.0.0.1:{free_port()}")
    words = [
        _program("vmalert"),
        f"-httpListenAddr={running.address}",
        f"-rule={rules}",
        f"-datasource.url=http://{store.address}",
        f"-remoteWrite.url=http://{store.address}",
        f"-notifier.url=http://{store.address}/nobody",
        "-remoteWrite.flushInterval=100ms",
        "-evaluationInterval=1s",
        # It looks back for as long as Prometheus does; by default it is one interval.
        "-datasource.queryStep=5m",
    ]
    with serving(running, HERE, words, "/health"):
        yield running


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ServerMissing(f"no {name} found: install the package {PACKAGE}")
    return found
