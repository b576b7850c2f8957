"""The demo's middlebox and its relay as processes, with real connections through them."""

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.demo.between import between, middlebox, standing
from exporter.demo.ending import DemoError
from exporter.demo.forwarding import CLIENT, HOST
from tests.networks import in_own_network, needs_capture, needs_namespaces

LARGE = 4_000_000
FORGET = 3.0


@contextlib.contextmanager
def echoing(listener: socket.socket) -> Iterator[None]:
    """Give back to whoever comes what they send."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=give_back, args=(listener.accept()[0],), daemon=True).start()

    def give_back(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while content := connection.recv(65_536):
                connection.sendall(content)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def asked(connection: socket.socket, content: bytes = b"hello") -> bytes:
    connection.sendall(content)
    return connection.recv(100)


def miscounted() -> int:
    """Segments that came in this thread's network with a wrong checksum."""
    lines = [line.split() for line in Path("/proc/thread-self/net/snmp").read_text().splitlines()]
    names, values = (line for line in lines if line[0] == "Tcp:")
    return int(dict(zip(names, values, strict=True))["InCsumErrors"])


@needs_namespaces
@needs_capture
def test_what_is_idle_is_forgotten_without_a_word() -> None:
    """Neither side hears of it; what is used lives, and new connections come through."""

    def inside() -> None:
        way = middlebox(FORGET)
        listener = socket.create_server((str(HOST), way.visible))
        where = (way.host, way.visible)
        with standing(way), echoing(listener):
            idle = socket.create_connection(where, 5)
            busy = socket.create_connection(where, 5)
            assert asked(idle) == asked(busy) == b"hello"
            assert idle.getpeername()[0] == way.host
            until = time.monotonic() + FORGET + 0.5
            while time.monotonic() < until:
                assert asked(busy) == b"hello"
                time.sleep(0.2)
            idle.sendall(b"hello")
            idle.settimeout(0.2)
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    idle.recv(100)
                assert asked(busy) == b"hello"
            with socket.create_connection(where, 5) as fresh:
                assert asked(fresh) == b"hello"
            idle.close()
            busy.close()

    in_own_network(inside)


@needs_namespaces
@needs_capture
def test_much_goes_through_unharmed() -> None:
    content = hashlib.shake_256(b"much").digest(LARGE)

    def inside() -> None:
        way = middlebox(60.0)
        listener = socket.create_server((str(HOST), way.visible))
        with standing(way), echoing(listener), socket.create_connection((way.host, way.visible), 20) as sock:
            sender = threading.Thread(target=sock.sendall, args=(content,))
            sender.start()
            received = bytearray()
            while len(received) < LARGE:
                received += sock.recv(65_536)
            sender.join()
            assert received == content
            assert miscounted() == 0

    in_own_network(inside)


@needs_namespaces
@needs_capture
def test_the_server_sees_somebody_else() -> None:
    def inside() -> str:
        way = middlebox(FORGET)
        with (
            socket.create_server((str(HOST), way.visible)) as listener,
            standing(way),
            socket.create_connection((way.host, way.visible), 5),
            listener.accept()[0] as accepted,
        ):
            return str(accepted.getpeername()[0])

    assert in_own_network(inside) == str(CLIENT)


def test_the_relay_resets_both_sides_of_what_is_idle() -> None:
    way = between(FORGET, relay=True)
    with socket.create_server(("127.0.0.1", way.port)) as listener, standing(way):
        client = socket.create_connection((way.host, way.visible), 5)
        server, _ = listener.accept()
        server.settimeout(5)
        until = time.monotonic() + FORGET + 0.3
        while time.monotonic() < until:
            client.sendall(b"there")
            assert server.recv(100) == b"there"
            server.sendall(b"back")
            assert client.recv(100) == b"back"
            time.sleep(0.2)
        for side in (client, server):
            side.settimeout(FORGET + 5)
            with pytest.raises(ConnectionResetError):
                side.recv(100)
            side.close()


def test_the_relay_passes_on_that_somebody_goes() -> None:
    way = between(5.0, relay=True)
    with socket.create_server(("127.0.0.1", way.port)) as listener, standing(way):
        for leaves_first in (0, 1):
            pair = [socket.create_connection((way.host, way.visible), 5)]
            pair.append(listener.accept()[0])
            pair[leaves_first].close()
            assert pair[1 - leaves_first].recv(100) == b""
            pair[1 - leaves_first].close()


def test_the_relay_serves_a_crowd() -> None:
    """Whoever leaves at once takes nobody else's connection along."""
    way = between(5.0, relay=True)
    listener = socket.create_server(("127.0.0.1", way.port), backlog=100)

    def come_and_go() -> None:
        for number in range(30):
            with socket.create_connection((way.host, way.visible), 5) as client:
                if number % 3:
                    assert asked(client) == b"hello"

    with standing(way), echoing(listener), ThreadPoolExecutor(8) as crowd:
        for one in [crowd.submit(come_and_go) for _ in range(8)]:
            one.result()


def test_what_does_not_start_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    way = replace(between(5.0, relay=True), words=("x", "y"))
    with pytest.raises(DemoError, match="the relay of the demo did not start"), standing(way):
        raise AssertionError("it stands")
    assert "invalid literal" in capfd.readouterr().err
