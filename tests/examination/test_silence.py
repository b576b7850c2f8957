"""Silence that ends connections, in the lab: named by layer, and cured by what is printed."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import create_engine, exc, text

from exporter.examination.plan import PoolPlan
from exporter.examination.report import Report, Side, State
from exporter.model import Cause
from tests.examination.scene import Shown, causes, examined, of, states
from tests.lab.site import PORTS, Site
from tests.networks import needs_faults, needs_namespaces
from tests.servers.database import PASSWORD
from tests.waiting import unspoilt

pytestmark = [needs_namespaces, needs_faults]

TIMEOUT = 3
"""Seconds after which the lab's NAT forgets, and its server ends, who is silent."""
RESTS = TIMEOUT + 2.5
PLAN: dict[str, Any] = {"hold": 120.0, "ladder": (2.0, 4.0, 4.4), "budget": 12}
SIDES = frozenset({Side.PING, Side.TCP, Side.SESSION, Side.SERVER, Side.HOLD})
ENDS = {"postgresql": [Cause.MIDDLEBOX_IDLE_TIMEOUT], "mariadb": [Cause.SERVER_IDLE_TIMEOUT]}
HELD = tuple(ENDS)
Scene = dict[str, tuple[Report, Shown]]


@pytest.fixture(scope="module")
def reports(site: Site) -> Iterator[Scene]:
    """Examine all at the same time, because what they do is wait; the NAT goes on forgetting."""

    def look(name: str) -> tuple[Report, Shown]:
        shown = Shown()
        with site.client.entered():
            pool = PoolPlan(pool_recycle=1800.0)
            return examined(site.url(name), shown, sides=SIDES, pool=pool, **PLAN), shown

    def swallowed() -> tuple[Report, Shown]:
        shown = Shown()
        with site.firewall.black_hole(PORTS["mysql"]), site.client.entered():
            return examined(site.url("mysql"), shown, sides=SIDES - {Side.SERVER}, hold=600.0), shown

    limited = site.databases["mariadb"].limited("wait_timeout", TIMEOUT)
    with site.firewall.idle(PORTS["postgresql"], TIMEOUT), limited, ThreadPoolExecutor(3) as crew:
        third = crew.submit(swallowed)
        # Who stands still for a second between two rungs finds something else besides.
        both = unspoilt(
            lambda: dict(zip(HELD, crew.map(look, HELD), strict=True)),
            lambda both: {name: causes(report) for name, (report, _) in both.items()} == ENDS,
        )
        yield both | {"mysql": third.result()}


def test_a_device_that_forgets_is_named(reports: Scene) -> None:
    """By its layer, settled, and long before the hold is over."""
    report, _ = reports["postgresql"]
    assert causes(report) == [Cause.MIDDLEBOX_IDLE_TIMEOUT]
    assert report.idle
    assert report.idle.settled
    assert report.idle.killed
    assert report.idle.survived
    assert report.idle.survived - 1 <= TIMEOUT <= report.idle.killed + 1
    assert [cause for cause, _ in report.idle.timeouts] == [Cause.MIDDLEBOX_IDLE_TIMEOUT]
    assert report.seconds < PLAN["hold"]
    assert not report.cut_short
    assert states(report)[Side.HOLD] is State.BAD
    evidence = of(report, Cause.MIDDLEBOX_IDLE_TIMEOUT).evidence
    assert evidence[0].startswith("held in five ways, connections show: a device on the way")
    assert evidence[-1] == "a pool with pool_recycle=1800 hands out connections that have ended meanwhile"
    assert [setting.name for setting in report.advice.server] == ["tcp_keepalives_idle"]
    assert {setting.name for setting in report.advice.client} >= {"keepalives_idle", "tcp_user_timeout"}
    assert not any("layer" in line for line in report.unsure)


def test_a_server_that_ends_idle_sessions_is_named(reports: Scene) -> None:
    """By its own setting: keepalives are not advised against it."""
    report, _ = reports["mariadb"]
    assert causes(report) == [Cause.SERVER_IDLE_TIMEOUT]
    assert report.advice.client == ()
    assert {setting.name for setting in report.advice.server} == {"wait_timeout", "interactive_timeout"}
    assert {setting.value for setting in report.advice.engine if setting.name == "pool_recycle"} <= {"1", "2"}


def test_rungs_are_shown_while_they_are_held(reports: Scene) -> None:
    for report, shown in (reports[name] for name in HELD):
        rungs = [rung for progress in shown.all for rung in progress.rungs]
        assert {rung.seconds for rung in rungs if not rung.armed} >= set(PLAN["ladder"])
        assert {rung.armed for rung in rungs} >= {
            "TCP keepalives",
            "server's limit off",
            "asked all the time",
        }
        assert all(rung.silent >= 0 for rung in rungs)
        assert shown.all[0].left <= PLAN["hold"]
        assert shown.all[-1].incidents
        assert report.seconds < PLAN["hold"]


def test_the_application_stops_failing_with_what_is_printed(
    site: Site, reports: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rests for longer than the NAT remembers, and its pool is SQLAlchemy's own at first."""
    report, _ = reports["postgresql"]
    url = site.url("postgresql").replace("postgresql://", "postgresql+psycopg2://")
    monkeypatch.setitem(os.environ, "DB_PASSWORD", PASSWORD)
    names: dict[str, Any] = {}
    exec(report.advice.create_engine, names)  # noqa: S102  that is what it is for
    # It would wait for a quarter of an hour, which this test does not.
    careless = create_engine(url, connect_args={"tcp_user_timeout": 1500})
    with site.client.entered():
        _use(careless)
        _use(names["engine"])
        time.sleep(RESTS)
        with pytest.raises(exc.OperationalError):
            _use(careless)
        _use(names["engine"])
        time.sleep(RESTS)
        _use(names["engine"])
        careless.dispose()
        names["engine"].dispose()


def test_a_port_that_a_firewall_swallows_is_told_in_seconds(reports: Scene) -> None:
    """Echoes to the host are answered: nobody holds for ten minutes to see that."""
    report, _ = reports["mysql"]
    assert causes(report) == [Cause.MIDDLEBOX_CONNECT_BLOCKED]
    assert states(report)[Side.SESSION] is State.BAD
    assert report.seconds < 30
    assert report.advice.client
    assert any("No silence came to its end" in line for line in report.unsure)


def _use(engine: Any) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
