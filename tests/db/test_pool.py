"""SQLAlchemy's pool over real servers: what it goes through is seen, in time, and nothing is left behind."""

import contextlib
import gc
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Pooled
from exporter.db.exercise import PoolSettings, Round
from exporter.db.pool import Pool
from exporter.model import Cause, End, Invalidation, Secret, SecretUnreadable
from exporter.net.tcp_info import tcp_info
from exporter.net.waiting import Stop, Stopped
from tests.db.test_hostile import MY_TLS_GREETING, PLAIN, TLS, logs_in
from tests.doubles import (
    MYSQL_GREETING,
    Script,
    deaf,
    dribbles,
    greets,
    mysql_packet,
    postgres_message,
    reset,
    says,
    server,
)
from tests.probing import STOPS
from tests.servers import Database
from tests.servers.database import USER
from tests.waiting import LONGEST, in_time, running, wait_for

Make = Callable[..., Pool]
TIMEOUT = 5.0
NOTICE = postgres_message(b"N", b"SNOTICE\0\0")
MY_INACTIVE = mysql_packet(0, b"\xff\xbf\x0f#HY000inactive")


class Places:
    """A budget of so many."""

    def __init__(self, places: int) -> None:
        self.free = places

    def take(self) -> bool:
        """Take one, if there is any."""
        if not self.free:
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        """Put one back."""
        self.free += 1


@pytest.fixture
def places() -> Places:
    return Places(5)


@pytest.fixture
def make(places: Places, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Make pools, all of which give everything back in the end; to the server, too."""
    pools: list[Pool] = []

    def pool(
        url: str,
        *,
        kind: type[Pool] = Pool,
        stop: Stop | None = None,
        password: Secret | None = None,
        **settings: Any,
    ) -> Pool:
        endpoint, dialect = read_url(url, password, DIALECTS)
        stop = stop or Stop()
        STOPS.append(stop)
        whole: dict[str, Any] = {"size": 5, "overflow": 10, "wait": 0.2, "recycle": None, "pre_ping": False}
        pools.append(
            kind(
                dialect.prepare(endpoint),
                PoolSettings(**whole | settings),
                stop,
                addresses=lambda _: (endpoint.host,),
                take=places.take,
                give_back=places.give_back,
            )
        )
        return pools[-1]

    yield pool
    for one in pools:
        one.empty()
    assert places.free == 5
    if "database" in request.fixturenames:
        database = request.getfixturevalue("database")
        wait_for(lambda: not sessions(database))


@pytest.fixture(params=["plain", "encrypted"])
def params(request: pytest.FixtureRequest, database: Database) -> Mapping[str, str]:
    """How to connect: without TLS, and with it."""
    found: Mapping[str, str] = getattr(database, request.param)
    return found


def sessions(database: Database) -> list[object]:
    """Numbers of the probing account's sessions that the server lists."""
    if database.name == "postgresql":
        rows = database.admin("SELECT pid, usename FROM pg_stat_activity")
    else:
        rows = database.admin("SHOW PROCESSLIST")
    return [row[0] for row in rows if row[1] == USER]


def kill_all(database: Database, pool: Pool) -> None:
    """End every session of the probing account, and wait until that has arrived."""
    for number in sessions(database):
        database.admin(
            f"SELECT pg_terminate_backend({number})" if database.name == "postgresql" else f"KILL {number}"
        )
    wait_for(lambda: all(has_ended(connection) for connection in pool._lives))


def has_ended(connection: Pooled) -> bool:
    """Whether the server has closed."""
    info = tcp_info(connection.descriptor)
    return info is not None and (info.ended or info.reset)


def causes(done: Round) -> list[str | None]:
    """What each checkout failed of."""
    return [str(checkout.failure.cause) if checkout.failure else None for checkout in done.checkouts]


def killed(database: Database) -> str:
    """Cause of a session that was killed: only PostgreSQL says so."""
    return "server.session_killed" if database.name == "postgresql" else "unknown"


def test_connections_are_used_again(
    make: Make, places: Places, database: Database, params: Mapping[str, str]
) -> None:
    """The same ones each time, and in the end a goodbye of which no server complains."""
    pool, before = make(database.url(params)), database.aborted()
    first = pool.exercise(2, TIMEOUT)
    listed = sessions(database)
    assert len(listed) == 2
    for _ in range(3):
        done = pool.exercise(2, TIMEOUT)
        assert causes(done) == [None, None]
        assert (done.invalidations, done.deaths, done.lost) == ([], [], [])
        assert done.waiting == 2
        assert done.rested > 0
        assert sum(out.seconds for out in done.checkouts) < sum(out.seconds for out in first.checkouts)
    assert sessions(database) == listed
    assert places.free == 3
    pool.empty()
    assert places.free == 5
    wait_for(lambda: not sessions(database))
    assert database.aborted() == before


def test_who_comes_after_the_end_opens_nothing(make: Make, database: Database) -> None:
    """Who ran already when the pool was emptied, and only now comes to it."""
    pool = make(database.url(database.plain))
    assert pool.exercise(2, TIMEOUT).checkouts
    pool.empty(for_good=True)
    assert not pool.exercise(2, TIMEOUT).checkouts
    assert not pool.waiting
    wait_for(lambda: not sessions(database))


def test_killed_sessions_are_handed_out(make: Make, database: Database, params: Mapping[str, str]) -> None:
    """And each is told with what the server had said, and how it had ended before it was used."""
    pool = make(database.url(params))
    pool.exercise(2, TIMEOUT)
    kill_all(database, pool)
    done = pool.exercise(2, TIMEOUT)
    assert causes(done) == [killed(database)] * 2
    assert all(out.handed_out for out in done.checkouts)
    assert done.invalidations == [Invalidation.STALE] * 2
    for death in done.deaths:
        assert death.end is (End.ERROR if database.name == "postgresql" else End.FIN)
        assert not death.used
        assert death.tcp
        assert death.tcp.ended
        assert 0 < death.silent < death.age
    assert not done.lost
    assert causes(pool.exercise(2, TIMEOUT)) == [None, None]


def test_a_ping_replaces_what_is_dead(make: Make, database: Database, params: Mapping[str, str]) -> None:
    """Upon the first, SQLAlchemy gives up all that are as old."""
    pool = make(database.url(params), pre_ping=True)
    pool.exercise(2, TIMEOUT)
    kill_all(database, pool)
    done = pool.exercise(2, TIMEOUT)
    assert causes(done) == [None, None]
    assert done.invalidations == [Invalidation.PRE_PING, Invalidation.POOL]
    assert [str(death.failure.cause) for death in done.deaths] == [killed(database)]
    assert not any("in phase dns" in death.failure.detail for death in done.deaths)
    assert not done.lost


def test_the_living_are_given_up_with_the_dead(make: Make, database: Database) -> None:
    pool = make(database.url())
    pool.exercise(2, TIMEOUT)
    victim = sessions(database)[0]
    database.admin(
        f"SELECT pg_terminate_backend({victim})" if database.name == "postgresql" else f"KILL {victim}"
    )
    wait_for(lambda: victim not in sessions(database))
    done = pool.exercise(2, TIMEOUT)
    assert sorted(causes(done), key=str) == sorted([killed(database), None], key=str)
    assert done.invalidations == [Invalidation.STALE]
    done = pool.exercise(2, TIMEOUT)
    assert causes(done) == [None, None]
    assert done.invalidations == [Invalidation.POOL]
    assert len(done.lost) == 1, "nobody knows whether its goodbye has arrived"


def test_connections_of_an_age_are_recycled(make: Make, database: Database) -> None:
    pool = make(database.url(), recycle=0.05)
    pool.exercise(2, TIMEOUT)
    listed = sessions(database)
    wait_for(lambda: pool.rested > 0.06)
    done = pool.exercise(2, TIMEOUT)
    assert causes(done) == [None, None]
    assert done.invalidations == [Invalidation.RECYCLE] * 2
    assert sorted(number for number, _ in done.lost) == sorted(int(str(number)) for number in listed)


def test_what_is_beyond_the_size_is_closed(make: Make, database: Database) -> None:
    pool = make(database.url(), size=1, overflow=-1)
    done = pool.exercise(3, TIMEOUT)
    assert (done.overflow, done.waiting, done.invalidations) == (2, 1, [])
    wait_for(lambda: len(sessions(database)) == 1)


def test_a_pool_that_is_exhausted_is_told_as_such(make: Make, database: Database) -> None:
    pool = make(database.url(), size=1, overflow=0)
    done = pool.exercise(2, TIMEOUT)
    assert sorted(causes(done), key=str) == [None, "client.pool_exhausted"]
    exhausted = next(out for out in done.checkouts if out.failure)
    assert not exhausted.handed_out
    assert exhausted.seconds >= 0.2


def test_a_wait_for_a_connection_ends_with_the_daemon(make: Make, database: Database) -> None:
    stop = Stop()
    pool = make(database.url(), size=1, overflow=0, wait=60.0, stop=stop)
    with running(lambda: pool.exercise(2, 60.0)) as exercise:
        wait_for(lambda: sessions(database))
        stop.throw()
        with pytest.raises(Stopped):
            exercise.result(5)
    wait_for(lambda: not sessions(database))


def test_a_budget_that_is_used_up_is_no_failure(make: Make, places: Places, database: Database) -> None:
    pool = make(database.url())
    places.free = 1
    done = pool.exercise(2, TIMEOUT)
    assert causes(done) == [None]
    assert done.skipped == ["there is no connection left in the budget"]
    places.free = 4


def test_a_full_server_is_told_as_such(make: Make, database: Database, params: Mapping[str, str]) -> None:
    pool = make(database.url(params))
    with database.full():
        done = pool.exercise(1, TIMEOUT)
    assert causes(done) == ["server.saturated"]
    assert not done.checkouts[0].handed_out


def test_a_wrong_password_is_told_as_such(make: Make, database: Database) -> None:
    done = make(database.url(password="n0t-the-password")).exercise(1, TIMEOUT)
    assert causes(done) == ["auth.credentials"]
    assert "n0t-the-password" not in repr(done)


def test_a_password_that_is_gone_is_told_as_such(make: Make, database: Database) -> None:
    def gone() -> str:
        raise SecretUnreadable("file x does not exist")

    url = f"{database.scheme}://{USER}@127.0.0.1:{database.port}/shop"
    done = make(url, password=Secret(gone, "file x")).exercise(1, TIMEOUT)
    assert causes(done) == ["auth.credentials"]


def test_a_restart_is_survived(make: Make, database: Database) -> None:
    pool = make(database.url())
    pool.exercise(2, TIMEOUT)
    assert database.process
    database.process.send_signal(signal.SIGINT if database.name == "postgresql" else signal.SIGTERM)
    database.process.wait(60)
    done = pool.exercise(2, TIMEOUT)
    assert None not in causes(done)
    assert done.invalidations == [Invalidation.STALE] * 2
    assert causes(pool.exercise(1, TIMEOUT)) == ["server.down"]
    database.start()
    assert causes(pool.exercise(2, TIMEOUT)) == [None, None]


def test_the_server_ends_what_is_idle(make: Make, database: Database, params: Mapping[str, str]) -> None:
    """PostgreSQL and MySQL say why; MariaDB resets without a word."""
    if database.name == "postgresql":
        begin = f"ALTER ROLE {USER} SET idle_session_timeout = '1s'"
        end = f"ALTER ROLE {USER} RESET idle_session_timeout"
    else:
        begin, end = "SET GLOBAL wait_timeout = 1", "SET GLOBAL wait_timeout = 28800"
    pool = make(database.url(params))
    database.admin(begin)
    try:
        pool.exercise(2, TIMEOUT)
        wait_for(lambda: not sessions(database))
        wait_for(lambda: all(has_ended(connection) for connection in pool._lives))
        done = pool.exercise(2, TIMEOUT)
    finally:
        database.admin(end)
    silent = database.name == "mariadb"
    assert causes(done) == ["unknown" if silent else "server.idle_timeout"] * 2
    assert [death.end for death in done.deaths] == [End.RST if silent else End.ERROR] * 2
    assert not any(death.used for death in done.deaths)
    assert done.invalidations == [Invalidation.STALE] * 2


def test_what_dies_in_use_is_no_stale_connection(
    make: Make, places: Places, database: Database, params: Mapping[str, str]
) -> None:
    """It is seen when it is given back: the pool has none left."""

    class Cut(Pool):
        """Loses its connections just before they are given back."""

        def _put_back(self, connection: Any) -> None:
            kill_all(database, self)
            super()._put_back(connection)

    pool = make(database.url(params), kind=Cut)
    done = pool.exercise(1, TIMEOUT)
    assert causes(done) == [None]
    assert done.invalidations == []
    assert [str(death.failure.cause) for death in done.deaths] == [killed(database)]
    assert places.free == 5


@pytest.mark.parametrize("scheme", PLAIN)
def test_an_address_to_which_nothing_can_be_sent(make: Make, scheme: str) -> None:
    done = make(f"{scheme}://probe:secret@255.255.255.255:5432/shop").exercise(1, TIMEOUT)
    assert causes(done) == ["client.local_network"]


def test_what_nobody_foresaw_is_a_failure(make: Make) -> None:
    class Broken(Pool):
        """Breaks where a connection is opened."""

        def _create(self) -> Pooled:
            raise ValueError("secret")

    done = make("postgresql://probe:secret@127.0.0.1/shop", kind=Broken).exercise(1, TIMEOUT)
    assert causes(done) == ["unknown"]
    assert "secret" not in repr(done)


HOSTILE: list[tuple[str, Script, str]] = [
    ("postgresql", deaf, "server.unresponsive"),
    ("mysql", deaf, "server.unresponsive"),
    ("postgresql", logs_in("postgresql", deaf), "server.unresponsive"),
    ("mysql", logs_in("mysql", deaf), "server.unresponsive"),
    ("postgresql", logs_in("postgresql", says(b"", then=reset)), "unknown"),
    ("mysql", logs_in("mysql", says(b"", then=reset)), "unknown"),
    ("mysql", logs_in("mysql", says(MY_INACTIVE, then=deaf)), "server.idle_timeout"),
    ("mysql", logs_in("mysql", says(mysql_packet(1, b"\xfc"), then=deaf)), "unknown"),
    ("postgresql", logs_in("postgresql", dribbles(NOTICE)), "server.unresponsive"),
]


@pytest.mark.parametrize(("scheme", "script", "cause"), HOSTILE)
def test_a_hostile_server_is_left_in_time(
    make: Make, places: Places, scheme: str, script: Script, cause: str
) -> None:
    """Whatever it does or leaves undone; SQLAlchemy asks some questions before it hands out the first one."""

    def exercised() -> None:
        done = make(f"{scheme}://probe:secret@127.0.0.1:{port}/shop?{PLAIN[scheme]}").exercise(2, 1.0)
        assert set(causes(done)) == {cause}
        assert not any(out.handed_out for out in done.checkouts)
        assert places.free == 5

    with server(script) as port:
        in_time(exercised, 2)


REFUSAL = postgres_message(b"E", b"SFATAL\0C28P01\0Mpassword authentication failed\0\0")
MY_REFUSAL = mysql_packet(2, b"\xff\x15\x04#28000Access denied")
IN_VAIN: list[tuple[str, Script, str]] = [
    ("postgresql", deaf, PLAIN["postgresql"]),
    ("postgresql", says(b"S", then=deaf), TLS["postgresql"]),
    ("postgresql", says(REFUSAL, then=deaf), PLAIN["postgresql"]),
    ("postgresql", logs_in("postgresql", deaf), PLAIN["postgresql"]),
    ("mysql", deaf, PLAIN["mysql"]),
    ("mysql", greets(MY_TLS_GREETING), TLS["mysql"]),
    ("mysql", greets(MYSQL_GREETING, says(MY_REFUSAL, then=deaf)), PLAIN["mysql"]),
    ("mysql", logs_in("mysql", deaf), PLAIN["mysql"]),
]


@pytest.mark.parametrize("ended", [False, True], ids=["in time", "by the daemon"])
@pytest.mark.parametrize(("scheme", "script", "params"), IN_VAIN)
def test_what_comes_to_nothing_is_let_go_of_at_once(
    make: Make, scheme: str, script: Script, params: str, ended: bool
) -> None:
    """The budget has it back: it must not stay open until the interpreter looks for what nobody needs."""
    stop, came, left = Stop(), threading.Semaphore(0), threading.Semaphore(0)

    def one(client: socket.socket) -> None:
        came.release()
        with contextlib.suppress(OSError):
            script(client)
        left.release()

    with server(one) as port, uncollected():
        pool = make(f"{scheme}://probe:secret@127.0.0.1:{port}/shop?{params}", stop=stop)
        with running(lambda: pool.exercise(1, 60.0 if ended else 0.5)) as exercise:
            assert came.acquire(timeout=LONGEST)
            if ended:
                stop.throw()
            with contextlib.suppress(Stopped):
                exercise.result(LONGEST)
        assert left.acquire(timeout=LONGEST)
        while came.acquire(blocking=False):
            assert left.acquire(timeout=LONGEST)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("scheme", PLAIN)
@pytest.mark.parametrize("silent", ["at once", "later"])
def test_the_end_of_the_daemon_ends_every_wait(make: Make, scheme: str, silent: str) -> None:
    stop = Stop()
    heard: list[bool] = []

    def then(sock: Any) -> None:
        heard.append(True)
        deaf(sock)

    with server(then if silent == "at once" else logs_in(scheme, then)) as port:
        pool = make(f"{scheme}://probe:secret@127.0.0.1:{port}/shop?{PLAIN[scheme]}", stop=stop)
        with running(lambda: pool.exercise(1, 60.0)) as exercise:
            wait_for(lambda: heard)
            stop.throw()
            with pytest.raises(Stopped):
                exercise.result(5)


@contextlib.contextmanager
def garbling(port: int, spoil: threading.Event) -> Iterator[int]:
    """Pass everything on to `port`; while `spoil` is set, an answer to our query is none; gives the port."""

    def script(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            while True:
                try:
                    ready, _, _ = select.select([client, upstream], [], [])
                except ValueError:
                    return  # the test has ended, and closed it
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and spoil.is_set() and b"SELECT 1" in data:
                        client.sendall(mysql_packet(1, b"\xfc"))
                    else:
                        (upstream if source is client else client).sendall(data)

    with server(script) as own:
        yield own


def test_nonsense_is_a_failure_and_ends_the_connection(
    make: Make, places: Places, database: Database
) -> None:
    """PyMySQL raises what is no error of a database then, and SQLAlchemy would keep the connection."""
    spoil = threading.Event()
    with garbling(database.port, spoil) as port:
        pool = make(database.url(database.plain, port=port))
        assert causes(pool.exercise(1, TIMEOUT)) == [None]
        spoil.set()
        done = pool.exercise(1, 1.0)
        assert None not in causes(done)
        assert done.invalidations == [Invalidation.STALE]
        assert places.free == 5
        spoil.clear()
        assert causes(pool.exercise(1, TIMEOUT)) == [None]
        pool.empty()


def test_too_much_is_not_taken_in(make: Make) -> None:
    """An answer that never ends would fill our memory."""
    row = postgres_message(b"D", b"\0\1" + (65000).to_bytes(4, "big") + bytes(65000))

    def floods(sock: Any) -> None:
        sock.recv(65536)
        while True:
            sock.sendall(row)

    with server(logs_in("postgresql", floods)) as port:
        done = make(f"postgresql://probe:secret@127.0.0.1:{port}/shop?sslmode=disable").exercise(1, TIMEOUT)
    assert causes(done) == [str(Cause.UNKNOWN)]
    assert done.checkouts[0].failure
    assert "KiB" in done.checkouts[0].failure.detail


def test_a_server_that_is_given_rests_is_left_alone(make: Make) -> None:
    """MySQL counts logins that are broken off."""
    with server(deaf) as port:
        pool = make(f"mysql://probe:secret@127.0.0.1:{port}/shop?{PLAIN['mysql']}")
        wait_for(lambda: pool.exercise(1, 0.05).skipped)
