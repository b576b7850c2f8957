"""Held sessions of servers that are slow, broken or hostile: to hear never waits, and takes in little."""

import contextlib
import socket
import struct
import threading
import time

import pytest

from exporter.db.dialect import Held
from exporter.model import ProbeError
from exporter.net.stream import MOST_BYTES
from exporter.net.tcp_info import bytes_received, tcp_info
from tests.db.holding import ending, heard, held, verdict
from tests.db.test_hostile import PG_READY, PLAIN, logs_in
from tests.doubles import MYSQL_OK, Script, deaf, hang_up, mysql_packet, postgres_message, reset, says, server

PG_FATAL = postgres_message(b"E", b"SFATAL\0C57P01\0Msecret words\0\0")
PG_NOTICE = postgres_message(b"N", b"SNOTICE\0C00000\0Mjust so\0\0")
PG_ROWS = (
    postgres_message(b"T", b"\0\1a\0" + struct.pack(">IHIhih", 0, 0, 23, 4, -1, 0))
    + postgres_message(b"D", b"\0\1\0\0\0\0011")
    + postgres_message(b"C", b"SELECT 1\0")
    + PG_READY
)
MY_COLUMN = b"\3def\0\0\0\0011\0" + b"\x0c\x3f\0\1\0\0\0\x08\x81\0\0\0\0"
MY_EOF = b"\xfe\0\0\2\0"
MY_HEAD = mysql_packet(1, b"\1") + mysql_packet(2, MY_COLUMN) + mysql_packet(3, MY_EOF)
MY_ROWS = MY_HEAD + mysql_packet(4, b"\0011") + mysql_packet(5, MY_EOF)
MY_IDLE = mysql_packet(0, b"\xff\xbf\x0f#HY000secret words")
MY_KILLED = mysql_packet(1, b"\xff\x87\x07#70100secret words")
ANSWER = {"postgresql": PG_ROWS, "mysql": MY_ROWS}
WORDS = {"postgresql": PG_FATAL, "mysql": MY_IDLE}
VERDICT = {"postgresql": ("server.session_killed", "57P01"), "mysql": ("server.idle_timeout", "4031")}
SCHEMES = pytest.mark.parametrize("scheme", ANSWER)


def url(scheme: str, port: int) -> str:
    return f"{scheme}://probe:secret@127.0.0.1:{port}/shop?{PLAIN[scheme]}"


def byte_by_byte(data: bytes, then: Script = deaf) -> Script:
    """Send each byte in a packet of its own."""

    def script(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.recv(65536)
        for byte in data:
            sock.sendall(bytes([byte]))
            time.sleep(0.002)
        then(sock)

    return script


def floods(data: bytes) -> Script:
    """Send the same again and again, whatever is asked."""

    def script(sock: socket.socket) -> None:
        while True:
            sock.sendall(data)

    return script


@SCHEMES
def test_an_answer_that_comes_byte_by_byte(scheme: str) -> None:
    """Then last words that do, too: they are kept until the end comes."""
    script = byte_by_byte(ANSWER[scheme] + WORDS[scheme], hang_up)
    with server(logs_in(scheme, script)) as port, held(url(scheme, port)) as (connection, _):
        connection.ask("SELECT 1")
        heard(connection)
        error = ending(connection)
    assert verdict(error) == VERDICT[scheme]
    assert error.said.endswith("<secret> words")


@SCHEMES
def test_an_answer_and_last_words_in_one(scheme: str) -> None:
    script = says(ANSWER[scheme] + WORDS[scheme], then=hang_up)
    with server(logs_in(scheme, script)) as port, held(url(scheme, port)) as (connection, _):
        connection.ask("SELECT 1")
        assert verdict(ending_after_answer(connection)) == VERDICT[scheme]


def test_a_query_that_was_killed_with_its_session() -> None:
    """MariaDB says so as its answer, and closes."""
    script = says(MY_KILLED, then=hang_up)
    with server(logs_in("mysql", script)) as port, held(url("mysql", port)) as (connection, _):
        connection.ask("SELECT 1")
        assert verdict(ending_after_answer(connection)) == ("server.session_killed", "1927")


def ending_after_answer(connection: Held) -> ProbeError:
    """Wait for the end, whether or not an answer was seen before it."""
    with contextlib.suppress(ProbeError):
        heard(connection)
    return ending(connection)


ENDS: list[tuple[str, Script, str]] = [
    # The end in the middle of an answer, or of a packet.
    ("postgresql", says(PG_ROWS[:-3], then=hang_up), "closed"),
    ("mysql", says(MY_ROWS[:-3], then=hang_up), "closed"),
    ("postgresql", says(b"", then=reset), "server closed the connection"),
    ("mysql", says(b"", then=reset), "reset by the peer"),
    # What is no answer.
    ("postgresql", says(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10, then=deaf), "synchronization"),
    ("mysql", says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then=deaf), "a packet of"),
    ("mysql", says(mysql_packet(1, MYSQL_OK) * 2, then=deaf), "nobody had asked"),
    # What does not end.
    ("postgresql", floods(PG_NOTICE), "more than"),
    ("postgresql", floods(postgres_message(b"D", bytes(65536))), "more than"),
    ("postgresql", says(b"D\x3f\xff\xff\xff", then=floods(bytes(65536))), "more than"),
    ("mysql", says(MY_HEAD, then=floods(mysql_packet(9, bytes(4096)))), "more than"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "script", "detail"), ENDS)
def test_ends_without_words(scheme: str, script: Script, detail: str) -> None:
    with server(logs_in(scheme, script)) as port, held(url(scheme, port)) as (connection, _):
        connection.ask("SELECT 1")
        error = ending(connection)
    assert (verdict(error), error.said) == (("unknown", ""), "")
    assert detail in error.detail


@SCHEMES
def test_a_session_in_use_for_weeks(scheme: str) -> None:
    """What a server may say is counted anew for each question."""
    padded = {
        "postgresql": postgres_message(b"N", b"SNOTICE\0C00000\0M" + b"x" * 60_000 + b"\0\0") + PG_ROWS,
        "mysql": MY_HEAD + mysql_packet(5, b"\xfc\x60\xea" + bytes(60_000)) + mysql_packet(6, MY_EOF),
    }[scheme]
    rounds = MOST_BYTES // 60_000 + 3
    with (
        server(logs_in(scheme, says(*[padded] * rounds, then=deaf))) as port,
        held(url(scheme, port)) as (connection, _),
    ):
        for _ in range(rounds):
            connection.ask("SELECT 1")
            heard(connection)
        assert bytes_received_by(connection.fileno()) > MOST_BYTES


def bytes_received_by(descriptor: int) -> int:
    info = tcp_info(descriptor)
    assert info
    return info.bytes_received


@SCHEMES
def test_a_peer_that_takes_nothing(scheme: str) -> None:
    """What cannot be sent is not waited for: libpq keeps it, we say that there is no room."""
    release = threading.Event()

    def script(_: socket.socket) -> None:
        release.wait()

    with server(logs_in(scheme, script)) as port, held(url(scheme, port)) as (connection, _):
        try:
            with (
                contextlib.nullcontext()
                if scheme == "postgresql"
                else pytest.raises(ProbeError, match="no room")
            ):
                connection.ask(f"SELECT '{'x' * 8_000_000}'")
            assert not connection.hear()
            connection.part()
            assert not connection.hear()
        finally:
            release.set()


def test_who_cannot_tell_counts_nothing() -> None:
    """A socket that is no TCP socket has received nothing that could be told."""
    with socket.socket(socket.AF_UNIX) as sock:
        assert bytes_received(sock) == 0
