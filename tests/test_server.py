"""The server's own view, from end to end: what happens at real servers, against what is scraped."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from exporter.db.dialect import Session
from exporter.model import ProbeError
from tests.conftest import SERVERS, started
from tests.db.holding import opened
from tests.lab.exporter import HERE, Exporter, exporter, only
from tests.servers import Certificates, Database, Postgres, Postgres18
from tests.waiting import wait_for

KINDS: Final[dict[str, type[Database]]] = SERVERS | {"postgresql18": Postgres18}
LOOKING: Final = {"interval": "500ms", "timeout": "500ms"}
RESET: Final = struct.pack("ii", 1, 0)

# What a server is asked by its superuser, for what is scraped; each gives one number.
SETTING: Final = "SELECT extract(epoch FROM (setting || unit)::interval) FROM pg_settings WHERE name ="
POSTGRES: Final = {
    "connections_max": "SHOW max_connections",
    "connections_reserved": "SELECT 3",
    "start_timestamp_seconds": "SELECT extract(epoch FROM pg_postmaster_start_time())",
    "aborted_clients_total": "SELECT sum(sessions_abandoned) FROM pg_stat_database",
    "sessions_ended_total abandoned": "SELECT sum(sessions_abandoned) FROM pg_stat_database",
    "sessions_ended_total fatal": "SELECT sum(sessions_fatal) FROM pg_stat_database",
    "sessions_ended_total killed": "SELECT sum(sessions_killed) FROM pg_stat_database",
    "setting_seconds statement_timeout": f"{SETTING} 'statement_timeout'",
    "setting_seconds authentication_timeout": f"{SETTING} 'authentication_timeout'",
}
STATUS: Final = "SELECT variable_value + 0 FROM {schema}.global_status WHERE variable_name = '{name}'"
MYSQL: Final = {
    "connections_max": "SELECT @@max_connections",
    "aborted_connects_total": STATUS.format(schema="{schema}", name="Aborted_connects"),
    "aborted_clients_total": STATUS.format(schema="{schema}", name="Aborted_clients"),
    "connections_high_water": STATUS.format(schema="{schema}", name="Max_used_connections"),
    "connection_errors_total internal": STATUS.format(schema="{schema}", name="Connection_errors_internal"),
    "setting_seconds wait_timeout": "SELECT @@GLOBAL.wait_timeout",
    "setting_seconds interactive_timeout": "SELECT @@GLOBAL.interactive_timeout",
    "setting_seconds connect_timeout": "SELECT @@GLOBAL.connect_timeout",
    "setting_seconds net_read_timeout": "SELECT @@GLOBAL.net_read_timeout",
    "setting_seconds net_write_timeout": "SELECT @@GLOBAL.net_write_timeout",
    "setting max_connect_errors": "SELECT @@GLOBAL.max_connect_errors",
    "setting back_log": "SELECT @@GLOBAL.back_log",
}
MARIADB: Final = MYSQL | {
    "access_denied_total": STATUS.format(schema="{schema}", name="Access_denied_errors"),
    "aborted_connects_preauth_total": STATUS.format(schema="{schema}", name="Aborted_connects_preauth"),
}


LABELS: Final = {
    "connections": "state",
    "connection_errors_total": "reason",
    "limit_usage_ratio": "scope",
    "look_failures_total": "cause",
    "sessions_ended_total": "reason",
    "setting": "setting",
    "setting_seconds": "setting",
}
MOVED: Final = {
    "postgresql": {
        "aborted_clients_total": 2,
        "sessions_ended_total abandoned": 2,
        "sessions_ended_total killed": 1,
    },
    "mariadb": {"aborted_connects_total": 3, "access_denied_total": 3, "aborted_clients_total": 3},
    "mysql": {"aborted_connects_total": 3, "aborted_clients_total": 3},
}
"""By how much three wrong passwords, two clients that vanish and a kill move what a server counts."""
TRANSACTION: Final = {
    "postgresql": "BEGIN; SELECT 1",
    "mariadb": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "mysql": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
}


class Looked:
    """A server that is looked at, and what it says itself."""

    def __init__(self, server: Database, running: Exporter, target: Mapping[str, object]) -> None:
        self.server = server
        self.target = target
        self._running = running

    def drops(self) -> Mapping[tuple[str, str], int]:
        """Count the drops of connections that were kept, by end and cause."""
        return self._running.drops("it", "server")

    def value(self, name: str, **labels: str) -> float | None:
        """Give a sample of ours."""
        return self._running.value(f"conndrop_{name}", target="it", **labels)

    def told(self, name: str) -> float | None:
        """Give a sample of what the server says; a second word is the one label that it has."""
        name, _, label = name.partition(" ")
        return self.value(f"server_{name}", **({LABELS[name]: label} if label else {}))

    def truths(self) -> dict[str, float]:
        """Ask the server itself."""
        schema = "information_schema" if self.server.name == "mariadb" else "performance_schema"
        asked = (
            POSTGRES
            if isinstance(self.server, Postgres)
            else MARIADB
            if self.server.name == "mariadb"
            else MYSQL
        )
        found = {}
        for name, sql in asked.items():
            ((value,),) = self.server.admin(sql.format(schema=schema))
            found[name] = float(str(value))
        return found

    def agrees(self) -> bool:
        """Whether everything scraped is what the server says."""
        return all(self.told(name) == pytest.approx(value, abs=1e-3) for name, value in self.truths().items())

    def disagreement(self) -> dict[str, tuple[float | None, float]]:
        """Give what is not the same, for people."""
        return {
            name: (self.told(name), value)
            for name, value in self.truths().items()
            if self.told(name) != pytest.approx(value, abs=1e-3)
        }


@pytest.fixture(scope="module", params=KINDS)
def looked(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Looked]:
    """A server of its own for what happens to it here, and an exporter that does nothing but look at it."""
    with started(KINDS[request.param], certificates) as server:
        target = {"name": "it", "url": server.url(server.plain), "probes": only(server=LOOKING)}
        with exporter(HERE, [target]) as running:
            wait_for(lambda: running.value("conndrop_server_connections_max", target="it"))
            yield Looked(server, running, target)


def settled(looked: Looked) -> None:
    """Wait until we say what the server says."""
    try:
        wait_for(looked.agrees)
    except AssertionError:
        assert looked.disagreement() == {}
        raise


def vanish(session: Session) -> None:
    """Leave as a process that is killed behind a firewall that resets: without a word."""
    with socket.socket(fileno=session.descriptor) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.shutdown(socket.SHUT_RDWR)
        sock.detach()
    session.abandon()


@contextlib.contextmanager
def connections(server: Database, number: int) -> Iterator[list[Any]]:
    """Open so many of an application's connections, which then have nothing to do."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(server.connect())) for _ in range(number)]


def test_what_is_scraped_is_what_the_server_says(looked: Looked) -> None:
    """Before anything happens, and after wrong passwords, clients that vanish, and a kill."""
    server = looked.server
    settled(looked)
    before = looked.truths()
    for _ in range(3):
        with pytest.raises(ProbeError):
            opened(server.url(server.plain, password="n0t-the-password"))
    for _ in range(2):
        vanish(opened(server.url(server.plain)))
    killed = opened(server.url(server.plain))
    server.kill(killed.number)
    expected = MOVED[server.scheme]
    wait_for(
        lambda: (
            expected.items()
            <= {name: value - before[name] for name, value in looked.truths().items()}.items()
        )
    )
    killed.abandon()
    settled(looked)
    assert expected.items() <= {name: (looked.told(name) or 0.0) - before[name] for name in before}.items()


def test_what_connections_do(looked: Looked) -> None:
    """Four are idle, one of them in a transaction; all of them are ours to see."""
    with connections(looked.server, 4) as (one, *_):
        wait_for(lambda: looked.told("connections idle") == 4)
        wait_for(lambda: looked.told("connections idle_in_transaction") == 0)
        with one.cursor() as cursor:
            cursor.execute(TRANSACTION[looked.server.scheme])
            wait_for(lambda: looked.told("connections idle_in_transaction") == 1)
            wait_for(lambda: (looked.told("oldest_idle_in_transaction_seconds") or 0) >= 0.3)
            wait_for(lambda: (looked.told("oldest_transaction_seconds") or 0) >= 0.3)
            assert looked.told("connections idle") == 3
            cursor.execute("ROLLBACK")
        wait_for(lambda: looked.told("oldest_idle_in_transaction_seconds") == 0)


def test_a_server_that_is_full(looked: Looked) -> None:
    """Who has a connection goes on looking; who gets none says what is wrong."""
    with (
        looked.server.full(),
        exporter(HERE, [looked.target]) as late,
    ):
        without = Looked(looked.server, late, looked.target)
        wait_for(lambda: without.told("look_failures_total server.saturated"))
        assert without.told("limit_usage_ratio server") == 1
        assert without.told("connections_max") is None
        wait_for(lambda: looked.told("limit_usage_ratio server") == 1)
        assert looked.told("look_failures_total server.saturated") == 0


def test_a_restart(looked: Looked) -> None:
    """It is told as such, its counters begin anew, and the connection that was kept is a drop."""
    started_before = looked.told("start_timestamp_seconds")
    assert looked.told("restarts_total") == 0
    looked.server.halt()
    wait_for(lambda: looked.told("look_failures_total server.down"))
    time.sleep(2)  # servers that count whole seconds must see that it is another start
    looked.server.start()
    wait_for(lambda: looked.told("restarts_total") == 1)
    settled(looked)
    assert (looked.told("start_timestamp_seconds") or 0) > (started_before or 0)
    assert sum(looked.drops().values()) == 1
