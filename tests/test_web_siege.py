"""The exporter itself, besieged: it answers who is honest, goes on to probe, and is the same afterwards."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.exporter import HERE, Exporter, exporter, only
from tests.waiting import in_time, unspoilt, wait_for

SECONDS = 4.0
IN_TIME = 5.0
"""Seconds that a scrape may take then: half of a Prometheus's patience."""
LATE = 0.25
"""Seconds that the exporter's own work may be late, in the mean."""
GROWN = 40_000_000
"""Bytes by which it may have grown: an allocator does not give everything back."""


@pytest.fixture
def besieged() -> Iterator[Exporter]:
    with socket.create_server(("127.0.0.1", 0)) as database:
        url = f"mysql://u@127.0.0.1:{database.getsockname()[1]}/d"
        probes = only(tcp={"interval": "1s"})
        targets = [{"name": f"t{number}", "url": url, "probes": probes} for number in range(50)]
        with exporter(HERE, targets) as running:
            wait_for(lambda: runs(running) > 50)
            yield running


def runs(running: Exporter) -> float:
    return sum(value for _, value in running.every("conndrop_probe_runs_total", probe="tcp"))


@contextlib.contextmanager
def attack(name: str, running: Exporter) -> Iterator[None]:
    host, _, port = running.address.partition(":")
    words = ["-m", "tests.bench.attacks", name, host, port]
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as process:
        try:
            yield
            assert process.poll() is None, "nobody attacks any more"
        finally:
            process.kill()
            process.communicate()


def descriptors(running: Exporter) -> int:
    return len(list(Path(f"/proc/{running.process.pid}/fd").iterdir()))


def memory(running: Exporter) -> int:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def lag(running: Exporter) -> tuple[float, float]:
    """Give the sum of the heartbeats' lags, and how many there were."""
    samples, name = running.samples(), "conndrop_heartbeat_lag_seconds"
    late, beats = (
        sum(value for (found, _), value in samples.items() if found == f"{name}_{part}")
        for part in ("sum", "count")
    )
    return late, beats


def lag_while_scraped(running: Exporter) -> float:
    """Scrape for a while; give the mean lag of the heartbeats meanwhile."""
    late, beats = lag(running)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        in_time(running.samples, IN_TIME)
        time.sleep(0.2)
    later, more = lag(running)
    return (later - late) / (more - beats)


def test_a_siege(besieged: Exporter) -> None:
    """Slow writers, slow readers and garbage, all at once."""
    before, size = descriptors(besieged), memory(besieged)
    probed = runs(besieged)
    with contextlib.ExitStack() as stack:
        for name in ("slow writers", "slow readers", "garbage"):
            stack.enter_context(attack(name, besieged))
        wait_for(lambda: descriptors(besieged) > before + 400)
        unspoilt(lambda: lag_while_scraped(besieged), lambda seconds: seconds < LATE)
        assert runs(besieged) - probed > 50  # each once more, and some twice
    wait_for(lambda: descriptors(besieged) <= before + 2)
    assert memory(besieged) < size + GROWN
    assert [line["msg"] for line in besieged.log if line["level"] != "info"] == []
