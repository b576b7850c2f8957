"""Plans that cannot be carried out, each with its words; and the paces that follow from those that can."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.examination.aiming import aim
from exporter.examination.ending import Ending
from exporter.examination.examination import Examination
from exporter.examination.pace import SIDES, calmly, holds, ladder, quickly
from exporter.examination.pace import pool as described
from exporter.examination.plan import Plan, PlanError, PoolPlan
from exporter.examination.report import Look, Progress, Rung, Side, State
from exporter.examination.stages import Stages
from exporter.model import Cause, IdleObservation, Secret
from exporter.probes import KINDS
from exporter.probes.idle import IdleSettings
from tests.seen import NOW, incident

URL = "postgresql://app@db.example.com/shop"
CONFIGURATION = """
connection_budget: 5
targets:
  - name: orders
    url: mysql://app@db.example.com/shop
    probes: {pool: {pool_size: 3, pool_recycle: 10m}}
  - name: invoices
    url: mysql://app:hidden-word@db.example.com/shop
"""


def refused(**plan: Any) -> str:
    with pytest.raises(PlanError) as error:
        Examination(Plan(**{"where": URL, **plan}))
    return str(error.value)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (
            "oracle://u:secret-word@h/d",
            "the URL does not begin with a database that we probe; allowed: postgresql",
        ),
        (
            "postgresql://u:secret-word@/d",
            "the URL names no host; write postgresql://user@host:5432/database",
        ),
        ("postgresql://u@h:99999/d", "the URL has port 99999; 1 to 65535 is allowed"),
        ("postgresql://u@h/d?sslmod=require", "the URL parameter sslmod: unknown parameter"),
        ("postgresql://u@h/d?sslmode=sure", "the URL parameter sslmode: 'sure' is no mode"),
        ("mysql://h_:3306 /d", "the URL "),
        ("orders", "'orders' is no URL, and no configuration is given to look it up; write postgresql://"),
    ],
)
def test_urls_that_cannot_be_used(where: str, words: str) -> None:
    said = refused(where=where)
    assert said.startswith(words)
    assert "secret-word" not in said


def test_targets_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "conndrop.yml"
    assert "cannot be read: No such file" in refused(where="orders", config=path)
    path.write_text(CONFIGURATION)
    assert refused(where="order", config=path) == f"no target 'order' in {path}; did you mean orders?"
    assert refused(where="x", config=path) == f"no target 'x' in {path}; there are invoices, orders"
    path.write_text("file_sd_configs: [{files: [a.yml], target: {url: 'mysql://u@{address}/d'}}]\n")
    told = refused(where="orders", config=path)
    assert (
        f"no target 'orders' in {path}; there is none; targets that are discovered are looked at by" in told
    )
    path.write_text("targets:\n  - name: orders\n    url: nothing\n")
    assert f"{path}:3: " in refused(where="orders", config=path)


def test_settings_that_cannot_be() -> None:
    assert refused(budget=0) == "at least one connection has to be allowed"
    assert refused(budget=1, hold=60.0).startswith("a hold needs two connections: ")
    assert refused(pool=PoolPlan(pool_size=0)).startswith("the pool: pool_size: ")
    assert refused(pool=PoolPlan(pool_timeout=0.0)).startswith("the pool: pool_timeout: ")
    assert refused(hold=60.0, ladder=(0.0, 1.0)).startswith("the silences to try: ladder.0: ")


def test_a_password_that_is_not_there(tmp_path: Path) -> None:
    said = refused(password=Secret.file(tmp_path / "password"))
    assert said == f"password: {tmp_path}/password does not exist"


def test_a_target_of_the_configuration(tmp_path: Path) -> None:
    """With its name, its budget where that is smaller, and the pool that is described there."""
    path = tmp_path / "conndrop.yml"
    path.write_text(CONFIGURATION)
    plan = Plan(where="orders", config=path, password=Secret.literal("word-of-mouth", "the test"))
    found = aim(plan)
    assert found.probed.target.name == "orders"
    assert found.probed.connection_budget == 5
    assert found.endpoint.password is plan.password
    assert found.url == "mysql://app@db.example.com:3306/shop"
    pool = quickly(found, plan, pooled=True).targets[0].probes["pool"]
    assert (pool.pool_size, pool.pool_recycle, pool.interval) == (3, 600.0, 1.0)
    assert described(found, plan) == PoolPlan(pool_size=3, pool_recycle=600.0)
    with_pool = replace(plan, pool=PoolPlan(pool_recycle=1.0))
    pool = quickly(found, with_pool, pooled=True).targets[0].probes["pool"]
    assert (pool.pool_size, pool.pool_recycle, pool.interval) == (5, 1.0, 0.5)
    kept = aim(replace(plan, where="invoices", password=None))
    assert kept.endpoint.password is not None
    assert kept.endpoint.password.reveal() == "hidden-word"
    assert "hidden-word" not in kept.url
    said = refused(where="invoices", config=path, password=plan.password)
    assert said == f"target invoices has a password in {path}, and another is given: keep one"


def test_the_driver_of_a_url_is_kept() -> None:
    found = aim(Plan(where="postgresql+asyncpg://app@[2001:db8::1]/shop"))
    assert found.driver == "asyncpg"
    assert found.url == "postgresql+asyncpg://app@[2001:db8::1]:5432/shop"


def test_each_side_has_its_probes() -> None:
    assert {kind.name for kind in KINDS} == {probe for probes in SIDES.values() for probe in probes}
    plan = Plan(where=URL, sides=frozenset({Side.TCP, Side.SESSION}))
    assert quickly(aim(plan), plan).targets[0].probes.keys() == {"tcp", "session", "sentinel"}


@pytest.mark.parametrize("hold", [1.0, 20.0, 120.0, 600.0, 3600.0, 7200.0, 86400.0])
def test_a_ladder_fits_its_hold(hold: float) -> None:
    """From short to long, with a twin of the longest, and time to start it a little later."""
    rungs = ladder(Plan(where=URL, hold=hold))
    assert list(rungs) == sorted(rungs)
    assert rungs[-1] < hold
    assert rungs[-1] - rungs[-2] <= max(0.4, 0.008 * rungs[-2]) + 0.01
    settings = (
        quickly(aim(Plan(where=URL)), Plan(where=URL, hold=hold), silent=True).targets[0].probes["idle"]
    )
    assert isinstance(settings, IdleSettings)
    assert settings.ladder == pytest.approx(list(rungs), abs=0.01)


def test_a_ladder_that_is_asked_for_is_taken() -> None:
    assert ladder(Plan(where=URL, hold=10.0, ladder=(5.0, 2.0, 5.0))) == [2.0, 5.0]
    assert not holds(Plan(where=URL, hold=0.0, ladder=(5.0,)))


def progress(
    elapsed: float, *, rungs: int = 0, idle: Any = None, causes: tuple[Cause, ...] = (), **looks: str
) -> Progress:
    """Make progress in which all sides are good but those named."""
    return Progress(
        target="orders",
        elapsed=elapsed,
        left=0.0,
        looks=tuple(Look(side=side, state=State(looks.get(side, "good"))) for side in Side),
        rungs=(Rung(seconds=5.0, silent=1.0),) * rungs,
        idle=idle,
        incidents=tuple(incident(number=number, cause=cause) for number, cause in enumerate(causes)),
    )


def test_an_examination_without_a_hold_ends_once_all_has_told() -> None:
    ending = Ending(Plan(where=URL, seconds=20.0))
    assert not ending.due(progress(2.0))
    assert not ending.due(progress(5.0, ping="waiting"))
    assert ending.due(progress(6.0, hold="absent"))
    assert ending.due(progress(20.0, ping="waiting"))


def test_a_trouble_is_given_time_for_its_name() -> None:
    ending = Ending(Plan(where=URL))
    assert not ending.due(progress(5.0, causes=(Cause.UNKNOWN,)))
    assert not ending.due(progress(8.0, causes=(Cause.UNKNOWN,)))
    assert not ending.due(progress(9.0, causes=(Cause.NET_LOSS,)))
    assert ending.due(progress(11.5, causes=(Cause.NET_LOSS,)))


def test_who_lets_nobody_in_is_not_looked_at_for_long() -> None:
    """With a hold neither."""
    ending = Ending(Plan(where=URL, hold=600.0))
    assert not ending.due(progress(1.0, causes=(Cause.AUTH_CREDENTIALS,), session="bad", ping="waiting"))
    assert ending.due(progress(3.5, causes=(Cause.AUTH_CREDENTIALS,), session="bad", ping="waiting"))
    ending = Ending(Plan(where=URL))
    assert not ending.due(progress(1.0, causes=(Cause.SERVER_DOWN,), session="absent", tcp="bad"))
    assert ending.due(progress(3.5, causes=(Cause.SERVER_DOWN,), session="absent", tcp="bad", ping="waiting"))


def test_whom_nothing_has_a_name_for_is_not_held_for_ten_minutes() -> None:
    unnamed: dict[str, Any] = {"causes": (Cause.UNKNOWN,), "session": "bad", "tcp": "bad"}
    ending = Ending(Plan(where=URL, hold=600.0, seconds=20.0))
    assert not ending.due(progress(19.0, **unnamed))
    assert ending.due(progress(20.0, **unnamed))
    ending = Ending(Plan(where=URL, hold=600.0, seconds=20.0))
    assert not ending.due(progress(5.0))
    assert not ending.due(progress(25.0, **unnamed)), "who was let in before may be let in again"


def test_what_goes_badly_is_given_time_for_its_name() -> None:
    """A few packets of a hundred are lost long before anybody can say so."""
    ending = Ending(Plan(where=URL, seconds=20.0))
    assert not ending.due(progress(10.0, pool="bad"))
    assert not ending.due(progress(15.0, pool="bad", causes=(Cause.NET_LOSS,)))
    assert ending.due(progress(17.5, pool="bad", causes=(Cause.NET_LOSS,)))
    assert Ending(Plan(where=URL, seconds=20.0)).due(progress(20.0, pool="bad"))


def test_a_hold_ends_when_silence_has_told() -> None:

    about: dict[str, Any] = {"target": "orders", "probe": "idle", "started": NOW, "duration": 0.0}
    found = IdleObservation(**about, survived=3.0, killed=4.0, settled=True)
    named = replace(found, timeouts=((Cause.MIDDLEBOX_IDLE_TIMEOUT, 4.0),))
    lived = IdleObservation(**about, survived=30.0, killed=None, settled=True)
    assert not Ending(Plan(where=URL, hold=600.0)).due(progress(60.0))
    assert Ending(Plan(where=URL, hold=600.0)).due(progress(60.0, idle=lived))
    ending = Ending(Plan(where=URL, hold=600.0))
    told = (Cause.MIDDLEBOX_IDLE_TIMEOUT,)
    assert not ending.due(progress(60.0, idle=found, rungs=1, causes=told))
    assert not ending.due(progress(64.0, idle=found, causes=told))
    assert not ending.due(progress(65.0, idle=named, causes=told))
    assert ending.due(progress(67.0, idle=named, causes=told))
    ending = Ending(Plan(where=URL, hold=600.0))
    assert not ending.due(progress(60.0, idle=found, rungs=1, causes=told))
    assert ending.due(progress(69.0, idle=found, causes=told))
    assert ending.due(progress(600.0, rungs=1))


def stages(**plan: Any) -> list[set[str]]:
    """Give the probes of each stage, in turn, where all has told at last."""
    made = Plan(**{"where": URL, **plan})
    stages = Stages(aim(made), made)
    found = [stages.first]
    for looked in (False, False, False, True, True):
        then = stages.next(progress(1.0), looked=looked)
        found += [then] if then is not None else []
    return [set(configuration.targets[0].probes) for configuration in found]


def test_a_pool_waits_for_sessions_and_silence_gets_the_rest() -> None:
    first, pooled, silent, relieved, calm = stages(hold=600.0)
    assert not first & {"pool", "idle"}
    assert pooled == first | {"pool"}
    assert silent == pooled | {"idle"}
    assert relieved == calm == silent - {"pool"}, "the server tells a kill from a restart"
    assert stages(hold=600.0, budget=4)[-2:] == [silent - {"pool", "server"}] * 2
    assert stages() == [first, pooled]
    assert stages(sides=frozenset({Side.POOL})) == [set(), {"pool"}]
    plan = Plan(where=URL, hold=600.0)
    shut = Stages(aim(plan), plan)
    assert shut.next(progress(1.0, session="bad"), looked=True) is None


def test_silence_goes_on_from_stage_to_stage() -> None:
    plan = Plan(where=URL, hold=600.0)
    quick = quickly(aim(plan), plan, silent=True)
    assert quick.targets[0].probes["idle"] == calmly(aim(plan), plan).targets[0].probes["idle"]
