"""Clients of our pages under TLS that say nothing, little, or nonsense, and those that break off."""

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from exporter.app import Entrance
from exporter.web import client
from tests.encrypted import Folder, let_in, serving
from tests.servers.certificates import NAME
from tests.waiting import in_time, wait_for

LARGE = 20_000_000
"""Bytes of an answer that no kernel takes at once."""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_silent_and_slow_clients_hold_up_nobody(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One says nothing, one a byte now and then, one stops within the handshake."""
    monkeypatch.setattr(client, "PATIENCE", 1.0)
    with serving(Entrance(folder.write())) as port, contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 5)) for _ in range(3 * 40)
        ]
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for number, sock in enumerate(clients):
            sock.sendall((b"", b"\x16", hello)[number % 3])
        assert in_time(lambda: let_in(port, folder.context()), 0.5)
        ended = threading.Thread(target=drip, args=(clients[1],), daemon=True)
        ended.start()
        for sock in clients:
            sock.settimeout(5)
            with contextlib.suppress(ConnectionError):
                while sock.recv(65536):
                    pass
        ended.join(5)
        assert not ended.is_alive()


def drip(sock: socket.socket) -> None:
    """Send the beginning of a handshake byte by byte, until the other side has had enough."""
    with contextlib.suppress(OSError):
        for byte in b"\x03\x01\x02\x00" + b"\x01" * 500:
            sock.sendall(bytes([byte]))
            time.sleep(0.05)


def test_who_does_not_read_is_let_go(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it reads: nothing, or a byte now and then. It is not told that this was all."""
    monkeypatch.setattr(client, "READING", 1.0)
    with serving(Entrance(folder.write()), content=b"x" * LARGE) as port, contextlib.ExitStack() as stack:
        for sips in (0, 1):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            sock = folder.context().wrap_socket(plain, server_hostname=NAME, suppress_ragged_eofs=False)
            stack.enter_context(sock)
            sock.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            until = time.monotonic() + 1.5
            with contextlib.suppress(OSError):
                while time.monotonic() < until:
                    sock.recv(sips)
                    time.sleep(0.05)
            with pytest.raises((ConnectionError, ssl.SSLError)):
                drain(sock)
        assert let_in(port, folder.context())


def drain(sock: socket.socket) -> None:
    """Read to the end; raises OSError where that is none."""
    while sock.recv(65536):
        pass


def test_a_client_that_breaks_off(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """Within the handshake, by a reset, or with nonsense: it is no concern of anybody's."""
    caplog.set_level(logging.DEBUG)
    with serving(Entrance(folder.write())) as port:
        for said in (b"", b"\x16\x03\x01", b"nonsense\r\n\r\n", os.urandom(300)):
            with socket.create_connection(("127.0.0.1", port), 5) as sock:
                sock.sendall(said)
        assert let_in(port, folder.context())
        wait_for(lambda: caplog.text.count("client gone") == 4)
        for goodbye in (True, False):
            with socket.create_connection(("127.0.0.1", port), 5) as plain:
                sock = folder.context().wrap_socket(plain, server_hostname=NAME)
                if goodbye:
                    sock.settimeout(5)
                    sock.unwrap()
                sock.close()
        wait_for(lambda: caplog.text.count("client gone") == 5)
        assert let_in(port, folder.context())
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
