"""Vigils at a double of PostgreSQL that answers what it likes."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.model import (
    Cause,
    DropObservation,
    End,
    Failure,
    HeldObservation,
    IdleObservation,
    Observation,
    Target,
)
from exporter.probes import inquest
from exporter.probes.holding import Death
from exporter.probes.idle import Idle, IdleSettings
from exporter.probes.kind import Tools, Vigil
from exporter.probes.memory import Memory
from exporter.probes.search import Job, Search
from exporter.probes.sentinel import Sentinel, SentinelSettings
from exporter.runtime.runner import Runner
from tests.db.test_hostile import PG_LOGIN, PG_READY
from tests.doubles import postgres_message, server
from tests.probing import probe_tools
from tests.waiting import wait_for

NUMBER = 7
Answer = Callable[[bytes], bytes]


def row(value: str) -> bytes:
    """Answer with one row of one number, or else of one text."""
    data, kind = value.encode(), 23 if value.isdigit() else 25
    return b"".join(
        [
            postgres_message(b"T", b"\0\1a\0" + struct.pack(">IHIhih", 0, 0, kind, -1, -1, 0)),
            postgres_message(b"D", b"\0\1" + struct.pack(">I", len(data)) + data),
            postgres_message(b"C", b"SELECT 1\0") + PG_READY,
        ]
    )


NOTHING = (
    postgres_message(b"T", b"\0\1a\0" + struct.pack(">IHIhih", 0, 0, 23, 4, -1, 0))
    + postgres_message(b"C", b"SELECT 0\0")
    + PG_READY
)
REFUSED = postgres_message(b"E", b"SERROR\0VERROR\0C42704\0Munknown parameter\0\0") + PG_READY


class Double:
    """Takes everybody in under one number, unless `gate` is shut; `asked` is all that came since."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self.asked: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()
        self.refusal = b""
        self._socks: list[socket.socket] = []
        self._answers = {b"numbackends": row("1000"), b"backend_pid": row(str(NUMBER))} | answers

    def script(self, sock: socket.socket) -> None:
        sock.recv(65536)
        self._socks.append(sock)
        self.asked.append(b"login")
        if self.refusal:
            sock.sendall(self.refusal)
            return
        self.gate.wait(20)
        number = postgres_message(b"K", struct.pack(">II", NUMBER, 1))
        sock.sendall(PG_LOGIN.removesuffix(PG_READY) + number + PG_READY)
        while asked := sock.recv(65536):
            self.asked.append(asked)
            if asked[:1] == b"X":
                return
            known = (answer for words, answer in self._answers.items() if words in asked)
            sock.sendall(next(known, row("1")))

    def end_all(self) -> None:
        """Close all connections there are."""
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def heard(self, words: bytes) -> int:
        """Count the messages with these words."""
        return sum(words in asked for asked in self.asked)


Build = Callable[[Target, Tools], Vigil]


@contextmanager
def keeping(double: Double, build: Build) -> Iterator[tuple[Tools, list[Observation]]]:
    """Have a vigil go on at a double; what it reports is told to the budget, too, as the daemon does."""
    with server(double.script) as port:
        endpoint, _ = read_url(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable", None, DIALECTS)
        tools, target = probe_tools(endpoint), Target(name="it", endpoint=endpoint)
        seen: list[Observation] = []
        vigil = build(target, tools)

        def spare(observation: Observation) -> None:
            tools.budget.notice(observation)

        runner = Runner([seen.append, spare])
        tools.watcher.keep(partial(runner.duty("it", "idle").keep, vigil.keep))
        tools.watcher.start()
        try:
            yield tools, seen
        finally:
            tools.stop.throw()
            tools.watcher.stop()


def idle(target: Target, tools: Tools, **settings: object) -> Idle:
    return Idle(target, IdleSettings.model_validate(settings), tools)


def sentinel(target: Target, tools: Tools) -> Sentinel:
    return Sentinel(target, SentinelSettings.model_validate({"heartbeat": "100ms"}), tools)


@pytest.mark.parametrize(("number", "pooled"), [(NUMBER, False), (NUMBER + 1, True)])
def test_nothing_is_set_in_a_session_that_others_get_after_us(number: int, *, pooled: bool) -> None:
    """A pooler of transactions hands the same session to the next client, with the limit switched off."""

    def settled(target: Target, tools: Tools) -> Idle:
        (key,) = _keys(target)
        tools.memory.keep(key, {"bracket": {"survived": 2.0, "killed": 3.0}})
        return idle(target, tools, connections=5)

    double = Double({b"backend_pid": row(str(number))})
    with keeping(double, settled):
        wait_for(lambda: double.heard(b"backend_pid") == 4)
        wait_for(lambda: pooled or double.heard(b"idle_session_timeout") == 2)
    assert double.heard(b"idle_session_timeout") == (0 if pooled else 2)


def _keys(target: Target) -> Sequence[str]:
    """Under which a search remembers."""
    memory = Memory()
    search = Search(target, [1.0], memory)
    search.survive(Job(seconds=1.0))
    return list(memory._known)


def test_a_connection_that_was_being_opened_goes_back_to_a_full_server() -> None:
    double = Double({})
    double.gate.clear()
    with keeping(double, partial(idle, connections=1)) as (tools, seen):
        wait_for(lambda: double.heard(b"login"))
        failure = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="")
        full = Observation(target="it", probe="session", started=0.0, duration=0.0, failure=failure)
        tools.budget.notice(full)
        double.gate.set()
        wait_for(lambda: double.heard(b"X"))
        assert not [one for one in seen if isinstance(one, DropObservation)]


@pytest.mark.parametrize("watched", [False, True])
def test_one_event_is_no_timeout(monkeypatch: pytest.MonkeyPatch, *, watched: bool) -> None:
    """Where nothing is kept busy an event looks like a timeout: all that is silent dies at the same age."""
    monkeypatch.setattr(inquest, "SETTLE", 0.0)
    double = Double({})
    with keeping(double, partial(idle, ladder=["100s", "200s"], connections=2)) as (tools, seen):
        tools.suspicion.watched = watched
        wait_for(lambda: any(isinstance(one, HeldObservation) and one.held == 2 for one in seen))
        double.end_all()
        wait_for(lambda: double.heard(b"login") >= 6)  # both, who asked after them, and both again
        wait_for(lambda: seen and isinstance(seen[-1], HeldObservation) and seen[-1].held == 2)
        told = [one for one in seen if isinstance(one, IdleObservation)][-1]
        assert (told.killed is not None) == watched


def test_a_database_that_counts_otherwise_is_held_all_the_same() -> None:
    double = Double({b"numbackends": REFUSED})
    with keeping(double, sentinel) as (_, seen):
        wait_for(lambda: any(isinstance(one, HeldObservation) and one.held for one in seen))


@pytest.mark.parametrize("answer", [NOTHING, row("many"), row("")], ids=["nothing", "word", "empty"])
def test_an_answer_that_makes_no_sense_breaks_no_vigil(answer: bytes) -> None:
    double = Double({b"numbackends": answer})
    with keeping(double, sentinel) as (_, seen):
        wait_for(lambda: double.heard(b"login") > 1)
        wait_for(lambda: any(one.failure for one in seen))
    details = {one.failure.detail for one in seen if one.failure}
    assert details == {"the server does not tell of its sessions as others do"}


def test_a_session_is_as_old_as_the_server_says() -> None:
    """It counts from the connect; by its age a session is found again there, however slow the login was."""
    double = Double({b"SELECT 1": b""})
    double.gate.clear()
    begun = time.monotonic()
    with keeping(double, sentinel) as (_, seen):
        wait_for(lambda: double.heard(b"login"))
        time.sleep(0.5)
        double.gate.set()
        wait_for(lambda: double.heard(b"SELECT 1"))
        double.end_all()
        wait_for(lambda: any(isinstance(one, DropObservation) for one in seen))
        lived = time.monotonic() - begun
        (drop,) = [one for one in seen if isinstance(one, DropObservation)]
        assert drop.duration > 0.5
        assert drop.duration < lived


def test_a_silence_counts_as_long_as_it_was() -> None:
    """A process that was stopped uses its connections later than it meant to."""
    memory = Memory()
    endpoint, _ = read_url("postgresql://u@127.0.0.1:1/d", None, DIALECTS)
    search = Search(Target(name="it", endpoint=endpoint), [30.0], memory)
    death = Death(End.SILENCE, Cause.NET_BLACKHOLE, "", "", "", 0.0, 70.0, True, None)
    for _ in range(2):
        search.die(Job(seconds=30.0), death, listed=None)
    told = search.told()
    assert isinstance(told, IdleObservation)
    assert told.killed == 70.0
