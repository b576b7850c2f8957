"""A pool that was filled before a fork: the child is told so, and counts for itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.instrument.engines import OPTIONS, url
from tests.servers import Database

PROGRAM = """
import json, os, sys, warnings
from prometheus_client import REGISTRY
from sqlalchemy import create_engine, text
from exporter.instrument import instrument

def told():
    pids = {"%d" % os.getpid(): "own", "%d" % os.getppid(): "parent's"}
    return {
        f"{s.name} {s.labels.get('cause') or s.labels.get('state') or ''} {pids[s.labels['pid']]}": s.value
        for family in REGISTRY.collect() for s in family.samples
        if s.name.startswith("conndrop_app_") and s.value and "bucket" not in s.name and "_sum" not in s.name
        and "_created" not in s.name
    }

def use():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1")).scalar_one()

engine = create_engine(sys.argv[1], connect_args=json.loads(sys.argv[3]))
instrument(engine, "orders")
use()
read, write = os.pipe()
if os.fork() == 0:
    before = told()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if sys.argv[2] == "dispose":
            engine.dispose(close=False)
        use()
        use()
    found = {"before": before, "after": told(), "warnings": [str(one.message) for one in caught]}
    os.write(write, json.dumps(found).encode())
    sys.exit()
os.wait()
os.close(write)
use()
print(json.dumps({"child": json.loads(os.read(read, 65536)), "parent": told()}))
engine.dispose()
"""


SHARED = """
import json, os, sys
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import create_engine, text
from exporter.instrument import instrument

def told():
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return sorted(
        [s.name, s.labels["pid"], s.labels.get("state", ""), s.value]
        for family in registry.collect() for s in family.samples
        if s.name.endswith(("_connections", "_seconds_count", "connects_total"))
    )

def use():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1")).scalar_one()

engine = create_engine(sys.argv[1], connect_args=json.loads(sys.argv[2]))
watched = instrument(engine, "orders")
child = os.fork()
if child == 0:
    use()
    use()
    engine.dispose()
    sys.exit()
os.waitpid(child, 0)
use()
both = told()
mark_process_dead(child)
watched.remove()
names = [s.name for family in REGISTRY.collect() for s in family.samples]
page = [name for name in names if name.endswith("pool_connections")]
print(json.dumps({"own": os.getpid(), "child": child, "both": both, "left": told(), "page": page}))
engine.dispose()
"""


def forked(server: Database, how: str) -> tuple[dict[str, Any], dict[str, float]]:
    """Run the program; give what the child has told, and its parent."""
    where = url(server).render_as_string(hide_password=False)
    # Under TLS both would soon fail of each other's packets.
    options = json.dumps(OPTIONS[url(server).drivername])
    words = [sys.executable, "-c", PROGRAM, where, how, options]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, timeout=30).stdout)
    return found["child"], found["parent"]


@pytest.mark.parametrize("how", ["dispose", "share"])
def test_a_child_counts_for_itself(server: Database, how: str) -> None:
    child, parent = forked(server, how)
    assert child["before"] == {}
    assert child["after"]["conndrop_app_checkout_seconds_count  own"] == 2
    assert not [name for name in child["after"] if "parent's" in name]
    assert parent["conndrop_app_checkout_seconds_count  own"] == 2
    assert parent["conndrop_app_pool_connections idle own"] == 1


def test_a_child_that_shares_connections_is_told_so_once(server: Database) -> None:
    child, _ = forked(server, "share")
    (warning,) = child["warnings"]
    assert "engine.dispose(close=False)" in warning
    assert child["after"]["conndrop_app_errors_total client.connection_misuse own"] == 2


def test_a_child_that_begins_anew_is_told_nothing(server: Database) -> None:
    child, _ = forked(server, "dispose")
    assert child["warnings"] == []
    assert child["after"]["conndrop_app_connects_total  own"] == 1
    assert child["after"]["conndrop_app_pool_connections idle own"] == 1


def test_processes_that_share_files_are_told_apart(server: Database, tmp_path: Path) -> None:
    where, options = url(server), json.dumps(OPTIONS[url(server).drivername])
    words = [sys.executable, "-c", SHARED, where.render_as_string(hide_password=False), options]
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    ran = subprocess.run(words, check=True, capture_output=True, timeout=30, env=environment)
    found = json.loads(ran.stdout)
    own, child = str(found["own"]), str(found["child"])
    taken = [row[1:] for row in found["both"] if row[0].endswith("seconds_count")]
    assert taken == sorted([[own, "", 1], [child, "", 2]])
    pools = [row[1:] for row in found["both"] if row[0].endswith("pool_connections")]
    idle = sorted([[own, "idle", 1], [child, "idle", 0]])
    assert pools == sorted([*idle, [own, "checked_out", 0], [child, "checked_out", 0]])
    left = [row[1:] for row in found["left"] if row[0].endswith("pool_connections")]
    assert left == [[own, "checked_out", 0], [own, "idle", 0]]
    assert len(found["page"]) == 2
