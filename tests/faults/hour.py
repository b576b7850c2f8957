"""An hour of faults, and what the servers list of us after each: python -m tests.faults.hour [MINUTES]."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from tests.lab.exporter import Exporter, exporter
from tests.lab.resetter import Resetter
from tests.lab.site import PORTS, Site
from tests.servers import Certificates, MariaDb, MySql, Postgres

BUDGET: Final = 8
SETTLE: Final = 90.0
"""Seconds after a fault within which a server must list no more of ours than the budget allows."""
PROBES: Final = {
    "session": {"interval": "1s", "timeout": "1s"},
    "sentinel": {"connections": 2, "heartbeat": "1s"},
    "idle": {"ladder": ["2s", "5s", "10s", "20s"]},
    "pool": {"interval": "2s", "timeout": "2s", "pool_recycle": "20s", "connections": 1},
}
Fault = Callable[[Site, str], AbstractContextManager[object]]


def _kill(site: Site, name: str) -> AbstractContextManager[object]:
    for number in site.databases[name].numbers():
        site.databases[name].kill(number)
    return nullcontext()


FAULTS: Final[dict[str, Fault]] = {
    "black hole": lambda site, name: site.firewall.black_hole(PORTS[name]),
    "black hole there": lambda site, name: site.firewall.black_hole(PORTS[name], ("there",)),
    "black hole back": lambda site, name: site.firewall.black_hole(PORTS[name], ("back",)),
    "held lost": lambda site, name: site.firewall.black_hole(PORTS[name], held=True),
    "state lost": lambda site, name: site.firewall.forgotten(PORTS[name]),
    "state lost, reset": lambda site, name: site.firewall.forgotten(PORTS[name], "rst"),
    "idle timeout": lambda site, name: site.firewall.idle(PORTS[name], 4),
    "balancer": lambda site, name: Resetter(site.router, PORTS[name], idle=3),
    "kill": _kill,
    "restart": lambda site, name: site.down(name),
    "crash": lambda site, name: site.down(name, crash=True),
    "freeze": lambda site, name: site.frozen(name),
}
RARE: Final = 40
"""Every so many faults a server is full, after which nothing is held for minutes."""


def main(minutes: float) -> int:
    """Run, print what was seen, and give the exit status."""
    chance = random.Random(1)  # noqa: S311  faults are no secret
    until = time.monotonic() + 60 * minutes
    worst, rounds = dict.fromkeys(PORTS, 0), 0
    with tempfile.TemporaryDirectory(prefix="conndrop-faults-") as directory:
        Path(directory).chmod(0o755)
        with Site(Certificates(Path(directory)), Postgres, MariaDb, MySql) as site:
            targets = [
                {"name": name, "url": site.url(name), "connection_budget": BUDGET, "probes": PROBES}
                for name in PORTS
            ]
            with exporter(site.client, targets) as running:
                while time.monotonic() < until:
                    fault, name = chance.choice(list(FAULTS)), chance.choice(list(PORTS))
                    rounds += 1
                    full = rounds % RARE == 0
                    with site.databases[name].full() if full else FAULTS[fault](site, name):
                        time.sleep(chance.uniform(2, 15))
                    listed, within = _settled(site, name)
                    worst[name] = max(worst[name], listed)
                    say(f"{'full' if full else fault:18} {name:10} {listed} listed, {within:3.0f} s after")
                broken = [line for line in running.log if line["level"] == "error"]
                say(f"{rounds} faults; most listed afterwards: {worst}; now: {_listed(site)}")
                say(f"drops: {_drops(running)}; errors in the log: {len(broken)} {broken[:2]}")
    return 1 if broken or max(worst.values()) > BUDGET else 0


def _settled(site: Site, name: str) -> tuple[int, float]:
    """Wait until a server lists no more than it should; give how many it lists, and how long it took."""
    begun = time.monotonic()
    while (listed := len(site.databases[name].numbers())) > BUDGET and time.monotonic() < begun + SETTLE:
        time.sleep(0.5)
    return listed, time.monotonic() - begun


def _listed(site: Site) -> dict[str, int]:
    return {name: len(database.numbers()) for name, database in site.databases.items()}


def _drops(running: Exporter) -> dict[str, int]:
    return {name: sum(sum(running.drops(name, probe).values()) for probe in PROBES) for name in PORTS}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
