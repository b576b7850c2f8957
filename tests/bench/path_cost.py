"""P5: the processor time of a hop probe, with 50 destinations behind seven hops."""

import ipaddress
import time
from functools import partial

from tests.bench import ours, peers
from tests.bench.cpu import sent_packets, used_per
from tests.bench.places import routed
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, ratio

GOAL = Goal(number="P5", what="CPU per hop probe, 50 destinations x 7 hops", peer="mtr")
DESTINATIONS = 50
ROUTERS = 6
PREFIX = "10.50.0.0/24"
OFTEN = {"interval": "1s"}


def measure(plan: Plan) -> list[Row]:
    """Let 50 processes of mtr and the exporter take turns."""
    first = ipaddress.ip_address("10.50.0.1")
    hosts = [str(first + number) for number in range(DESTINATIONS)]
    with routed(PREFIX, ROUTERS):
        contenders = {"mtr": partial(_mtr, plan, hosts)}
        if ours.has("path"):
            contenders["conndrop"] = partial(_conndrop, plan, hosts)
        figures = plan.medians(peers.present(contenders))
    return [ratio(GOAL, theirs=figures.get("mtr"), ours=figures.get("conndrop"), most=0.15)]


def _mtr(plan: Plan, hosts: list[str]) -> float:
    with peers.mtr(hosts, plan.warm_up + plan.seconds) as pids:
        return _per_probe(plan, pids)


def _conndrop(plan: Plan, hosts: list[str]) -> float:
    with ours.exporter(ours.configuration(hosts, ours.only(path=OFTEN))) as exporter:
        return _per_probe(plan, [exporter.pid])


def _per_probe(plan: Plan, pids: list[int]) -> float:
    time.sleep(plan.warm_up)
    return used_per(pids, sent_packets, plan.seconds)
