"""A held connection over real sockets: rests, questions, ends, goodbyes, and who is left over."""

import asyncio
import resource
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from exporter.model import Cause, End, ProbeError, SecretUnreadable
from exporter.net.keepalive import PROBES, asked_for, error_of, keep_alive
from exporter.net.stream import has_closed
from exporter.probes import holding
from exporter.probes.holding import Death, HeldConnection, drop
from exporter.probes.kind import Tools
from exporter.probes.opening import opened
from exporter.probes.sentinel import Sentinel, SentinelSettings
from tests.probing import a_target, probe_tools
from tests.waiting import unspoilt, wait_for

QUESTION, ANSWER, PART = b"?", b"!", b"."


class Line:
    """A session in a protocol of single letters, held over TCP."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.parted = False

    def fileno(self) -> int:
        return self.sock.fileno()

    def ask(self, sql: str) -> None:
        try:
            self.sock.sendall(sql.encode())
        except OSError:
            raise ProbeError(Cause.UNKNOWN, "broken") from None

    def hear(self) -> bool:
        if self.parted:
            return has_closed(self.sock)
        try:
            said = self.sock.recv(100, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ProbeError(Cause.UNKNOWN, str(error)) from None
        if not said:
            raise ProbeError(Cause.UNKNOWN, "closed")
        if said.startswith(b"words"):
            raise ProbeError(Cause.SERVER_RESTART, "words", said="words", code="57P01")
        return ANSWER in said

    def part(self) -> None:
        self.parted = True
        try:
            self.sock.send(PART)
        except OSError:
            raise ProbeError(Cause.UNKNOWN, "broken") from None

    def abandon(self) -> None:
        self.sock.close()


@pytest.fixture
def pair() -> Iterator[tuple[Line, socket.socket]]:
    """Give what is held, and the server's side of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        yield Line(ours), theirs


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def holds(line: Line) -> HeldConnection:
    return HeldConnection(line, 7, time.monotonic())


def after(call: Callable[[], object], seconds: float = 0.02) -> None:
    asyncio.get_running_loop().call_later(seconds, call)


def test_a_rest_ends_by_itself_or_when_it_is_stirred(pair: tuple[Line, socket.socket]) -> None:
    async def look() -> None:
        connection = holds(pair[0])
        assert await connection.rest(0.01) is None
        after(connection.stir)
        assert await connection.rest(3600) is None

    asyncio.run(look())


def test_who_is_stirred_before_a_rest_does_not_begin_it(pair: tuple[Line, socket.socket]) -> None:
    """A server may be found full while a question is under way; but the rest after that is one again."""

    async def look() -> None:
        connection = holds(pair[0])
        after(connection.stir, 0.0)
        after(lambda: pair[1].send(ANSWER))
        assert isinstance(await connection.use("?", 10), float)
        assert await connection.rest(3600) is None
        begun = time.monotonic()
        assert await connection.rest(0.05) is None
        assert time.monotonic() - begun >= 0.05

    asyncio.run(look())


@pytest.mark.parametrize(
    ("deed", "end", "cause", "said"),
    [
        (lambda sock: sock.close(), End.FIN, Cause.UNKNOWN, ""),
        (reset, End.RST, Cause.UNKNOWN, ""),
        (lambda sock: (sock.send(b"words"), sock.close()), End.ERROR, Cause.SERVER_RESTART, "words"),
    ],
    ids=["fin", "rst", "error"],
)
def test_an_end_is_told_with_what_the_kernel_knew(
    pair: tuple[Line, socket.socket],
    deed: Callable[[socket.socket], object],
    end: End,
    cause: Cause,
    said: str,
) -> None:
    async def look() -> None:
        connection = holds(pair[0])
        after(lambda: deed(pair[1]))
        death = await connection.rest(3600)
        assert isinstance(death, Death)
        assert (death.end, death.cause, death.said, death.used) == (end, cause, said, False)
        assert death.tcp is not None
        assert death.tcp.ended or death.tcp.reset
        told = drop("orders", "idle", connection.born, death, Cause.PROXY_IDLE_TIMEOUT)
        assert told.failure is not None
        assert told.failure.cause is Cause.PROXY_IDLE_TIMEOUT
        assert told.failure.phase is None
        assert abs(told.started - time.time()) < 60
        connection.abandon()

    asyncio.run(look())


@pytest.mark.parametrize("deed", [socket.socket.close, reset], ids=["fin", "rst"])
def test_who_is_late_still_sees_that_it_was_told(
    pair: tuple[Line, socket.socket], deed: Callable[[socket.socket], None]
) -> None:
    """The end came while nobody looked: it did not die of the question."""

    async def look() -> Death | float:
        connection = holds(pair[0])
        deed(pair[1])
        poll = select.poll()
        poll.register(pair[0].fileno(), select.POLLIN)
        assert poll.poll(5000)
        return await connection.use("?", 10)

    death = asyncio.run(look())
    assert isinstance(death, Death)
    assert not death.used


def test_a_server_that_only_dribbles_is_given_up_in_time(
    pair: tuple[Line, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "LOOK", 3600.0)

    async def look() -> Death | float:
        async def dribble() -> None:
            while True:
                pair[1].send(b"-")
                await asyncio.sleep(0.005)

        dribbling = asyncio.create_task(dribble())
        async with asyncio.timeout(20):
            found = await holds(pair[0]).use("?", 0.1)
        dribbling.cancel()
        return found

    death = asyncio.run(look())
    assert isinstance(death, Death)
    assert (death.end, death.cause, death.used) == (End.SILENCE, Cause.SERVER_UNRESPONSIVE, True)


def test_an_answer_is_as_late_as_it_came_not_as_we_saw_it(pair: tuple[Line, socket.socket]) -> None:
    """Here the whole process is late, as on a host that is suspended or has too much to do."""

    async def look() -> Death | float:
        connection = holds(pair[0])
        asyncio.get_running_loop().call_soon(oversleep)
        return await connection.use("?", 10)

    def oversleep() -> None:
        pair[1].send(ANSWER)
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass

    def seconds() -> float:
        found = asyncio.run(look())
        assert isinstance(found, float)
        assert found >= 0
        return found

    unspoilt(seconds, lambda found: found < 0.4)


def test_a_silent_one_may_answer_or_end_after_all(pair: tuple[Line, socket.socket]) -> None:
    async def look() -> tuple[bool, bool]:
        connection = holds(pair[0])
        assert isinstance(await connection.use("?", 0.01), Death)
        after(lambda: pair[1].send(b"-"), 0.01)
        after(lambda: pair[1].send(ANSWER), 0.03)
        first = await connection.revive()
        after(pair[1].close)
        return first, await connection.revive()

    assert asyncio.run(look()) == (True, False)


@pytest.mark.parametrize("closes", [True, False])
def test_a_goodbye_is_heard_or_not(pair: tuple[Line, socket.socket], closes: bool) -> None:
    async def look() -> bool:
        connection = holds(pair[0])
        connection.stir()  # the goodbye is waited for all the same
        if closes:
            after(pair[1].close)
        return await connection.leave(5 if closes else 0.01)

    assert asyncio.run(look()) is closes
    assert pair[0].fileno() == -1


def test_a_goodbye_on_a_broken_line_is_as_good(pair: tuple[Line, socket.socket]) -> None:
    reset(pair[1])
    pair[0].sock.close()
    pair[0].sock = socket.socket()  # never connected: nothing can be sent

    async def look() -> bool:
        return await holds(pair[0]).leave(5)

    assert asyncio.run(look())


def test_keepalives_are_set_without_a_descriptor(pair: tuple[Line, socket.socket]) -> None:
    """Whoever has used up all descriptors must be able to do so, too."""
    sock = pair[0].sock
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (sock.fileno() + 1, hard))
    try:
        keep_alive(sock.fileno(), 1.2)
        assert error_of(sock.fileno()) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    assert [sock.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [2, 2, PROBES, 0]
    keep_alive(sock.fileno(), None)
    assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_who_is_waited_for_is_asked_for_by_the_kernel_and_all_is_as_before_afterwards(
    pair: tuple[Line, socket.socket],
) -> None:
    """So that a server which says nothing is told from a path that went after the question had arrived."""
    sock = pair[0].sock
    keep_alive(sock.fileno(), 30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1500)
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    found = []

    async def look() -> Death | float:
        def note() -> None:
            found.append([sock.getsockopt(socket.IPPROTO_TCP, name) for name in names])
            pair[1].send(ANSWER)

        after(note, 2 * holding.LOOK)
        return await holds(pair[0]).use("?", 10)

    assert isinstance(asyncio.run(look()), float)
    assert found == [[1, 1, 127, 0]]
    assert [sock.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [30, 30, PROBES, 1500]
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_what_only_the_kernel_can_be_told_for_all_is_set_to_the_most_for_one(
    pair: tuple[Line, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host may probe once a day, which no single connection can be told."""
    sock = pair[0].sock
    told = socket.socket.getsockopt
    monkeypatch.setattr(
        socket.socket,
        "getsockopt",
        lambda self, level, name: 86400 if name == socket.TCP_KEEPIDLE else told(self, level, name),
    )
    with asked_for(sock.fileno()):
        pass
    monkeypatch.undo()
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 32767
    assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_what_is_no_tcp_connection_is_not_asked_for() -> None:
    with socket.socket(socket.AF_UNIX) as sock, asked_for(sock.fileno()):
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


class Session:
    """A login that stands, and does as it is told."""

    number = 7

    def __init__(self, line: Line) -> None:
        self.line = line
        self.trouble: Exception | None = None
        self.abandoned = False

    def free_slots(self) -> int:
        if self.trouble:
            raise self.trouble
        return 100

    def hold(self) -> Line:
        return self.line

    def abandon(self) -> None:
        self.abandoned = True


class Opener:
    """Gives one session, when it is let."""

    encryption = None
    driver = ""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.let = threading.Event()
        self.wanted = threading.Event()
        self.trouble: Exception | None = None

    def open(self, *_: object) -> Session:
        self.wanted.set()
        assert self.let.wait(10)
        if self.trouble:
            raise self.trouble
        return self.session


def equipped(opener: Opener) -> Tools:
    return replace(probe_tools(a_target("127.0.0.1").endpoint), opener=opener)  # type: ignore[arg-type]


def test_one_that_opens_when_nobody_wants_it_any_more_is_let_go(pair: tuple[Line, socket.socket]) -> None:
    opener = Opener(Session(pair[0]))
    tools = equipped(opener)

    async def look() -> None:
        opening = asyncio.create_task(opened(a_target("127.0.0.1"), tools, 5))
        await asyncio.to_thread(opener.wanted.wait, 10)
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
        opener.let.set()
        async with asyncio.timeout(10):
            while pair[0].fileno() != -1:
                await asyncio.sleep(0.01)

    asyncio.run(look())
    assert pair[1].recv(10) == PART


def test_one_that_opens_when_the_daemon_has_ended_hears_a_goodbye(pair: tuple[Line, socket.socket]) -> None:
    """There is nobody any more but the thread that has opened it."""
    opener = Opener(Session(pair[0]))
    tools = equipped(opener)

    async def vigil() -> None:
        await opened(a_target("127.0.0.1"), tools, 5)

    tools.watcher.keep(vigil)
    tools.watcher.start()
    assert opener.wanted.wait(10)
    tools.stop.throw()
    tools.watcher.stop()
    opener.let.set()
    wait_for(lambda: pair[0].fileno() == -1)
    assert pair[1].recv(10) == PART


@pytest.mark.parametrize("moments", range(6))
def test_a_successor_that_comes_as_the_daemon_ends_hears_a_goodbye(
    pair: tuple[Line, socket.socket], moments: int
) -> None:
    """Whichever comes first in the same moment: it stands, or it is let go, or it was never opened."""
    came: list[HeldConnection] = []

    class Succeeding(Sentinel):
        async def _open_anew(self, place: int) -> HeldConnection:  # noqa: ARG002  the base class's signature
            came.append(holds(pair[0]))
            return came[0]

    async def look() -> object:
        target = a_target("127.0.0.1")
        sentinel = Succeeding(target, SentinelSettings(), probe_tools(target.endpoint))
        old, death = (
            holds(Line(socket.socket())),
            Death(End.FIN, Cause.UNKNOWN, "", "", "", 0, 0, False, None),
        )
        taking = asyncio.create_task(sentinel._successor(0, old, death))
        for _ in range(moments):
            await asyncio.sleep(0)
        taking.cancel()
        after(pair[1].close, 0.1)  # it has heard a goodbye, or there was none to hear
        await asyncio.wait([taking])
        old.abandon()
        return None if taking.cancelled() else taking.result()

    stands = asyncio.run(look()) is not None
    assert pair[0].parted == (bool(came) and not stands)


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (ProbeError(Cause.SERVER_DOWN, "x"), Cause.SERVER_DOWN),
        (SecretUnreadable("gone"), Cause.AUTH_CREDENTIALS),
    ],
)
def test_one_that_cannot_be_opened(
    pair: tuple[Line, socket.socket], trouble: Exception, cause: Cause
) -> None:
    opener = Opener(Session(pair[0]))
    opener.trouble = trouble
    opener.let.set()
    tools = equipped(opener)
    with pytest.raises(ProbeError) as raised:
        asyncio.run(opened(a_target("127.0.0.1"), tools, 5))
    assert raised.value.cause is cause
    assert not len(tools.leftovers)


def test_one_that_breaks_before_it_is_held_may_be_left_over(pair: tuple[Line, socket.socket]) -> None:
    session = Session(pair[0])
    session.trouble = ProbeError(Cause.NET_BLACKHOLE, "x")
    opener = Opener(session)
    opener.let.set()
    tools = equipped(opener)
    with pytest.raises(ProbeError):
        asyncio.run(opened(a_target("127.0.0.1"), tools, 5))
    assert session.abandoned
    assert len(tools.leftovers) == 1
