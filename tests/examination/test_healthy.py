"""Targets that are well, and those whose trouble is told in seconds."""

import asyncio
import json
import os
import re
import socket
from collections.abc import Callable
from dataclasses import asdict

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from exporter.examination.plan import PoolPlan
from exporter.examination.report import Report, Side, State
from exporter.model import Cause, Secret, Severity, harmless
from tests import doubles
from tests.examination.scene import Shown, causes, examined, of, states
from tests.servers import Database, Postgres
from tests.servers.database import PASSWORD, free_port

QUICK = frozenset({Side.TCP, Side.SESSION, Side.SERVER, Side.DNS})
"""Sides that need no more than three seconds."""


def engine_of(report: Report) -> object:
    """Run what was printed, as somebody would who has copied it."""
    os.environ["DB_PASSWORD"] = PASSWORD
    try:
        names: dict[str, object] = {}
        exec(report.advice.create_engine, names)  # noqa: S102  that is what it is for
        return names["engine"]
    finally:
        del os.environ["DB_PASSWORD"]


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, servers: Callable[[str], Database]) -> Database:
    return servers(request.param)


def test_a_healthy_target_is_called_so(server: Database) -> None:
    """All sides told, nothing found, and what is printed works."""
    shown = Shown()
    report = examined(server.url(server.plain), shown)
    assert report.findings == ()
    assert report.verdict.startswith("Nothing is wrong at 127.0.0.1: ")
    assert "silence was not tried" in report.verdict
    assert any("a hold of 10 min" in line for line in report.unsure)
    well = {Side.TCP, Side.SESSION, Side.SERVER, Side.POOL}
    assert {side for side, state in states(report).items() if state is State.GOOD} >= well
    assert states(report)[Side.HOLD] is State.ABSENT
    assert PASSWORD not in repr(report)
    assert json.loads(json.dumps(dict(report.facts)))["server"]["product"] == report.server.split()[0]
    texts = [look.text for progress in shown.all for look in progress.looks]
    assert all(harmless(line) == line for line in texts)
    assert "pool_pre_ping=True" in report.advice.create_engine
    engine = engine_of(report)
    with engine.connect() as connection:  # type: ignore[attr-defined]  # an engine by construction
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()  # type: ignore[attr-defined]  # the same


def test_a_pool_is_given_as_the_application_has_it(postgres: Postgres) -> None:
    pool = PoolPlan(pool_size=7, max_overflow=0, pool_timeout=12.5, pool_recycle=900.0, pool_pre_ping=False)
    report = examined(
        postgres.url(postgres.plain), pool=pool, sides=frozenset({Side.SESSION, Side.POOL}), budget=6
    )
    assert {setting.name: setting.value for setting in report.advice.engine} == {
        "pool_pre_ping": "True",
        "pool_recycle": "900",
        "pool_size": "7",
        "max_overflow": "0",
        "pool_timeout": "12.5",
    }
    assert "    pool_timeout=12.5,\n" in report.advice.create_engine
    assert report.facts["pool"]["recycle_seconds"] == 900.0  # type: ignore[index]  # as JSON
    assert report.seconds < 15


def test_a_server_far_away_is_well(postgres: Postgres) -> None:
    """A login takes several round trips: the pool waits for all of them."""
    with doubles.delayed(postgres.port, 0.15) as port:
        url = postgres.url(postgres.plain, port=port)
        report = examined(url, sides=frozenset({Side.SESSION, Side.POOL}))
    assert states(report)[Side.POOL] is State.GOOD
    assert report.findings == ()


def test_a_wrong_password_is_told_at_once(server: Database) -> None:
    """And tried a few times only: an account may be locked after more."""
    url = server.url(server.plain).replace(PASSWORD.split(":")[0].replace("@", "%40"), "wr0ng-secret")
    report = examined(url)
    assert causes(report) == [Cause.AUTH_CREDENTIALS]
    assert of(report, Cause.AUTH_CREDENTIALS).severity is Severity.CRITICAL
    assert "wr0ng-secret" not in repr(asdict(report))
    assert states(report)[Side.POOL] is State.WAITING
    assert not any("in time" in line for line in report.unsure)
    assert report.facts["session"]["failed"] <= 3  # type: ignore[index]  # as JSON


def test_a_password_that_is_handed_over_opens(postgres: Postgres) -> None:
    url = postgres.url(postgres.plain).replace(":p%40ss%3Aw%2Ford@", "@")
    report = examined(url, password=Secret.literal(PASSWORD, "the test"), sides=QUICK)
    assert report.findings == ()
    assert 'os.environ["DB_PASSWORD"]' in report.advice.create_engine


def test_a_name_that_nobody_knows() -> None:
    report = examined("postgresql://u@no-such-host.invalid/d")
    assert causes(report) == [Cause.DNS_FAILURE]
    assert report.verdict.count(".invalid")
    assert "password=" not in report.advice.create_engine


def test_a_port_that_nobody_listens_on() -> None:
    report = examined(f"mysql+pymysql://u@127.0.0.1:{free_port()}/d", sides=QUICK)
    assert causes(report) == [Cause.SERVER_DOWN]
    assert report.seconds < 12


def test_a_server_that_never_answers() -> None:
    with doubles.server(doubles.deaf) as port:
        report = examined(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable", sides=QUICK)
    assert causes(report)[0] in {Cause.SERVER_UNRESPONSIVE, Cause.PROXY_BACKEND_UNAVAILABLE}
    assert report.seconds < 15


def test_a_certificate_that_nobody_trusts(servers: Callable[[str], Database]) -> None:
    report = examined(
        servers("mariadb").url({"ssl_mode": "verify_ca"}), sides=frozenset({Side.TLS, Side.SESSION})
    )
    assert causes(report) == [Cause.TLS_CERTIFICATE]
    assert states(report)[Side.TLS] is State.BAD


def test_a_server_that_is_full(postgres: Postgres) -> None:
    with postgres.full():
        report = examined(postgres.url(postgres.plain), sides=QUICK)
    assert causes(report) == [Cause.SERVER_SATURATED]


def test_encryption_that_nobody_verifies(postgres: Postgres) -> None:
    report = examined(postgres.url(postgres.encrypted), sides=frozenset({Side.TLS, Side.SESSION}))
    (finding,) = report.findings
    assert (finding.severity, finding.cause) == (Severity.INFO, None)
    assert report.verdict.startswith("Nothing is wrong")
    assert report.verdict.endswith("; and 1 remark.")
    tls = next(look for look in report.looks if look.side is Side.TLS)
    assert tls.text.startswith("TLS 1.3, certificate good for ")
    assert socket.gethostname() not in re.findall(r"[\w.-]+", tls.text), "but by chance in a longer word"


@pytest.mark.parametrize("product", ["postgresql", "postgresql+asyncpg", "mariadb"])
def test_who_verifies_the_server_goes_on_doing_so(servers: Callable[[str], Database], product: str) -> None:
    """Also where the authority is nobody's but ours: with what is printed, and not with the system's own."""
    name, plus, driver = product.partition("+")
    server = servers(name)
    chain = {"verify-full": "verify-ca", "verify_identity": "verify_ca"}  # the name is not the address
    params = {each: chain.get(value, value) for each, value in server.verified().items()}
    url = server.url(params).replace("://", f"{plus}{driver}://", 1)
    report = examined(url, sides=frozenset({Side.SESSION}))
    assert report.findings == ()
    assert asyncio.run(_asked(engine_of(report))) == 1


async def _asked(engine: object) -> object:
    """Ask with either kind of engine."""
    if isinstance(engine, AsyncEngine):
        async with engine.connect() as connection:
            answer = (await connection.execute(text("SELECT 1"))).scalar()
        await engine.dispose()
        return answer
    assert isinstance(engine, Engine)
    with engine.connect() as blocking:
        answer = blocking.execute(text("SELECT 1")).scalar()
    engine.dispose()
    return answer
