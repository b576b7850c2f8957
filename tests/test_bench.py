"""The benchmarks themselves: they judge as they should, and a small run of them comes to its end.

No figure of time is asserted: whoever wants those runs `make bench`.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.bench.cpu import Account, account, cpu_seconds
from tests.bench.database_load import Site, looks, minutes
from tests.bench.judge import Trip, connect_trips, echo_trips, judge
from tests.bench.ours import Reading
from tests.bench.peers import read_fping
from tests.bench.plan import Plan
from tests.bench.report import Goal, error, limit, ratio, table
from tests.lab.truth import Echo, Handshake
from tests.networks import needs_capture, needs_namespaces
from tests.servers import Database

GOAL = Goal(number="P0", what="a figure")
SECOND = 1_000_000_000


def reading(started: float, seconds: float | None) -> Reading:
    return Reading(destination="10.0.0.1", started=started, seconds=seconds, lost=seconds is None)


def test_a_reading_is_held_against_the_nearest_packet_of_its_destination() -> None:
    trips = [Trip(left=100 * SECOND, seconds=0.010), Trip(left=101 * SECOND, seconds=0.020)]
    verdict = judge([reading(100.001, 0.010), reading(100.999, 0.021)], {"10.0.0.1": trips})
    assert (verdict.judged, verdict.phantoms) == (2, 0)
    assert verdict.errors == pytest.approx([0.0, 0.001])
    assert verdict.far_off == 0.5
    assert verdict.quantile(1) == pytest.approx(0.001)


def test_a_loss_is_a_phantom_only_if_the_wire_saw_the_reply() -> None:
    trips = [Trip(left=100 * SECOND, seconds=0.010), Trip(left=101 * SECOND, seconds=None)]
    verdict = judge([reading(100.0, None), reading(101.0, None), reading(300.0, None)], {"10.0.0.1": trips})
    assert (verdict.judged, verdict.phantoms, len(verdict.errors)) == (2, 1, 0)


def test_trips_are_the_first_answers() -> None:
    """A reply that came twice, and a SYN that was sent twice."""
    echo = Echo(destination="10.0.0.1", identifier=1, sequence=1, sent=0, replies=[SECOND, 2 * SECOND])
    shake = Handshake(destination="10.0.0.1", port=1, server_port=2, syns=[0, SECOND], answers=[3 * SECOND])
    assert echo_trips([echo]) == {"10.0.0.1": [Trip(left=0, seconds=1.0)]}
    assert connect_trips([shake]) == {"10.0.0.1": [Trip(left=0, seconds=3.0)]}


def test_lines_of_fping_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "readings"
    file.write_text(
        "[1700000000.50000] 10.0.0.1 : [0], 64 bytes, 500 ms (500 avg, 0% loss)\n"
        "[1700000002.00000] 10.0.0.1 : [1], timed out (500 avg, 50% loss)\n"
    )
    answered, lost = read_fping(file)
    assert (answered.started, answered.seconds, answered.lost) == (1700000000.0, 0.5, False)
    assert (lost.started, lost.seconds, lost.lost) == (1700000001.0, None, True)


def test_a_goal_is_reached_or_not() -> None:
    rows = [
        ratio(GOAL, theirs=1e-4, ours=1e-5, most=0.1),
        ratio(GOAL, theirs=1e-4, ours=2e-5, most=0.1),
        ratio(GOAL, theirs=None, ours=2e-5, most=0.1),
        ratio(GOAL, theirs=0.0, ours=2e-5, most=0.1),
        error(GOAL, theirs=1e-6, ours=2e-6, most=1e-5),
        error(GOAL, theirs=1e-6, ours=2e-6, most=1e-5, beat=True),
        error(GOAL, ours=None, most=1e-5),
        limit(GOAL, ours=0, most=0, written="{}"),
        limit(GOAL, ours=None, most=0, written="{}"),
    ]
    assert [row.reached for row in rows] == ["yes", "no", "-", "-", "yes", "no", "-", "yes", "-"]
    written = table(rows)
    assert len(written.splitlines()) == 11
    assert len({len(line) for line in written.splitlines()}) == 1


def test_processor_time_is_that_of_children_too() -> None:
    """Of one that runs, below a process that does nothing; none is left when all have ended."""
    work = "import sys; sum(range(20_000_000)); print(flush=True); sys.stdin.read()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert cpu_seconds([process.pid]) > 0.1
    assert cpu_seconds([process.pid]) == 0


def test_an_account_has_what_children_used_that_ended_soon() -> None:
    """Each of them uses less than can be told by ticks of the clock."""
    script = "read line; for each in $(seq 20); do (:); done; echo done; read line"
    with (
        account() as used,
        subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdin
        assert process.stdout
        used.watch(process.pid)
        before = used.seconds()
        process.stdin.write(b"go\n")
        process.stdin.flush()
        process.stdout.readline()
        assert 0 <= used.seconds() - before < 1
        process.stdin.close()


def test_a_plan_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECONDS", "ROUNDS", "ECHOES", "TARGETS", "QUICK"):
        monkeypatch.delenv(f"BENCH_{name}", raising=False)
    assert Plan.from_environment() == Plan(seconds=20, rounds=5, echoes=100_000, targets=1000, quick=False)
    monkeypatch.setenv("BENCH_QUICK", "1")
    monkeypatch.setenv("BENCH_TARGETS", "10")
    assert Plan.from_environment() == Plan(seconds=5, rounds=1, echoes=5_000, targets=10, quick=True)


@needs_namespaces
@needs_capture
def test_a_small_run_has_its_figures_and_loses_nothing() -> None:
    """Two at a time, a second each with few targets; peers take part where they are."""
    small = {"QUICK": "1", "ROUNDS": "1", "SECONDS": "1", "ECHOES": "40", "TARGETS": "20"}
    # What is measured here is covered elsewhere; to be watched would only cost it time.
    unwatched = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment = unwatched | {f"BENCH_{name}": value for name, value in small.items()}
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = pool.map(
            lambda pieces: subprocess.run(
                [sys.executable, "-m", "tests.bench", *pieces],
                env=environment, capture_output=True, text=True, check=False, timeout=120,
            ),
            (["P1", "P2"], ["P3", "P7"], ["P5", "P6"], ["P12"], ["P8", "P11"], ["P9"]),
        )  # fmt: skip
    rows = []
    for done in runs:
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stdout.splitlines() if line.startswith("| P")]
        rows += [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    goals = "P1 P1 P2 P2 P3 P3 P3 P4 P4 P7 P5 P6 P6 P12 P12 P12 P8 P8 P11 P9 P9"
    assert [row[0] for row in rows] == goals.split()
    assert [row[0] for row in rows if row[4] == "-"] == []
    assert [row[4] for row in rows if row[1].startswith("phantom")] == ["0"]


def test_a_database_is_asked_less_for_a_look_than_for_a_scrape(database: Database) -> None:
    """The minutes are too short to mean anything; all servers at once, and with TLS, are the bench's."""
    assert database.process
    used = Account(None)
    used.watch(database.process.pid)
    plan = Plan(seconds=0.2, rounds=1, echoes=1, targets=1, quick=True)
    site = Site(server=database, account=used, tls=False)
    minute, *look = minutes(plan, [site]) + looks(plan, site)
    assert minute.ours != "-"
    assert [row.reached for row in look if row.goal.what.startswith("queries")] in (["yes"], ["-"])


def test_a_goal_that_is_not_there_is_said() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "P99"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "P99" in done.stderr
