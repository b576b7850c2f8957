"""Names: the system's own resolution, with deadlines."""

import socket
import threading
import time
from typing import Any

import pytest

from exporter.model import ProbeError
from exporter.net.resolve import Resolver, is_address
from exporter.net.waiting import Stop, Stopped
from tests.probing import session, verdict
from tests.waiting import LONGEST


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A resolver that answers only when the event is set, as a dead one does for a long while."""
    release = threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, *args: Any, **options: Any) -> object:
        if host == "stuck.test":
            release.wait(2 * LONGEST)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    return release


def lookups() -> int:
    return sum(thread.name.startswith("resolve ") for thread in threading.enumerate())


def test_a_dead_resolver_costs_one_thread_a_name(stuck: threading.Event) -> None:
    """However often it is asked: each waits as long as it will, and joins the same lookup."""
    resolver = Resolver(Stop())
    for _ in range(5):
        with pytest.raises(ProbeError, match=r"no answer from the resolver within 0\.0"):
            resolver.addresses("stuck.test", 0.01)
    assert lookups() == 1
    stuck.set()
    with pytest.raises(ProbeError, match=r"stuck\.test: (no answer|Temporary failure)"):
        resolver.addresses("stuck.test", 5)


def test_a_session_ends_in_phase_dns(stuck: threading.Event) -> None:
    """A limit of the phase holds, too."""
    long = {"timeout": "2m", "interval": "2m"}
    observation = session("postgresql://u:secret@stuck.test/d", phase_timeouts={"dns": "100ms"}, **long)
    assert verdict(observation) == ("dns", "dns.failure")
    assert 0.1 <= observation.duration < LONGEST
    stuck.set()


def test_the_end_of_the_daemon_wakes_who_waits(stuck: threading.Event) -> None:
    stop = Stop()
    threading.Timer(0.1, stop.throw).start()
    before = time.monotonic()
    with pytest.raises(Stopped):
        Resolver(stop).addresses("stuck.test", 2 * LONGEST)
    assert time.monotonic() - before < LONGEST
    stuck.set()


def test_a_thread_that_cannot_be_had_is_no_lasting_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next lookup of the same name is tried anew."""
    resolver = Resolver(Stop())

    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", full)
        with pytest.raises(ProbeError, match="can't start new thread") as caught:
            resolver.addresses("localhost", 1)
    assert caught.value.cause == "client.resources"
    assert "127.0.0.1" in resolver.addresses("localhost", 5)


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        (UnicodeError("label too long"), "dns.failure"),
        (OSError(24, "Too many open files"), "client.resources"),
    ],
)
def test_what_else_a_lookup_may_raise(monkeypatch: pytest.MonkeyPatch, raised: Exception, cause: str) -> None:
    def broken(*_: object, **__: object) -> object:
        raise raised

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    with pytest.raises(ProbeError) as caught:
        Resolver(Stop()).addresses("odd.test", 5)
    assert caught.value.cause == cause


def test_an_empty_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with pytest.raises(ProbeError, match=r"empty\.test: the name has no address") as caught:
        Resolver(Stop()).addresses("empty.test", 5)
    assert caught.value.cause == "dns.failure"


def test_addresses_need_no_resolver() -> None:
    assert is_address("192.0.2.1")
    assert is_address("2001:db8::1")
    assert is_address("fe80::1%eth0")
    assert not is_address("db.example.com")
    assert not is_address("fe80::1%eth0\r\nHost: x")
