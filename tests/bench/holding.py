"""P10: what a thousand held connections cost, and how soon the end of one of them is seen."""

import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import ours
from tests.bench.cpu import cpu_seconds
from tests.bench.plan import Plan, say
from tests.bench.report import Goal, Row, error, limit
from tests.lab.capture import Capture
from tests.servers import Certificates, Postgres, ServerMissing
from tests.waiting import wait_for

CONNECTIONS = 1000
EACH = 8
"""Connections held for one target, the most there may be."""
TARGETS = CONNECTIONS // EACH
SPARE = 100
EVERY = 0.05
"""Seconds from one kill to the next."""
OPEN_WITHIN = 300.0
FIN = "tcp src port {port} and (tcp[tcpflags] & tcp-fin) != 0"

SEEN = Goal(number="P10", what=f"drop seen after the FIN, {CONNECTIONS:,} connections held, p99")
MEMORY = Goal(number="P10", what=f"memory of {CONNECTIONS:,} held connections")
MEMORY_TLS = Goal(number="P10", what=f"memory of {CONNECTIONS:,} held connections with TLS")
WORK = Goal(number="P10", what=f"CPU for {CONNECTIONS:,} held connections, a heartbeat each 5 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an exporter uses: `memory` in bytes, `work` in parts of one core."""

    memory: float
    work: float


def measure(plan: Plan) -> list[Row]:
    """Run the exporter with and without connections to hold; then end some of them, one by one."""
    with tempfile.TemporaryDirectory(prefix="conndrop-bench-") as directory:
        Path(directory).chmod(0o755)
        try:
            server = Postgres(Certificates(Path(directory)))
        except ServerMissing as missing:
            say(f"Without held connections: {missing}")
            return [error(SEEN, ours=None, most=0.02)]
        server.settings |= {"max_connections": str(CONNECTIONS + 6 * TARGETS + SPARE)}
        with server:
            return _measured(plan, server)


def _measured(plan: Plan, server: Postgres) -> list[Row]:
    plain, encrypted = (server.url(how) for how in (server.plain, server.encrypted))
    contenders: dict[str, Callable[[], Cost]] = {
        "nothing held": lambda: _cost(plan, server, plain, 0),
        "held": lambda: _cost(plan, server, plain, CONNECTIONS),
        "held with TLS": lambda: _cost(plan, server, encrypted, CONNECTIONS),
    }
    costs = plan.turns(contenders)
    late = [
        seconds
        for found in plan.turns({"drops": lambda: _late(plan, server, plain)})["drops"]
        for seconds in found
    ]
    p99 = statistics.quantiles(late, n=100)[98]
    return [
        error(SEEN, ours=p99, most=0.02),
        limit(MEMORY, ours=_more(costs, "held", "memory") / 1e6, most=50, written="{:.1f} MB"),
        limit(MEMORY_TLS, ours=_more(costs, "held with TLS", "memory") / 1e6, most=50, written="{:.1f} MB"),
        limit(WORK, ours=100 * _more(costs, "held", "work"), most=2, written="{:.2f} %"),
    ]


def _more(costs: dict[str, list[Cost]], whose: str, what: str) -> float:
    """Give the median of what it costs more than holding nothing."""
    pairs = zip(costs[whose], costs["nothing held"], strict=True)
    return float(statistics.median(getattr(one, what) - getattr(other, what) for one, other in pairs))


@contextlib.contextmanager
def _holding(server: Postgres, url: str, connections: int, readings: Path | None = None) -> Iterator[int]:
    """Run the exporter until all connections are held; gives its process."""
    held = connections // TARGETS
    sentinel: object = {"connections": held} if held else False
    targets = [
        {
            "name": f"database-{number}",
            "url": url,
            "connection_budget": EACH + 6,
            "probes": ours.only(sentinel=sentinel),
        }
        for number in range(TARGETS)
    ]
    with ours.exporter(json.dumps({"targets": targets}), readings=readings) as exporter:
        wait_for(lambda: _open(server) >= connections, OPEN_WITHIN)
        yield exporter.pid


def _open(server: Postgres) -> int:
    return int(str(server.admin("SELECT count(*) FROM pg_stat_activity WHERE usename = 'probe'")[0][0]))


def _cost(plan: Plan, server: Postgres, url: str, connections: int) -> Cost:
    with _holding(server, url, connections) as pid:
        time.sleep(plan.warm_up)
        used, begun = cpu_seconds([pid]), time.monotonic()
        time.sleep(plan.seconds)
        work = (cpu_seconds([pid]) - used) / (time.monotonic() - begun)
        return Cost(memory=_memory(pid), work=work)


def _memory(pid: int) -> int:
    """Give what a process has to itself, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_", "Swap:")))


def _late(plan: Plan, server: Postgres, url: str) -> Sequence[float]:
    """End connections one by one; give the seconds from each FIN until the exporter had taken note of it."""
    with tempfile.TemporaryDirectory() as directory:
        readings = Path(directory, "readings")
        with (
            Capture("lo", FIN.format(port=server.port)) as capture,
            _holding(server, url, CONNECTIONS, readings),
        ):
            until = time.monotonic() + plan.seconds
            for (pid,) in server.admin("SELECT pid FROM pg_stat_activity WHERE usename = 'probe'"):
                if time.monotonic() > until:
                    break
                server.admin(f"SELECT pg_terminate_backend({pid})")
                time.sleep(EVERY)
            time.sleep(plan.warm_up)
            ends = [packet.at / 1e9 for packet in capture.stop()]
        drops = [reading.seconds or 0.0 for reading in ours.read(readings) if reading.destination == "drop"]
    return [min(seen - end for end in ends if end <= seen) for seen in drops]
