"""Who stands behind an address: owners from the configuration, names from the resolver."""

import threading
from collections.abc import Callable

import pytest

from exporter.net.hostnames import KEPT, KEPT_WITHOUT_NAME, MOST_AT_ONCE, Hostnames, getnameinfo
from exporter.net.owners import NOBODY, Owners
from tests.networks import in_own_network, needs_namespaces
from tests.waiting import wait_for

NETWORKS = {
    "transit": ["62.115.0.0/16"],
    "hosting": ["172.104.0.0/15", "2600:3c00::/28"],
    "rack": ["172.105.7.0/24"],
}


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("62.115.3.4", "transit"),
        ("172.105.6.255", "hosting"),
        ("172.105.7.0", "rack"),
        ("172.106.0.0", ""),
        ("2600:3c0f::1", "hosting"),
        ("2600:3c10::1", ""),
        ("::1", ""),
    ],
)
def test_the_narrowest_range_owns_an_address(address: str, owner: str) -> None:
    """Whatever the order in which the ranges stand; families do not mix."""
    assert Owners(NETWORKS).of(address) == owner
    assert Owners(dict(reversed(NETWORKS.items()))).of(address) == owner
    assert NOBODY.of(address) == ""


class Slow:
    """A resolver that answers when it is let; counts what it was asked."""

    def __init__(self, name: Callable[[str], str] = "name-of-{}".format) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.now = 0.0
        self._name = name
        self.names = Hostnames(self._ask, lambda: self.now)

    def _ask(self, address: str) -> str:
        self.asked.append(address)
        self.go.wait(10)
        return self._name(address)


def test_a_name_is_there_once_the_resolver_has_answered() -> None:
    """Until then nobody waits, and nobody asks for it twice."""
    slow = Slow()
    assert [slow.names.of("192.0.2.1") for _ in range(3)] == ["", "", ""]
    slow.go.set()
    wait_for(lambda: slow.names.of("192.0.2.1") == "name-of-192.0.2.1")
    assert slow.asked == ["192.0.2.1"]


@pytest.mark.parametrize(("name", "kept"), [("router", KEPT), ("", KEPT_WITHOUT_NAME)])
def test_a_name_is_asked_for_again_when_it_is_old(name: str, kept: float) -> None:
    """And is given as it was until the new answer is there."""
    slow = Slow(lambda _: name)
    slow.go.set()
    slow.names.of("192.0.2.1")
    wait_for(lambda: slow.names._known)
    slow.now = kept - 1
    assert slow.names.of("192.0.2.1") == name
    assert len(slow.asked) == 1
    slow.now = kept + 1
    assert slow.names.of("192.0.2.1") == name
    wait_for(lambda: len(slow.asked) == 2)


def test_a_dead_resolver_holds_a_few_threads_only() -> None:
    slow = Slow()
    for number in range(50):
        slow.names.of(f"192.0.2.{number}")
    wait_for(lambda: len(slow.asked) == MOST_AT_ONCE)
    slow.go.set()
    wait_for(lambda: slow.names.of("192.0.2.49"))


def test_old_names_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.net.hostnames.MOST_KEPT", 2)
    slow = Slow()
    slow.go.set()
    for count, address in enumerate(["192.0.2.1", "192.0.2.2", "192.0.2.3"], start=1):
        slow.names.of(address)
        wait_for(lambda: len(slow.asked) == count and not slow.names._under_way)  # noqa: B023  waits at once
    assert list(slow.names._known) == ["192.0.2.2", "192.0.2.3"]


def test_without_a_thread_there_is_no_name_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next round asks again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    names = Hostnames(lambda _: "router")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert names.of("192.0.2.1") == ""
    wait_for(lambda: names.of("192.0.2.1") == "router")


@needs_namespaces
def test_the_system_s_own_names() -> None:
    assert in_own_network(lambda: getnameinfo("127.0.0.1")) == "localhost"
    assert in_own_network(lambda: getnameinfo("192.0.2.1")) == ""
