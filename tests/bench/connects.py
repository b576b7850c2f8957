"""P6: what a connect costs, and how well its time is known under load."""

import contextlib
import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import ours, peers
from tests.bench.cpu import cpu_seconds
from tests.bench.judge import Verdict, connect_trips, judge
from tests.bench.places import DEVICE, answering, hosts
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, error, ratio
from tests.bench.running import scraped
from tests.lab.capture import Capture
from tests.lab.truth import handshakes

TRUTH = Goal(number="P6", what="TCP connect time error under load, p99")
EVERY = 5.0
"""Seconds between two connects to one target."""
TCP = {"interval": "5s", "timeout": "5s"}
SESSIONS = {"interval": "1s", "timeout": "1s"}
DATABASES = 10
MOST = 30e-6
ASKERS = 20
"""Threads that ask blackbox_exporter, each with a connection of its own."""


def measure(plan: Plan) -> list[Row]:
    """Let blackbox_exporter and the exporter take turns, then let the exporter connect under load."""
    with answering(), ours.databases(DATABASES) as urls:
        contenders = {"blackbox_exporter": partial(_blackbox, plan)}
        mine: list[Verdict] = []
        if ours.has("tcp"):
            contenders["conndrop"] = partial(_conndrop, plan)
            mine = plan.turns({"conndrop": partial(_loaded_conndrop, plan, urls)})["conndrop"]
        figures = plan.medians(peers.present(contenders))
    judged = [verdict.quantile(0.99) for verdict in mine if verdict.errors]
    p99 = statistics.median(judged) if judged else None
    what = f"CPU per connect, {plan.targets:,} targets x 1/5 s"
    cost = Goal(number="P6", what=what, peer="blackbox_exporter")
    return [
        error(TRUTH, ours=p99, most=MOST),
        ratio(cost, theirs=figures.get("blackbox_exporter"), ours=figures.get("conndrop"), most=0.25),
    ]


def _blackbox(plan: Plan) -> float:
    addresses = [f"{host}:{ours.PORT}" for host in hosts(plan.targets)]
    with peers.blackbox_exporter() as peer, asked(peer.url, addresses):
        return _per_connect(plan, peer.pid)


def _conndrop(plan: Plan) -> float:
    with ours.exporter(ours.configuration(hosts(plan.targets), ours.only(tcp=TCP))) as exporter:
        return _per_connect(plan, exporter.pid)


def _per_connect(plan: Plan, pid: int) -> float:
    time.sleep(plan.warm_up)
    with Capture(DEVICE, "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn") as capture:
        used = cpu_seconds([pid])
        time.sleep(plan.seconds)
        used = cpu_seconds([pid]) - used
        return used / len(handshakes(capture.stop()))


def _loaded_conndrop(plan: Plan, urls: Sequence[str]) -> Verdict:
    text = ours.configuration(hosts(plan.targets), ours.only(tcp=TCP), urls, ours.only(session=SESSIONS))
    with tempfile.TemporaryDirectory() as directory, Capture(DEVICE, "tcp") as capture:
        readings = Path(directory, "readings")
        with ours.exporter(text, readings=readings, loaded=True) as exporter, scraped(exporter.url, 1.0):
            time.sleep(max(plan.seconds, EVERY))  # in less, no target need have had its turn
        return judge(ours.read(readings), connect_trips(handshakes(capture.stop())))


@contextlib.contextmanager
def asked(url: str, targets: Sequence[str]) -> Iterator[None]:
    """Ask blackbox_exporter for each target every five seconds, spread evenly, from a few threads."""
    ended = threading.Event()

    def ask(mine: Sequence[str], due: float) -> None:
        parts = urlsplit(url)
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
            at = 0
            while not ended.wait(max(0.0, due - time.monotonic())):
                connection.request("GET", f"{parts.path}?{parts.query}{mine[at % len(mine)]}")
                connection.getresponse().read()
                due, at = due + EVERY / len(mine), at + 1

    now, apart = time.monotonic(), EVERY / len(targets)
    threads = [
        threading.Thread(target=ask, args=(targets[number::ASKERS], now + number * apart))
        for number in range(ASKERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
