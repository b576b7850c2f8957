"""Faults are named by the exporter as a whole: a few of those that `make faults` tries."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.model import Cause
from tests.faults.attempt import attempt
from tests.faults.lineup import SCENARIOS, chosen
from tests.faults.outcome import Outcome, Verdict, Watch
from tests.lab.exporter import exporter, only
from tests.lab.site import Site
from tests.networks import needs_capture, needs_faults, needs_namespaces
from tests.servers import Certificates, MariaDb, Postgres, ServerMissing
from tests.waiting import wait_for

FEW = {
    "black hole both ways": "postgresql",
    "prohibited": "mariadb",
    "port shut": "postgresql",
    "new connections reset": "mariadb",
    "balancer resets idle": "postgresql",
    "firewall loses its state": "mariadb",
    "no such name": "postgresql",
    "own firewall drops": "mariadb",
}
SITES = 4


@pytest.fixture(scope="module")
def outcomes(certificates: Certificates) -> Iterator[dict[str, Outcome]]:
    """Try all, several at a time, because what they do is wait."""
    try:
        for kind in (Postgres, MariaDb):
            kind(certificates).stop()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    wanted = [scenario for scenario in SCENARIOS if scenario.name in FEW]
    with ThreadPoolExecutor(SITES) as pool:
        tried = pool.map(lambda one: attempt(one, [FEW[one.name]], certificates), wanted)
        yield {outcome.scenario.name: outcome for found in tried for outcome in found}


@needs_namespaces
@needs_capture
@needs_faults
@pytest.mark.parametrize("name", FEW)
def test_a_fault_is_detected_and_named(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert outcome.verdict is Verdict.RIGHT, str(outcome)


BEGUN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
PORT_SHUT = next(scenario for scenario, _ in chosen(["port shut"]))
RIGHT = PORT_SHUT.expected


def incident(cause: Cause, *, after: float = 1.0, target: str = "it", **more: Any) -> dict[str, Any]:
    started = datetime.fromtimestamp(BEGUN + after, UTC).isoformat().replace("+00:00", "Z")
    return {"id": "1", "target": target, "cause": cause, "started": started, **more}


@pytest.mark.parametrize(
    ("looks", "verdict", "named"),
    [
        ([[]], Verdict.MISSED, None),
        ([[incident(RIGHT, target="other")]], Verdict.MISSED, None),
        ([[incident(RIGHT, after=-60)]], Verdict.MISSED, None),
        ([[incident(Cause.UNKNOWN)]], Verdict.UNKNOWN, None),
        ([[incident(Cause.UNKNOWN, candidates=[RIGHT])]], Verdict.CANDIDATE, None),
        ([[incident(Cause.UNKNOWN)], [incident(RIGHT)]], Verdict.RIGHT, 2.0),
        ([[incident(Cause.NET_LOSS)], [incident(RIGHT)]], Verdict.RIGHT, 2.0),
        ([[incident(RIGHT)], [incident(Cause.UNKNOWN)], [incident(RIGHT)]], Verdict.RIGHT, 3.0),
        ([[incident(RIGHT)], [incident(Cause.NET_LOSS)]], Verdict.WRONG, None),
        ([[incident(RIGHT), incident(Cause.NET_LOSS)]], Verdict.WRONG, 1.0),
    ],
)
def test_what_was_said_is_judged(looks: list[list[Any]], verdict: Verdict, named: float | None) -> None:
    """What is said at the end counts, since when without a break, and nothing wrong beside it."""
    watch = Watch(PORT_SHUT, "it", BEGUN)
    for number, documents in enumerate(looks, start=1):
        watch.look(float(number), documents)
    outcome = watch.outcome()
    assert (outcome.verdict, outcome.named) == (verdict, named)


def test_every_scenario_of_a_database_has_a_name_of_its_own() -> None:
    named = [(scenario.name, database) for scenario in SCENARIOS for database in scenario.databases]
    assert len(set(named)) == len(named)
    assert set(FEW.items()) <= set(named)
    names = [scenario.name for scenario in SCENARIOS]
    assert all(names.count(name) == 1 for name in FEW)


@needs_namespaces
def test_trouble_of_the_network_names_the_hop_and_who_owns_it(site: Site) -> None:
    probes = only(
        ping={"interval": "200ms", "timeout": "200ms"}, tcp={}, sentinel={"heartbeat": "500ms"}, path={}
    )
    orders = {"name": "orders", "url": site.url("postgresql"), "probes": probes}
    networks = {"transit": ["10.0.0.0/24"]}
    with exporter(site.client, [orders], further={"networks": networks}) as it:
        wait_for(lambda: it.value("conndrop_path_hops", target="orders"))
        wait_for(lambda: it.value("conndrop_held_connections", target="orders", probe="sentinel"))
        with site.firewall.black_hole():
            wait_for(
                lambda: any(
                    one["cause"] == Cause.NET_BLACKHOLE and "transit" in " ".join(one["evidence"])
                    for one in it.incidents()
                ),
                seconds=60,
            )
        (one,) = it.incidents()
    assert one["cause"] == Cause.NET_BLACKHOLE
    assert any("transit" in fix for fix in one["fix"])
