"""What we count of ourselves is what the server counts of us: to the last one, at real servers."""

import contextlib
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.db.dialect import Held, Session
from exporter.db.exercise import PoolSettings
from exporter.db.footprint import MOST, Footprint
from exporter.db.pool import Pool
from exporter.model import Counted, ProbeError, Target
from exporter.net.phases import PhaseClock
from exporter.net.tcp_info import is_open
from exporter.probes.leftovers import Leftovers
from exporter.probes.session import SessionProbe, SessionSettings
from exporter.probes.tls import TlsProbe, TlsSettings
from tests.db.holding import PARAMS, SECONDS, answered, ending
from tests.doubles import reset, server
from tests.probing import Answering, probe_tools, verdict
from tests.servers import Database, Postgres
from tests.waiting import running, wait_for

OPENED = Counted.CONNECTIONS_OPENED
CONNECTS = Counted.ABORTED_CONNECTS
PREAUTH = Counted.ABORTED_CONNECTS_PREAUTH
DENIED = Counted.ACCESS_DENIED
CLIENTS = Counted.ABORTED_CLIENTS
ABANDONED = Counted.SESSIONS_ABANDONED
FATAL = Counted.SESSIONS_FATAL
KILLED = Counted.SESSIONS_KILLED

POSTGRES = {OPENED: "sessions", ABANDONED: "sessions_abandoned", CLIENTS: "sessions_abandoned",
            FATAL: "sessions_fatal", KILLED: "sessions_killed"}  # fmt: skip
MYSQL = {OPENED: "Connections", CONNECTS: "Aborted_connects", CLIENTS: "Aborted_clients"}
MARIADB = {**MYSQL, PREAUTH: "Aborted_connects_preauth", DENIED: "Access_denied_errors"}
COLUMNS: Mapping[str, Mapping[Counted, str]] = {
    "postgresql": POSTGRES,
    "mysql": MYSQL,
    "mariadb": MARIADB,
}
"""What each server counts, and what it calls that."""

Counts = dict[Counted, int]


class Books:
    """The server's and our own, of the same events; the superuser's connections are nobody's footprint."""

    def __init__(self, database: Any, patch: pytest.MonkeyPatch) -> None:
        self.database = database
        self._columns = COLUMNS[database.name]
        self._connected = 0
        self._connection = database.connect()
        connect = database.connect

        def counted() -> Any:
            self._connected += 1
            return connect()

        patch.setattr(database, "connect", counted)
        self.of()

    def of(self, *, port: int | None = None, tls: str = "plain", **url: Any) -> "Books":
        """Begin anew, for a target under the database's URL."""
        params = url.pop("params", None) or getattr(self.database, tls)
        self.endpoint, _ = read_url(self.database.url(params, port=port, **url), None, DIALECTS)
        self.tools = probe_tools(self.endpoint, resolver=Answering(["127.0.0.1"]))
        self.target = Target(name="orders", endpoint=self.endpoint)
        wait_for(lambda: not self.database.numbers())
        self._before = self._read()
        return self

    def opened(self, seconds: float = SECONDS) -> Session:
        """Log in."""
        return self.tools.opener.open([self.endpoint.host], PhaseClock(seconds, {}, self.tools.stop))

    def held(self) -> tuple[Held, int]:
        """Log in, and hold the session; gives its number, too."""
        session = self.opened()
        return session.hold(), session.number

    def look(self, **settings: Any) -> tuple[str, str] | None:
        """Let the session probe look once."""
        probe = SessionProbe(self.target, SessionSettings.model_validate(settings), self.tools)
        return verdict(*probe.run())

    def shake_hands(self, **settings: Any) -> tuple[str, str] | None:
        """Let the TLS probe look once."""
        probe = TlsProbe(self.target, TlsSettings.model_validate(settings), self.tools)
        return verdict(*probe.run())

    def agree_on(self, *expected: Counted, opened: int = 1) -> None:
        """Fail unless both have counted just this, and still have after a while."""
        counts = {column: expected.count(column) for column in self._columns} | {OPENED: opened}
        own = self.tools.opener.footprint.so_far()
        assert {column: own.get(column, 0) for column in self._columns} == counts
        for _ in range(3):
            self._wait_for(counts)
            self.database.admin("SELECT 1")

    def _wait_for(self, counts: Counts) -> None:
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self._moved() == counts, 10.0)
        assert self._moved() == counts

    def _moved(self) -> Counts:
        return {column: number - self._before[column] for column, number in self._read().items()}

    def _read(self) -> Counts:
        with self._connection.cursor() as cursor:
            if self.database.name == "postgresql":
                sums = ", ".join(f"sum({name})" for name in self._columns.values())
                cursor.execute(f"SELECT {sums} FROM pg_stat_database")
                found = dict(zip(self._columns, map(int, cursor.fetchone()), strict=True))
            else:
                cursor.execute("SHOW GLOBAL STATUS")
                status = dict(cursor.fetchall())
                found = {column: int(status[name]) for column, name in self._columns.items()}
        found[OPENED] -= self._connected
        return found

    def close(self) -> None:
        """Give the superuser's connection back."""
        self._connection.close()


@pytest.fixture
def books(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    made = Books(database, monkeypatch)
    yield made
    made.close()


def is_postgres(books: Books) -> bool:
    return isinstance(books.database, Postgres)


def if_aborted(books: Books, *of_postgres: Counted) -> tuple[Counted, ...]:
    """What an end counts as: PostgreSQL has several, the MySQL family one."""
    return of_postgres if is_postgres(books) else (CLIENTS,)


@PARAMS
def test_polite_sessions(books: Books, tls: str) -> None:
    books.of(tls=tls)
    for _ in range(20):
        assert books.look() is None
    books.agree_on(opened=20)


REFUSALS: dict[str, tuple[dict[str, Any], tuple[Counted, ...]]] = {
    "wrong password": ({"password": "n0t-it"}, (CONNECTS, DENIED)),
    "unknown user": ({"user": "stranger"}, (CONNECTS, DENIED)),
    "unknown database": ({"database": "nowhere"}, (CONNECTS, DENIED)),
}
"""URLs that are refused, and what the MySQL family counts then; PostgreSQL counts nothing."""


def on_mysql(books: Books, *counted: Counted) -> tuple[Counted, ...]:
    """What the MySQL family counts, and PostgreSQL does not."""
    return () if is_postgres(books) else counted


@PARAMS
@pytest.mark.parametrize("why", REFUSALS)
def test_refusals(books: Books, tls: str, why: str) -> None:
    url, counted = REFUSALS[why]
    books.of(tls=tls, **url)
    assert books.look() is not None
    books.agree_on(*on_mysql(books, *counted), opened=not is_postgres(books))


@PARAMS
def test_a_host_that_is_not_allowed(books: Books, tls: str) -> None:
    books.of(tls=tls, host="::1")
    assert books.look() == ("auth", "auth.not_allowed")
    books.agree_on(*on_mysql(books, CONNECTS, PREAUTH), opened=not is_postgres(books))


@PARAMS
def test_a_full_server(books: Books, tls: str) -> None:
    books.of(tls=tls)
    with books.database.full():
        assert books.look() == ("auth", "server.saturated")
    books.agree_on(*on_mysql(books, CONNECTS), opened=not is_postgres(books))


@pytest.mark.parametrize(
    ("altered", "back", "cause"),
    [
        ("ACCOUNT LOCK", "ACCOUNT UNLOCK", "auth.credentials"),
        ("WITH MAX_USER_CONNECTIONS 1", "WITH MAX_USER_CONNECTIONS 0", "server.account_limit"),
    ],
)
def test_limits_of_an_account(books: Books, altered: str, back: str, cause: str) -> None:
    """They are no wrong passwords."""
    if is_postgres(books):
        return
    books.database.admin(f"ALTER USER probe@'127.0.0.1' {altered}")
    try:
        outcomes = [books.look()]
        with contextlib.suppress(ProbeError):
            session = books.opened()
            outcomes.append(books.look())
            session.close()
    finally:
        books.database.admin(f"ALTER USER probe@'127.0.0.1' {back}")
    assert outcomes[-1] == ("auth", cause)
    refusals = [CONNECTS] * (2 if len(outcomes) == 1 else 1)
    books.agree_on(*refusals, opened=2 if len(outcomes) == 1 else 3)


def test_tls_probes(books: Books) -> None:
    books.of(tls="encrypted")
    for _ in range(3):
        assert books.shake_hands() is None
    books.agree_on(*on_mysql(books, *[CONNECTS, DENIED] * 3), opened=0 if is_postgres(books) else 3)


def test_certificates_that_are_no_good(books: Books) -> None:
    """A session takes its leave as the TLS probe does."""
    with books.database.certificate_of("other_name"):
        books.of(params=books.database.verified(), host="localhost")
        assert books.look() == ("tls", "tls.certificate")
        assert books.shake_hands() == ("tls", "tls.certificate")
        books.agree_on(*on_mysql(books, *[CONNECTS, DENIED] * 2), opened=0 if is_postgres(books) else 2)


class Line:
    """One connection through a relay, and what is to befall it."""

    def __init__(self) -> None:
        self.fault = ""
        self.broken = threading.Event()

    def suffer(self, fault: str) -> None:
        """Let it befall, and wait until it has."""
        self.fault = fault
        assert self.broken.wait(SECONDS)


class Relay:
    """Stands between; when the client has sent more than so many bytes, it closes both ends.

    The fault of a line is that nothing passes any more; whoever is named in it gets a reset, and when it is
    closed, both get an end.
    """

    def __init__(self, port: int, most: int) -> None:
        self._port = port
        self._most = most
        self.lines: list[Line] = []
        self.over = threading.Event()

    def __call__(self, client: socket.socket) -> None:
        line, left = Line(), self._most
        self.lines.append(line)
        with socket.create_connection(("127.0.0.1", self._port)) as upstream:
            others = {client: upstream, upstream: client}
            while not line.fault:
                for sock in select.select(list(others), [], [], 0.01)[0]:
                    data = sock.recv(max(1, left) if sock is client else 65536)
                    if not data or (sock is client and not left):
                        return
                    left -= len(data) * (sock is client)
                    others[sock].sendall(data)
            for name, sock in {"client": client, "server": upstream}.items():
                if name in line.fault:
                    reset(sock)
            line.broken.set()
            if line.fault == "closed":
                return
            self.over.wait(SECONDS)


@contextlib.contextmanager
def relayed(books: Books, tls: str, most: int = 1 << 30) -> Iterator[Relay]:
    """Put a relay between us and the server."""
    relay = Relay(books.database.port, most)
    with server(relay) as port:
        books.of(tls=tls, port=port)
        try:
            yield relay
        finally:
            relay.over.set()


@pytest.mark.parametrize("look", [Books.look, Books.shake_hands])
def test_handshakes_that_break_off(books: Books, look: Callable[[Books], object]) -> None:
    """What asks for TLS is the last that comes through."""
    with relayed(books, "encrypted", most=8 if is_postgres(books) else 36):
        assert look(books) == ("tls", "tls.handshake")
        books.agree_on(*on_mysql(books, CONNECTS, PREAUTH), opened=not is_postgres(books))


@pytest.mark.parametrize("look", [Books.look, Books.shake_hands])
def test_a_server_that_wakes_up_when_we_have_gone(books: Books, look: Callable[..., object]) -> None:
    """And one that nobody has reached counts nothing."""
    if is_postgres(books):
        return
    books.of(tls="encrypted")
    with standing_still(books):
        assert look(books, timeout="500ms", interval="1s") == ("auth", "server.unresponsive")
    books.agree_on(CONNECTS, PREAUTH)
    with server(lambda _: None) as port:
        books.of(port=port)
        assert books.look() == ("auth", "proxy.backend_unavailable")
        books.agree_on(opened=0)


@contextlib.contextmanager
def standing_still(books: Books) -> Iterator[None]:
    process = books.database.process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def unanswered(session: Session, sql: str) -> None:
    """Ask what is not answered in time."""
    session.renew(0.3)
    with pytest.raises(ProbeError):
        session.query(sql, guarded=False)


@PARAMS
def test_a_session_that_is_let_go_in_its_query(books: Books, tls: str) -> None:
    """PostgreSQL's library says goodbye even then, and the server hears it when the query is through."""
    books.of(tls=tls)
    session = books.opened()
    unanswered(session, books.database.sleep(1))
    session.abandon()
    session.abandon()
    wait_for(lambda: not books.database.numbers())
    books.agree_on(*on_mysql(books, CLIENTS))


@PARAMS
def test_held_and_parted(books: Books, tls: str) -> None:
    books.of(tls=tls)
    for _ in range(3):
        held, _ = books.held()
        answered(held, "SELECT 1")
        held.part()
        ending(held)
        held.abandon()
    books.agree_on(opened=3)


@PARAMS
def test_held_and_let_go(books: Books, tls: str) -> None:
    books.of(tls=tls)
    held, _ = books.held()
    answered(held, "SELECT 1")
    held.abandon()
    held.abandon()
    books.agree_on(*on_mysql(books, CLIENTS))


@PARAMS
@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("parting", [True, False])
def test_held_and_killed(books: Books, tls: str, heard: bool, parting: bool) -> None:
    """Whether or not anybody has heard of it before the goodbye, which comes too late."""
    books.of(tls=tls)
    held, number = books.held()
    kill(books, number)
    if heard:
        ending(held)
    else:
        wait_for(lambda: not is_open(held.fileno()))
    if parting:
        held.part()
    held.abandon()
    books.agree_on(*if_aborted(books, KILLED))


@PARAMS
def test_killed_before_the_goodbye(books: Books, tls: str) -> None:
    books.of(tls=tls)
    session = books.opened()
    kill(books, session.number)
    wait_for(lambda: not is_open(session.descriptor))
    session.close()
    books.agree_on(*if_aborted(books, KILLED))


@PARAMS
def test_killed_in_a_query(books: Books, tls: str) -> None:
    books.of(tls=tls)
    session = books.opened()
    with running(lambda: session.query(books.database.busy, guarded=False)) as query:
        wait_for(books.database.numbers)
        kill(books, session.number)
        with pytest.raises(ProbeError):
            query.result()
    session.abandon()
    books.agree_on(*if_aborted(books, KILLED))


def kill(books: Books, number: int) -> None:
    books.database.kill(number)
    wait_for(lambda: number not in books.database.numbers())


LIMITS = {
    "postgresql": "idle_session_timeout = '1s'",
    "mariadb": "wait_timeout = 1",
    "mysql": "wait_timeout = 1",
}
IN_TRANSACTION = {
    "postgresql": "idle_in_transaction_session_timeout = '1s'",
    "mariadb": "idle_transaction_timeout = 1",
}


@PARAMS
@pytest.mark.parametrize(("limits", "after"), [(LIMITS, "SELECT 1"), (IN_TRANSACTION, "BEGIN")])
def test_held_for_too_long(books: Books, tls: str, limits: Mapping[str, str], after: str) -> None:
    """MySQL has no limit of its own for transactions."""
    if books.database.name not in limits:
        return
    books.of(tls=tls)
    held, _ = books.held()
    answered(held, f"SET SESSION {limits[books.database.name]}")
    answered(held, after)
    ending(held)
    held.part()
    held.abandon()
    books.agree_on(*if_aborted(books, FATAL))


def pool_of(books: Books, **settings: Any) -> Pool:
    whole = {"size": 5, "overflow": 10, "wait": 0.2, "recycle": None, "pre_ping": False} | settings
    return Pool(
        books.tools.opener,
        PoolSettings(**whole),
        books.tools.stop,
        addresses=lambda _: ("127.0.0.1",),
        take=lambda: True,
        give_back=lambda: None,
    )


@PARAMS
@pytest.mark.parametrize("settings", [{}, {"pre_ping": True}, {"recycle": 0.5}])
def test_a_pool_that_is_emptied(books: Books, tls: str, settings: dict[str, Any]) -> None:
    books.of(tls=tls)
    pool = pool_of(books, **settings)
    pool.exercise(2, SECONDS)
    wait_for(lambda: pool.rested > 0.6)
    pool.exercise(2, SECONDS)
    pool.empty()
    books.agree_on(opened=4 if "recycle" in settings else 2)


@PARAMS
@pytest.mark.parametrize("way", ["used", "pinged", "emptied"])
def test_a_pool_whose_connections_died(books: Books, tls: str, way: str) -> None:
    """Also where nobody looks before they are thrown away.

    MariaDB counts without a lock: of two that it ends in the same moment it now and then loses one.
    """
    for last in (False, False, True):
        opened = let_die(books, tls, way)
        with contextlib.nullcontext() if last else contextlib.suppress(AssertionError):
            books.agree_on(*if_aborted(books, FATAL) * 2, opened=opened)
            return


def let_die(books: Books, tls: str, way: str) -> int:
    """Have a pool's two connections ended by the server; tell how many there have been in all."""
    setting = "idle_session_timeout" if is_postgres(books) else "wait_timeout"
    books.of(tls=tls)
    pool = pool_of(books, pre_ping=way == "pinged")
    with books.database.limited(setting, 1):
        pool.exercise(2, SECONDS)
        wait_for(lambda: not any(is_open(life.descriptor) for life in pool._lives))
    opened = 2
    if way != "emptied":
        done = pool.exercise(2, SECONDS)
        opened += 2 * (way == "pinged")
        assert len(done.invalidations) == 2
    pool.empty()
    return opened


FAULTS = {
    "nothing passes": ("silence", 1),
    "reset towards us": ("client", 1),
    "reset towards both": ("client and server", 0),
}
"""What a device between does, and how many sessions are left over at the server then."""


@PARAMS
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kept", [True, False])
def test_what_is_left_over(books: Books, tls: str, fault: str, kept: bool) -> None:
    """What is let go here and ended there later counts once, and as what it came to be."""
    name, left = FAULTS[fault]
    leftovers = Leftovers()
    with relayed(books, tls) as relay:
        session = books.opened()
        number, born = session.number, time.monotonic()
        if kept:
            held = session.hold()
            relay.lines[-1].suffer(name)
            if name == "silence":
                held.ask("SELECT 1")
            else:
                ending(held)
            held.abandon()
        else:
            relay.lines[-1].suffer(name)
            unanswered(session, "SELECT 1")
            session.abandon()
        wait_for(lambda: len(books.database.numbers()) == left)
        leftovers.add(number, born)
        other = books.opened()
        assert leftovers.end(other) == left
        other.close()
        books.agree_on(*if_aborted(books, *((KILLED,) if left else (ABANDONED, CLIENTS))), opened=2)


@PARAMS
def test_a_goodbye_that_was_not_heard(books: Books, tls: str) -> None:
    """It counts nothing, until the session is found and ended."""
    with relayed(books, tls) as relay:
        held, number = books.held()
        relay.lines[-1].suffer("silence")
        held.part()
        held.abandon()
        books.agree_on()
        other = books.opened()
        assert other.end(number, 0.0)
        wait_for(lambda: not other.lists(number, 0.0))
        assert not other.end(number, 0.0)
        other.close()
        books.agree_on(*if_aborted(books, KILLED), opened=2)


@PARAMS
def test_a_proxy_that_closes(books: Books, tls: str) -> None:
    """On both sides: the server takes it for a client that vanished."""
    with relayed(books, tls) as relay:
        held, _ = books.held()
        relay.lines[-1].suffer("closed")
        ending(held)
        held.abandon()
        books.agree_on(*if_aborted(books, ABANDONED, CLIENTS))


@PARAMS
def test_a_proxy_that_closes_on_who_is_kept(books: Books, tls: str) -> None:
    """What is asked then brings a reset, which hides the end."""
    with relayed(books, tls) as relay:
        session = books.opened()
        relay.lines[-1].suffer("closed")
        wait_for(lambda: not is_open(session.descriptor))
        session.renew(SECONDS)
        with pytest.raises(ProbeError):
            session.view(tables=False)
        session.abandon()
        books.agree_on(*if_aborted(books, ABANDONED, CLIENTS))


def test_the_first_end_holds() -> None:
    footprint = Footprint()
    stay = footprint.begin(7)
    stay.end()
    stay.end(CLIENTS)
    assert footprint.so_far() == {OPENED: 1}
    footprint.kill(7, CLIENTS)
    footprint.kill(7, CLIENTS)
    assert footprint.so_far() == {OPENED: 1, CLIENTS: 1}
    footprint.begin(7).end(CLIENTS)
    footprint.kill(7, CLIENTS)
    assert footprint.so_far() == {OPENED: 2, CLIENTS: 2}


def test_only_so_many_ends_are_remembered() -> None:
    footprint = Footprint()
    for number in range(MOST + 1):
        footprint.end(number, CLIENTS)
    footprint.kill(MOST, CLIENTS)
    assert footprint.so_far() == {CLIENTS: MOST + 1}
    footprint.kill(0, CLIENTS)
    assert footprint.so_far() == {CLIENTS: MOST + 2}
