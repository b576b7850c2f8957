"""Crowds of clients, and those that the network cuts off: whoever is honest is answered beside them."""

import contextlib
import gc
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from exporter import logs
from exporter.web import client, clients
from exporter.web.site import Site
from tests.networks import in_own_network, needs_namespaces, run_inside
from tests.test_web import ask, serving, site
from tests.waiting import in_time, unspoilt, wait_for

GET = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = 20_000_000
"""Bytes of an answer that no kernel takes at once."""


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No descriptor and no thread of the server outlives a test."""
    gc.collect()
    before = descriptors()
    yield
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("web")])
    gc.collect()
    wait_for(lambda: descriptors() <= before)


@contextlib.contextmanager
def crowd(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connect so many clients."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port), 5)) for _ in range(count)]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as the daemon writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    logs.set_up("info", "logfmt", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ended(sock: socket.socket) -> bool:
    """Whether the other side has ended a connection; what it has said before is read."""
    sock.setblocking(False)
    try:
        while sock.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def honest(port: int) -> bool:
    """Whether somebody who reads at once is served at once.

    On a busy machine he is late now and then, and let go of himself where time is short.
    """

    def status() -> int:
        with contextlib.suppress(OSError, HTTPException):
            return ask(port, "/metrics")[0]
        return 0

    return in_time(lambda: unspoilt(status, bool), 1.0) == 200


def test_slow_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds, each with a byte now and then: a request has its time in all, not from byte to byte."""
    monkeypatch.setattr(client, "PATIENCE", 2.0)
    with serving(site()) as port, crowd(port, 300) as slow:
        for sock in slow:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nX: ")

        def are_let_go_of() -> bool:
            for sock in slow:
                with contextlib.suppress(OSError):
                    sock.send(b"x")
            assert honest(port)
            time.sleep(0.3)
            return all(ended(sock) for sock in slow)

        wait_for(are_let_go_of)


@pytest.mark.parametrize("answer", ["READING", "MOST_UNREAD"])
def test_slow_readers(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are let go of after a while, and before that where they leave too much unread."""
    if answer == "READING":
        monkeypatch.setattr(client, "READING", 1.0)
    else:
        monkeypatch.setattr(clients, "MOST_UNREAD", 10 * LARGE)
    with serving(site(content=b"x" * LARGE)) as port, crowd(port, 60) as slow:
        for sock in slow:
            sock.sendall(GET)
        assert honest(port)
        left = 0 if answer == "READING" else 10
        wait_for(lambda: sum(not broken(sock) for sock in slow) <= left)
        assert honest(port)
        assert bool(left) == any(not broken(sock) for sock in slow)


def broken(sock: socket.socket) -> bool:
    """Whether a connection has ended by a reset; nothing is read."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or tcp_state(sock) == CLOSED


CLOSED = 7


def tcp_state(sock: socket.socket) -> int:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /-/healthy HTTP/1.1\r\nX: " + b"a" * 65536 + b"\r\n\r\n", b"431"),
        (b"GET /-/healthy HTTP/1.1\r\n" + b"Name: text\r\n" * 1000 + b"\r\n", b"200"),
        (b"GET /-/healthy HTTP/1.1\r\n" + b"Name: text\r\n" * 10_000 + b"\r\n", b"431"),
        (b"GET /-/healthy HTTP/1.1\r\nX: " + b"a" * 10_000_000 + b"\r\n\r\n", b"431"),
        (b"a" * 10_000_000, b"431"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX : a\r\n\r\n", b"400"),
        (b"GET /-/healthy HTTP/1.1\r\nX: a\x00b\r\n\r\n", b"400"),
        (b"POST /-/healthy HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc", b"100"),
        (b"POST /-/healthy HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"405"),
        (b"GET /-/healthy HTTP/1.0\nX: a\n\n", b"200"),
    ],
)
def test_requests_that_are_huge_or_wrong(request_: bytes, status: bytes, log: io.StringIO) -> None:
    """Each gets its answer, and leaves nothing in the log that anybody could fill by it."""
    with serving(site()) as port, crowd(port, 1) as (sock,):
        sender = threading.Thread(target=send, args=(sock, request_))
        sender.start()
        said = sock.recv(65536)
        assert said.startswith(b"HTTP/1.1 " + status), said
        assert honest(port)
        sock.shutdown(socket.SHUT_RDWR)
        sender.join(5)
    assert log.getvalue() == ""


def send(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)


def test_requests_that_come_all_at_once_are_answered_in_turn() -> None:
    paths = ["/-/healthy", "/-/ready", "/nowhere", "/metrics"] * 25
    asked = [f"GET {path} HTTP/1.1\r\n\r\n" for path in paths]
    asked.append("GET /-/healthy HTTP/1.1\r\nConnection: close\r\n\r\n")
    with serving(site()) as port, crowd(port, 1) as (sock,):
        sock.sendall("".join(asked).encode())
        with sock.makefile("rb") as file:
            said = file.read()
    ends = {"/-/healthy": b"Healthy\n", "/-/ready": b"Ready\n", "/nowhere": b"not found\n"}
    rest = said
    for path in [*paths, "/-/healthy"]:
        head, _, rest = rest.partition(b"\r\n\r\n")
        content = ends.get(path, b"conndrop_up 1\n")
        assert head.startswith(b"HTTP/1.1 404" if path == "/nowhere" else b"HTTP/1.1 200")
        assert rest.startswith(content)
        rest = rest[len(content) :]
    assert rest == b""


def test_five_hundred_at_once() -> None:
    content = b"x" * 200_000
    with serving(site(content=content)) as port, ThreadPoolExecutor(100) as pool, crowd(port, 500) as many:
        for sock in many:
            sock.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

        def whole(sock: socket.socket) -> bytes:
            with sock.makefile("rb") as file:
                return file.read()

        answers = list(pool.map(whole, many))
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert {answer.partition(b"\r\n\r\n")[2] for answer in answers} == {content}


def test_who_has_asked_for_nothing_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Prometheus that keeps its connection is not pushed out by a crowd that only connects."""
    monkeypatch.setattr(clients, "MOST_CONNECTIONS", 10)
    with serving(site()) as port, crowd(port, 1) as (kept,):
        for _ in range(5):
            with crowd(port, 9):
                kept.sendall(GET)
                assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        with crowd(port, 10):
            wait_for(lambda: ended(kept))


def test_a_connection_that_is_kept_ends_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "IDLE", 0.3)
    monkeypatch.setattr(client, "PATIENCE", 0.3)
    with serving(site()) as port, crowd(port, 3) as socks:
        for sock in socks:
            sock.sendall(GET)
            assert sock.recv(65536).endswith(b"conndrop_up 1\n")
        socks[1].sendall(b"\r\nGET")
        socks[2].sendall(GET)
        assert socks[2].recv(65536).endswith(b"conndrop_up 1\n")
        wait_for(lambda: all(ended(sock) for sock in socks))


def test_who_sends_on_while_an_answer_is_made_is_not_read() -> None:
    release = threading.Event()
    with serving(waiting_site(release)) as port, crowd(port, 1) as (sock,):
        sock.sendall(b"GET /-/ready HTTP/1.1\r\n\r\n")
        sock.settimeout(0.5)
        with pytest.raises((TimeoutError, ConnectionError)):
            sock.sendall(b"x" * 100_000_000)
        release.set()
        assert honest(port)


def waiting_site(release: threading.Event) -> Site:
    return site(ready=lambda: release.wait(20))


def test_one_slow_answer_delays_no_other_and_no_end() -> None:
    unspoilt(end_beside_slow_answers, lambda seconds: seconds < 2)


def end_beside_slow_answers() -> float:
    """Give the seconds that the server takes to end."""
    release = threading.Event()
    with serving(waiting_site(release)) as port, crowd(port, 50) as slow:
        for sock in slow:
            sock.sendall(b"GET /-/ready HTTP/1.1\r\n\r\n")
        assert honest(port)
        before = time.monotonic()
    took = time.monotonic() - before
    release.set()
    return took


def cut_off() -> None:
    """Drop from now on whatever comes from 127.0.0.2 or goes to it."""
    run_inside("nft", "add rule inet t i ip saddr 127.0.0.2 drop")
    run_inside("nft", "add rule inet t i ip daddr 127.0.0.2 drop")


@needs_namespaces
@pytest.mark.parametrize("asked", [b"", b"GET /metr", GET])
def test_clients_that_the_network_cuts_off(asked: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, within or after their request: they are forgotten, though nothing is heard of them."""
    for name in ("PATIENCE", "READING", "IDLE"):
        monkeypatch.setattr(client, name, 0.7)

    def what() -> None:
        with serving(site(content=b"x" * LARGE)) as port, contextlib.ExitStack() as stack:
            before = descriptors()
            for _ in range(50):
                source = ("127.0.0.2", 0)
                sock = socket.create_connection(("127.0.0.1", port), 5, source_address=source)
                stack.enter_context(sock).sendall(asked)
            cut_off()
            assert honest(port)
            wait_for(lambda: descriptors() == before + 50)  # which are the clients' own ends
            assert honest(port)

    in_own_network(what)


@needs_namespaces
def test_a_flood_of_half_open_connections() -> None:
    """Their SYN comes, and what we answer is lost: they never reach us, and keep out nobody."""

    def what() -> None:
        with serving(site()) as port, contextlib.ExitStack() as stack:
            for _ in range(300):
                sock = stack.enter_context(socket.socket())
                sock.bind(("127.0.0.2", 0))
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
            assert honest(port)

    in_own_network(what, "ip daddr 127.0.0.2 drop")
