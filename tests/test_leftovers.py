"""What died here in silence is ended at the server: by who looks into a death, or by the next visit."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Cause, End, Phase, ProbeError
from exporter.net.phases import PhaseClock
from exporter.probes import inquest, undertaker
from exporter.probes.holding import Death
from exporter.probes.inquest import Finding, inquire
from exporter.probes.kind import Tools
from exporter.probes.leftovers import MOST, Leftovers
from exporter.probes.session import SessionProbe, SessionSettings
from exporter.probes.undertaker import Undertaker
from tests.probing import a_target, probe_tools

TARGET = a_target("127.0.0.1")


class Server:
    """Lists sessions, and opens one more at a time; what is to go wrong is put into `trouble`."""

    encryption = None
    driver = ""

    def __init__(self, *listed: int, direct: bool = True) -> None:
        self.listed = set(listed)
        self.is_direct = direct
        self.resting = False
        self.opened = 0
        self.trouble: dict[str, Exception] = {}
        self.clock: PhaseClock

    def _does(self, what: str) -> None:
        if what in self.trouble:
            raise self.trouble[what]

    def harmless(self) -> bool:
        return not self.resting

    def open(self, _: Any, clock: PhaseClock) -> "Server":
        self._does("open")
        self.clock = clock
        self.opened += 1
        return self

    @property
    def number(self) -> int:
        return 1000 + self.opened

    def direct(self) -> bool:
        self.clock.enter(Phase.QUERY)
        self._does("direct")
        return self.is_direct

    def end(self, number: int, age: float) -> bool:
        assert age >= 0
        self._does("end")
        was, self.listed = number in self.listed, self.listed - {number}
        return was

    def query(self, *_: str, guarded: bool) -> None:
        self.clock.enter(Phase.QUERY)
        assert not guarded
        self._does("query")

    def close(self) -> None:
        self.clock.enter(Phase.CLOSE)
        self._does("close")

    def abandon(self) -> None:
        self._does("abandon")


class Dead:
    """As much of a held connection as is known of it afterwards."""

    number = 7

    def __init__(self) -> None:
        self.born = time.monotonic()


def equipped(server: Server) -> Tools:
    return replace(probe_tools(TARGET.endpoint), opener=server)  # type: ignore[arg-type]


def looked_into(server: Server, tools: Tools | None = None, end: End = End.FIN) -> tuple[Finding, int]:
    """Look into a death; give what was found, and how many may be left over."""
    tools = tools or equipped(server)
    death = Death(end, Cause.UNKNOWN, "x", "", "", time.monotonic(), 5.0, False, None)
    found = asyncio.run(inquire(TARGET, tools, Dead(), death))  # type: ignore[arg-type]
    assert tools.budget._visits == 0
    return found, len(tools.leftovers)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((inquest, "SETTLE"), (inquest, "SETTLE_SILENT"), (undertaker, "FIRST_RETRY")):
        monkeypatch.setattr(module, name, 0.001)


BROKEN = ProbeError(Cause.NET_BLACKHOLE, "x")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("server", "listed"), [(Server(7), True), (Server(), False), (Server(7, direct=False), None)]
)
def test_a_death_is_looked_into_and_ended_there(server: Server, listed: bool | None) -> None:
    """Behind a pooler nobody is asked: the number is not the server's."""
    assert looked_into(server) == (Finding(True, listed, True), 0)
    assert (7 in server.listed) is (listed is None)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("what", "reachable", "left"),
    [("open", False, 1), ("direct", True, 2), ("end", True, 2), ("close", True, 0)],
)
def test_who_cannot_be_ended_now_is_left_over(what: str, reachable: bool, left: int) -> None:
    """And the session over which it was tried is so, too, unless the server had heard its goodbye."""
    server = Server(7)
    server.trouble[what] = BROKEN
    (found, leftovers) = looked_into(server)
    assert found.reachable is found.idle is reachable
    assert leftovers == left


@pytest.mark.usefixtures("at_once")
def test_a_server_at_rest_is_not_visited() -> None:
    server = Server(7)
    server.resting = True
    assert looked_into(server) == (Finding(False, None, False), 1)
    assert not server.opened


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("end", [End.FIN, End.SILENCE])
def test_what_died_with_one_that_was_busy_did_not_die_of_idleness(end: End) -> None:
    server = Server(7)
    tools = equipped(server)
    tools.suspicion._dropped = time.monotonic()
    assert looked_into(server, tools, end)[0].idle is False


def test_only_so_many_are_remembered() -> None:
    leftovers = Leftovers()
    told: list[int] = []
    leftovers.when_added(lambda: told.append(len(leftovers)))
    for number in range(MOST + 5):
        leftovers.add(number, 0.0)
    assert len(leftovers) == told[-1] == MOST
    server = Server(*range(MOST + 5))
    assert leftovers.end(server.open(None, PhaseClock(9, {}, equipped(server).stop))) == MOST  # type: ignore[arg-type]
    assert server.listed == set(range(5))


def buried(server: Server, until: Callable[[Tools], bool], *numbers: int) -> Tools:
    """Let the undertaker of `server` be at work until something has come about."""
    tools = equipped(server)

    async def work() -> None:
        vigil = asyncio.create_task(Undertaker(TARGET, tools).keep(lambda _: None))
        tools.watcher._loop = asyncio.get_running_loop()
        for number in numbers:
            tools.leftovers.add(number, time.monotonic())
        async with asyncio.timeout(10):
            while not until(tools):
                await asyncio.sleep(0.001)
        vigil.cancel()
        await asyncio.wait([vigil])

    asyncio.run(work())
    return tools


@pytest.mark.usefixtures("at_once")
def test_the_next_visit_ends_all_that_is_left_over() -> None:
    server = Server(1, 2, 3, 99)
    tools = buried(server, lambda tools: not len(tools.leftovers), 1, 2, 3)
    assert server.listed == {99}
    assert server.opened == 1
    assert tools.budget._visits == 0


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("what", "more"), [("open", 0), ("direct", 1), ("end", 1), ("close", 0)])
def test_a_visit_that_fails_is_made_again(what: str, more: int) -> None:
    """What it was made over may be left over itself then."""
    server = Server(1)
    server.trouble[what] = BROKEN

    def heals(tools: Tools) -> bool:
        if len(tools.leftovers) == 1 + more:
            server.trouble.clear()
        return not len(tools.leftovers)

    buried(server, heals, 1)
    assert not server.listed
    assert what == "close" or server.opened == 1 + more


@pytest.mark.usefixtures("at_once")
def test_a_server_at_rest_is_visited_later() -> None:
    server = Server(1)
    server.resting = True
    asked: list[int] = []

    def woken(tools: Tools) -> bool:
        asked.append(1)
        server.resting = len(asked) < 5
        return not len(tools.leftovers)

    buried(server, woken, 1)
    assert server.opened == 1


@pytest.mark.parametrize(("said", "left"), [("no such table", 0), ("", 1)])
def test_a_session_that_breaks_off_may_be_left_over_unless_the_server_talks(said: str, left: int) -> None:
    """A query that is refused each time must not cost a visit each time."""
    server = Server()
    server.trouble["query"] = ProbeError(Cause.UNKNOWN, "x", said=said)
    tools = equipped(server)
    SessionProbe(TARGET, SessionSettings(), tools).run()
    assert server.opened == 1
    assert len(tools.leftovers) == left


@pytest.mark.usefixtures("at_once")
def test_a_server_that_refuses_to_tell_of_its_sessions_is_not_asked_for_ever_more() -> None:
    """Each visit would leave one more to look for."""
    server = Server(7)
    server.trouble["direct"] = ProbeError(Cause.UNKNOWN, "x", said="no such function")
    assert looked_into(server) == (Finding(True, None, True), 0)
    tools = buried(server, lambda _: server.opened > 3, 1)
    assert len(tools.leftovers) == 1
