"""Idle timeouts in the lab: found, attributed, remembered, and cured by what is recommended.

What takes long here is `make thorough`; with longer timeouts and at every place they are `make idle-faults`.
That a NAT's and a server's own timeout are found and named, tests/examination/test_silence.py sees each time.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.faults.cases import Faults, both, nat, serving
from tests.faults.judging import LADDER, Search, faulty
from tests.lab.exporter import Exporter, exporter, only
from tests.lab.site import PORTS, Site
from tests.networks import needs_faults, needs_namespaces
from tests.servers import Certificates, ServerMissing
from tests.waiting import wait_for

pytestmark = [needs_namespaces, needs_faults]

SECONDS = 3
LONGEST = 300.0
CONNECTIONS = 8
"""Twice as many as by default: an experiment has five, so that none of them waits for another."""
PLANS: dict[Faults, int] = {nat: SECONDS, serving: SECONDS, both: 5}


@pytest.fixture(scope="module")
def searches(certificates: Certificates) -> Iterator[dict[Faults, Search]]:
    """Let all searches go on at the same time, because what they do is wait."""
    with contextlib.ExitStack() as stack:
        try:
            found = {
                faults: stack.enter_context(faulty(certificates, faults, seconds, connections=CONNECTIONS))
                for faults, seconds in PLANS.items()
            }
        except ServerMissing as missing:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(missing))
        yield found


@pytest.mark.thorough
@pytest.mark.parametrize("faults", PLANS, ids=[faults.__name__ for faults in PLANS])
def test_a_timeout_is_found_and_attributed(searches: dict[Faults, Search], faults: Faults) -> None:
    """To 1 s, at NAT, proxy, pooler and server, two at once as well, on every database."""
    search = searches[faults]
    wait_for(search.look, LONGEST)
    assert {found.case.name: found.problem for found in search.found.values() if found.problem} == {}


IDLE = {"ladder": LADDER, "keepalive": "1s"}
POOL = {"interval": "1s", "timeout": "1s", "longest_rest": "8s"}
LEARNT = ("idle_survived", "idle_killed", "recommended_pool_recycle")


def learnt(running: Exporter) -> dict[str, float | None]:
    return {name: running.value(f"conndrop_{name}_seconds", target="it") for name in LEARNT}


@pytest.mark.thorough
def test_what_was_learnt_outlives_a_restart_and_cures_a_pool(site: Site, tmp_path: Path) -> None:
    """A pool that recycles as recommended hands out nothing that is dead; one that does not, does."""
    url = site.url("postgresql")
    with site.firewall.idle(PORTS["postgresql"], SECONDS):
        probes = only(idle=IDLE, sentinel={"heartbeat": "1s"})
        with exporter(site.client, [{"name": "it", "url": url, "probes": probes}], tmp_path) as running:
            wait_for(lambda: running.value("conndrop_idle_settled", target="it") == 1, LONGEST)
            before = learnt(running)
            assert not running.drops("it"), "the sentinel is never silent for so long"
        recycle = before["recommended_pool_recycle"]
        assert recycle == 2
        careless = only(idle=IDLE, pool={**POOL, "pool_recycle": "1m"})
        careful = only(pool={**POOL, "pool_recycle": f"{recycle:.0f}s"})
        targets = [
            {"name": "it", "url": url, "probes": careless},
            {"name": "cured", "url": url, "probes": careful},
        ]
        with exporter(site.client, targets, tmp_path) as running:
            assert learnt(running) == {**before, "idle_survived": ANY}

            def let_go(target: str, reason: str) -> float:
                labels = {"target": target, "reason": reason}
                return running.value("conndrop_pool_invalidations_total", **labels) or 0.0

            wait_for(lambda: running.value("conndrop_pool_recycle_unsafe", target="it") == 1)
            wait_for(lambda: let_go("it", "stale") >= 2, 60)
            wait_for(lambda: let_go("cured", "recycle") >= 4, 60)
            assert let_go("cured", "stale") == 0
            assert {end for end, _ in running.drops("it", "pool")} == {"silence"}
            assert not running.drops("cured", "pool")
