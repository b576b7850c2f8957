"""Looks at a server over a connection that is kept: when it is, when it is replaced, and how it ends."""

import contextlib
import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.model import (
    Cause,
    DropObservation,
    End,
    Failure,
    Observation,
    ProbeError,
    Secret,
    ServerObservation,
    SessionObservation,
    Target,
)
from exporter.net.book import AddressBook
from exporter.net.waiting import Stopped
from exporter.probes import kept, server
from exporter.probes.budget import Budget
from exporter.probes.kept import Kept
from exporter.probes.kind import Tools
from exporter.probes.server import ServerProbe, ServerSettings
from tests.db.test_hostile import PG_LOGIN, PG_READY
from tests.doubles import deaf, hang_up, postgres_message, reset, says
from tests.doubles import server as double
from tests.probing import probe_tools
from tests.servers import Database, Postgres
from tests.servers.postgres import MAX_CONNECTIONS
from tests.waiting import LONGEST, running, wait_for

FULL = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="x")
SEEN: dict[str, Any] = {"target": "a", "probe": "session", "started": 1.0, "duration": 0.2}


class Book(AddressBook):
    """An address book that can be turned to another page."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers

    def __del__(self) -> None:
        pass

    def addresses(self, host: str, seconds: float) -> tuple[str, ...]:  # noqa: ARG002  the base class's signature
        return self.answers


class Probing:
    """A probe with its tools."""

    def __init__(
        self,
        url: str,
        *,
        budget: int = 8,
        book: AddressBook | None = None,
        password: Secret | None = None,
        watcher_is_busy: Callable[[], object] | None = None,
    ) -> None:
        endpoint, _ = read_url(url, password, DIALECTS)
        self.tools: Tools = replace(probe_tools(endpoint, book=book), budget=Budget(budget))
        self.tools.watcher.start()
        if watcher_is_busy is not None:
            self.tools.watcher.call(watcher_is_busy)
        settings = ServerSettings(timeout="2s")  # type: ignore[arg-type]  # as it is written
        self.probe = ServerProbe(Target(name="a", endpoint=endpoint), settings, self.tools)

    def look(self) -> ServerObservation:
        """Run, and give the look; nothing else must have been seen."""
        (seen,) = self.probe.run()
        assert isinstance(seen, ServerObservation)
        return seen

    def end(self) -> None:
        """End as the daemon does."""
        self.tools.stop.throw()
        self.tools.watcher.stop()


@pytest.fixture
def probing(database: Database) -> Iterator[Probing]:
    found = Probing(database.url(database.encrypted))
    yield found
    found.end()


def told(seen: Sequence[Observation]) -> tuple[DropObservation, ServerObservation]:
    """Split what a run has seen into a drop and a look."""
    drop, look = seen
    assert isinstance(drop, DropObservation)
    assert isinstance(look, ServerObservation)
    return drop, look


def test_one_connection_is_kept_from_look_to_look(probing: Probing, database: Database) -> None:
    looks = [probing.look() for _ in range(3)]
    assert [look.failure for look in looks] == [None] * 3
    assert all(look.kept and look.view for look in looks)
    assert len(database.numbers()) == 1
    assert looks[-1].own_connections == 1


def test_it_says_goodbye_in_the_end(database: Database) -> None:
    probing = Probing(database.url(database.plain))
    probing.look()
    before = database.aborted()
    probing.end()
    wait_for(lambda: not database.numbers())
    assert database.aborted() == before


def test_it_says_goodbye_in_the_moment_of_its_beginning(database: Database) -> None:
    """Threads that look are faster than the watcher's, which had no time for this probe before its end."""
    idle = threading.Event()
    probing = Probing(database.url(database.plain), watcher_is_busy=partial(idle.wait, LONGEST))
    assert probing.look().kept
    threading.Timer(0.1, idle.set).start()
    probing.end()
    wait_for(lambda: not database.numbers())


def test_a_look_that_begins_after_the_end_ends_at_once(postgres: Postgres) -> None:
    """A thread that waits for ever would keep the daemon from ending."""
    probing = Probing(postgres.url(postgres.plain))
    probing.look()
    probing.end()
    late: queue.SimpleQueue[object] = queue.SimpleQueue()
    threading.Thread(target=lambda: late.put(probing.probe.run()), daemon=True).start()
    assert late.get(timeout=LONGEST) == ()


def test_one_that_was_ended_is_a_drop_and_replaced_at_once(probing: Probing, database: Database) -> None:
    probing.look()
    (number,) = database.numbers()
    database.kill(number)
    wait_for(lambda: not database.numbers())
    drop, look = told(probing.probe.run())
    assert drop.probe == "server"
    assert drop.end is (End.ERROR if isinstance(database, Postgres) else drop.end)
    assert drop.end in (End.ERROR, End.FIN)
    assert drop.duration >= drop.silent > 0
    assert (look.failure, look.kept) == (None, True)
    assert database.numbers() not in ([], [number])
    assert probing.look().kept


def test_last_words_may_come_before_the_end(
    probing: Probing, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS says that it is over a moment before the kernel hears of it; that is a drop all the same."""
    probing.look()
    (number,) = database.numbers()
    database.kill(number)
    wait_for(lambda: not database.numbers())
    with monkeypatch.context() as patched:
        patched.setattr(kept, "is_open", lambda _: True)
        seen = probing.probe.run()
    if isinstance(database, Postgres):  # the others end without a word
        drop, look = told(seen)
        assert (drop.end, look.failure, look.kept) == (End.ERROR, None, True)
    assert probing.look().kept


def test_a_server_that_is_full_is_still_looked_at(probing: Probing, database: Database) -> None:
    """Over the connection that is kept; nobody has to give this one back."""
    probing.look()
    with database.full():
        probing.tools.budget.notice(SessionObservation(**SEEN, phases=(), failure=FULL))
        look = probing.look()
    assert look.view is not None
    assert look.kept
    assert probing.tools.budget.allowance == 0


def test_a_look_that_takes_too_long_costs_no_connection(postgres: Postgres) -> None:
    """A server that is slow may be full, too: who leaves now is not let in again."""
    probing = Probing(postgres.url(postgres.plain))
    probing.look()
    before = postgres.numbers()
    with contextlib.closing(postgres.connect()) as chief, chief.cursor() as cursor:
        chief.autocommit = False
        cursor.execute("LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
        look = probing.look()
        assert look.failure
        assert (look.failure.cause, look.kept) == (Cause.SERVER_SLOW_QUERY, True)
    assert probing.look().view
    assert postgres.numbers() == before
    probing.end()


def test_without_a_connection_a_full_server_is_told_as_such(probing: Probing, database: Database) -> None:
    with database.full():
        look = probing.look()
    assert look.view is None
    assert look.failure
    assert look.failure.cause is Cause.SERVER_SATURATED
    assert not look.kept


def test_an_old_one_is_replaced_before_it_is_let_go(
    probing: Probing, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    probing.look()
    before = database.numbers()
    monkeypatch.setattr(server, "OLD", 0.0)
    aborted = database.aborted()
    assert probing.look().kept
    wait_for(lambda: len(database.numbers()) == 1)
    assert database.numbers() != before
    assert database.aborted() == aborted


def test_an_old_one_goes_on_where_no_other_is_let_in(
    probing: Probing, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    probing.look()
    before = database.numbers()
    monkeypatch.setattr(server, "OLD", 0.0)
    with database.full():
        look = probing.look()
    assert (look.failure, look.kept) == (None, True)
    assert database.numbers() == before


def test_it_follows_the_name_to_another_host(postgres: Postgres) -> None:
    book = Book("127.0.0.1")
    probing = Probing(postgres.url(postgres.plain, host="localhost"), book=book)
    probing.look()
    before = postgres.numbers()
    probing.look()
    assert postgres.numbers() == before
    book.answers = ("127.0.0.2", "127.0.0.1")
    probing.look()
    assert postgres.numbers() == before, "still one of them"
    book.answers = ("127.0.0.2",)
    assert probing.look().kept, "there is nobody, so it goes on"
    assert postgres.numbers() == before
    probing.end()


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_it_tells_our_own_address(database: Database, host: str) -> None:
    """Which is compared with the one that the server sees: an IPv4 address is one however it is written."""
    probing = Probing(database.url(database.plain, host=host))
    first, second = probing.look(), probing.look()
    assert first.view is not None
    assert first.own_address == second.own_address == first.view.address == "127.0.0.1"
    probing.end()


def test_without_a_view_it_tells_no_address_either() -> None:
    with double(deaf) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d")
        assert probing.look().own_address == ""
        probing.end()


@pytest.mark.parametrize("host", ["::1", "0:0:0:0:0:0:0:1"])
def test_one_connection_is_kept_over_ipv6(database: Database, host: str) -> None:
    """However the URL spells the address."""
    probing = Probing(database.url(database.plain, host=host, user="six"))
    with database.admitting_six():
        assert probing.look().own_address == "::1"
        kept = probing.probe._kept
        assert kept
        assert probing.look().kept
        assert probing.probe._kept is kept
        probing.end()


@pytest.mark.parametrize(("limit", "kept"), [(1, False), (2, True)])
def test_a_small_budget_has_it_come_and_go(postgres: Postgres, limit: int, kept: bool) -> None:
    probing = Probing(postgres.url(postgres.plain), budget=limit)
    before = postgres.aborted()
    assert [probing.look().kept for _ in range(2)] == [kept] * 2
    wait_for(lambda: len(postgres.numbers()) == kept)
    assert postgres.aborted() == before
    probing.end()


def test_none_is_kept_that_would_not_last(database: Database) -> None:
    """The server would end it between two looks, and count a client that was aborted."""
    postgres = isinstance(database, Postgres)
    with database.limited("idle_session_timeout" if postgres else "wait_timeout", 20):
        probing = Probing(database.url(database.plain))
        assert [probing.look().kept for _ in range(2)] == [False, False]
        assert probing.look().failure is None
        assert probing.tools.budget.open == 0
        probing.end()


def test_many_targets_at_one_server_do_not_fill_it(postgres: Postgres) -> None:
    """Such as one for each of its databases."""
    targets = [Probing(postgres.url(postgres.plain)) for _ in range(MAX_CONNECTIONS)]
    try:
        for _ in range(2):
            looks = [probing.look() for probing in targets]
            assert [look.failure for look in looks] == [None] * len(targets)
            assert 1 <= sum(look.kept for look in looks) <= MAX_CONNECTIONS / 5
    finally:
        for probing in targets:
            probing.end()
    wait_for(lambda: not postgres.numbers())


def test_nothing_is_looked_at_where_the_budget_has_no_visit_left(postgres: Postgres) -> None:
    probing = Probing(postgres.url(postgres.plain), budget=1)
    assert probing.tools.budget.enter()
    assert probing.probe.run() == []
    probing.end()


def test_it_learns_what_is_free_for_everybody(probing: Probing) -> None:
    """The budget need not ask again."""
    look = probing.look()
    assert look.view
    left = min(limit.most - limit.connections for limit in look.view.limits if limit.ours)
    assert probing.tools.budget._free == left > 0


def test_a_password_that_cannot_be_read_is_told(postgres: Postgres) -> None:
    url = postgres.url(postgres.plain).replace(":p%40ss%3Aw%2Ford", "")
    probing = Probing(url, password=Secret(lambda: "", "the file x"))
    look = probing.look()
    assert look.failure
    assert look.failure.cause is Cause.AUTH_CREDENTIALS
    probing.end()


def test_a_host_that_cannot_be_resolved_is_told(postgres: Postgres) -> None:
    probing = Probing(postgres.url(postgres.plain, host="db.invalid"))
    look = probing.look()
    assert look.failure
    assert look.failure.cause is Cause.DNS_FAILURE
    probing.end()


@pytest.mark.parametrize(
    ("script", "cause"), [(hang_up, Cause.PROXY_BACKEND_UNAVAILABLE), (deaf, Cause.SERVER_UNRESPONSIVE)]
)
def test_a_server_that_says_nothing_is_told(script: Any, cause: Cause) -> None:
    with double(script) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        look = probing.look()
    assert look.failure
    assert look.failure.cause is cause
    probing.end()


def test_a_look_ends_with_the_daemon() -> None:
    with double(deaf) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        with running(probing.probe.run) as looking:
            wait_for(lambda: probing.tools.budget.open)
            probing.end()
            with pytest.raises(Stopped):
                looking.result()


def test_who_comes_while_a_look_goes_on_does_not_wait_for_it() -> None:
    """A thread that waited for it would keep one of few lanes, of which the look itself needs one."""
    with double(deaf) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        with running(probing.probe.run) as looking:
            wait_for(lambda: probing.tools.budget.open)
            assert probing.probe.run() == ()
            assert not looking.done()
            probing.end()
            with pytest.raises(Stopped):
                looking.result()


def test_a_goodbye_is_said_in_the_middle_of_a_look(probing: Probing, database: Database) -> None:
    """The server is asleep when the daemon ends; it finds the goodbye when it wakes up."""
    probing.look()
    aborted = database.aborted()
    assert database.process
    pid = database.numbers()[0] if isinstance(database, Postgres) else database.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with running(probing.probe.run) as looking:
            wait_for(probing.probe._turn.locked)
            probing.end()
            with pytest.raises(Stopped):
                looking.result()
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not database.numbers())
    assert database.aborted() == aborted


def refused(severity: bytes, code: bytes) -> bytes:
    """Answer a question with an error."""
    # By these words it is known also where libpq has read the code before us.
    words = b"terminating connection due to administrator command" if severity == b"FATAL" else b"not you"
    return postgres_message(b"E", b"S" + severity + b"\0C" + code + b"\0M" + words + b"\0\0")


@pytest.mark.parametrize(
    ("script", "cause", "left"),
    [
        (says(PG_LOGIN, then=deaf), Cause.SERVER_UNRESPONSIVE, 1),
        (says(PG_LOGIN, refused(b"ERROR", b"42501") + PG_READY, then=deaf), Cause.AUTH_NOT_ALLOWED, 0),
        (says(PG_LOGIN, refused(b"FATAL", b"57P01")), Cause.SERVER_SESSION_KILLED, 0),
        (says(PG_LOGIN), Cause.UNKNOWN, 0),
        (says(PG_LOGIN, then=reset), Cause.UNKNOWN, 1),
    ],
)
def test_a_login_that_is_of_no_use_is_let_go(script: Any, cause: Cause, left: int) -> None:
    """What the server may still list is handed over to be ended."""
    with double(script) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        look = probing.look()
    assert look.failure
    assert (look.failure.cause, look.kept, look.own_connections) == (cause, False, 0)
    assert len(probing.tools.leftovers) == left
    probing.end()


def test_a_login_that_is_of_no_use_yet_ends_with_the_daemon() -> None:
    asked = threading.Event()

    def script(sock: socket.socket) -> None:
        says(PG_LOGIN, then=lambda _: None)(sock)
        sock.recv(65536)
        asked.set()
        deaf(sock)

    with double(script) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        with running(probing.probe.run) as looking:
            assert asked.wait(LONGEST)
            probing.end()
            with pytest.raises(Stopped):
                looking.result()
    assert probing.tools.budget.open == 0


def test_last_words_are_the_end_before_the_line_is_closed() -> None:
    """A server that shuts down may take its time between the two."""
    with double(says(PG_LOGIN, refused(b"FATAL", b"57P01") + PG_READY, then=deaf)) as port:
        probing = Probing(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        kept = Kept.opened(probing.probe._target, probing.tools, time.monotonic() + LONGEST)
        with pytest.raises(ProbeError) as raised:
            kept.view(time.monotonic() + LONGEST, tables=False)
        death = kept.fail(raised.value)
        probing.end()
    assert death
    assert (death.end, death.failure.cause) == (End.ERROR, Cause.SERVER_SESSION_KILLED)
