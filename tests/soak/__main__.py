"""Probes databases that block hosts for broken connections, each second for an hour, and watches them.

`make soak` runs it; SOAK_SECONDS sets the length. It fails when a server has blocked us. What it has counted
against us is shown: a host that stands still for a second may leave a server badly.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from tests.lab.namespace import start
from tests.servers import Certificates, Database
from tests.test_tls_goodbye import ADDRESS, counted, counting, in_the_network

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
MOST_ERRORS = 10
LOOK = 60.0
SHOWN = ("tcp_connects", "tcp_connect_failures", "path_rounds", "tls_handshakes", "tls_failures")
PROBES = "{tcp: {interval: 1s, timeout: 1s}, path: {interval: 1.1s}, tls: {interval: 1s, timeout: 1s}}"


def main() -> int:
    """Run the whole and return its exit status."""
    with tempfile.TemporaryDirectory(prefix="conndrop-soak-") as name:
        place = Path(name)
        place.chmod(0o755)
        return in_the_network(lambda: _probed(place), place / "hosts", seconds=SECONDS + 300)


def _probed(place: Path) -> int:
    with contextlib.ExitStack() as stack:
        certificates = Certificates(place)
        servers = {
            kind: stack.enter_context(counting(kind, certificates, MOST_ERRORS))
            for kind in ("mysql", "mariadb")
        }
        configuration = place / "soak.yml"
        configuration.write_text(_configuration(servers))
        process = start(
            *(sys.executable, "-m", "exporter", "run", "--config.file", str(configuration)),
            *("--web.listen-address", "127.0.0.1:10054"),
            stderr=subprocess.DEVNULL,
        )
        try:
            return _watched(servers)
        finally:
            process.terminate()
            process.wait(10)


def _configuration(servers: dict[str, Database]) -> str:
    lines = [f"defaults: {PROBES}", "targets:"]
    for kind, server in servers.items():
        url = re.sub(r"@[^/?]*:", f"@{ADDRESS}:", server.url({}))
        url = re.sub(r"://[^@]*@", "://somebody@", url)
        lines.append(f"- {{name: {kind}, url: '{url}', probes: {{session: false, ping: false, mtu: false}}}}")
    return "\n".join(lines) + "\n"


def _watched(servers: dict[str, Database]) -> int:
    begun, most, ever_blocked = time.monotonic(), 0, False
    while (passed := time.monotonic() - begun) < SECONDS:
        time.sleep(min(LOOK, SECONDS - passed))
        for kind, server in servers.items():
            errors, blocked = counted(server)
            most, ever_blocked = max(most, errors), ever_blocked or blocked > 0
            _say(f"{time.monotonic() - begun:6.0f} s  {kind:8} errors {errors}  blocked {blocked}  {_runs()}")
    _say(f"{'blocked' if ever_blocked else 'never blocked'}; errors counted against us: {most} at most")
    return int(ever_blocked)


def _runs() -> str:
    """Say what the daemon has done by now, all targets together."""
    with urllib.request.urlopen("http://127.0.0.1:10054/metrics", timeout=10) as answer:
        text = answer.read().decode()
    sums: Counter[str] = Counter()
    for name, value in re.findall(rf"conndrop_({'|'.join(SHOWN)})_total\{{[^}}]*\}} (\S+)", text):
        sums[name] += int(float(value))
    return "  ".join(f"{name} {sums[name]}" for name in SHOWN)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
