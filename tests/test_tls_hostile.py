"""Servers that are asked for TLS and do not behave: each look ends in time, and comes to a verdict."""

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
import trustme

from exporter.db.footprint import Footprint
from exporter.db.mysql.encryption import MysqlEncryption
from exporter.model import ProbeError
from exporter.net.phases import PhaseClock
from exporter.net.stream import Stream
from exporter.net.tls import TlsPolicy, Verify
from exporter.net.waiting import Stop, Stopped
from tests.doubles import (
    MYSQL_GREETING,
    MYSQL_OK,
    Script,
    deaf,
    dribbles,
    greets,
    hang_up,
    mysql_packet,
    postgres_message,
    reset,
    says,
    server,
)
from tests.probing import handshake, session, tls_probe, verdict
from tests.servers import Certificates
from tests.waiting import in_time, running, wait_for

TIMEOUT = 1.0
LATE = 0.1
"""Seconds by which who keeps a deadline may be late."""
PG, MY = "postgresql", "mysql"
REQUIRED = {PG: "sslmode=require", MY: "ssl_mode=required"}
PREFERRED = {PG: "sslmode=prefer", MY: "ssl_mode=preferred"}

GREETING = MYSQL_GREETING.replace(b"\xff\xf7", b"\xff\xff", 1)
DENIED = b"\xff\x15\x04#28000Access denied for user"
REFUSED = postgres_message(b"E", b"SFATAL\0C53300\0Msorry, too many clients already\0\0")
RECORD = b"\x16\x03\x03\x00\x01\x02"
"""A record of TLS that holds the first byte of a ServerHello."""


def url(scheme: str, port: int, params: dict[str, str]) -> str:
    return f"{scheme}://probe@127.0.0.1:{port}/shop?{params[scheme]}"


def look(script: Script, scheme: str, params: dict[str, str] = REQUIRED) -> tuple[str, str] | None:
    """Take one look at a double; check that it kept its deadline; return the verdict."""
    with server(script) as port:
        where, settings = url(scheme, port, params), {"timeout": f"{TIMEOUT}s", "interval": "1s"}
        observation = in_time(lambda: handshake(where, **settings), TIMEOUT + LATE)
        assert observation.handshake is None
        assert not observation.verified
        return verdict(observation)


AS_A_SESSION: list[tuple[str, Script, tuple[str, str]]] = [
    # A server that accepts and never answers, or falls silent later.
    (PG, deaf, ("tls", "server.unresponsive")),
    (MY, deaf, ("auth", "server.unresponsive")),
    (PG, says(b"S", then=deaf), ("tls", "tls.handshake")),
    (MY, greets(GREETING), ("tls", "tls.handshake")),
    (PG, says(b"S", RECORD, then=deaf), ("tls", "tls.handshake")),
    (MY, greets(GREETING, says(RECORD, then=deaf)), ("tls", "tls.handshake")),
    # One that closes, at once or in the middle of things.
    (PG, hang_up, ("tls", "proxy.backend_unavailable")),
    (MY, hang_up, ("auth", "proxy.backend_unavailable")),
    (PG, says(b"S", then=hang_up), ("tls", "tls.handshake")),
    (MY, greets(GREETING, says(then=hang_up)), ("tls", "tls.handshake")),
    (PG, says(b"S", RECORD, then=hang_up), ("tls", "tls.handshake")),
    # One that has no TLS where it is demanded.
    (PG, says(b"N", then=deaf), ("tls", "auth.not_allowed")),
    (MY, greets(MYSQL_GREETING, says(mysql_packet(2, DENIED), then=deaf)), ("tls", "auth.not_allowed")),
    # One that speaks another protocol.
    (PG, says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then=deaf), ("tls", "unknown")),
    (MY, greets(mysql_packet(0, b"\x0aNaN\0")), ("auth", "unknown")),
    (PG, says(b"S", b"no TLS at all", then=deaf), ("tls", "tls.handshake")),
    (MY, greets(GREETING, says(b"no TLS at all", then=deaf)), ("tls", "tls.handshake")),
    # One that puts words into TLS's mouth.
    (PG, says(b"S" + postgres_message(b"R", bytes(4)), then=deaf), ("tls", "tls.handshake")),
    # One byte at a time.
    (MY, dribbles(mysql_packet(0, b"\x0a" + b"9" * 60)), ("auth", "server.unresponsive")),
    # What the MySQL family says in place of a greeting.
    (MY, greets(mysql_packet(0, b"\xff\x10\x04Too many connections")), ("auth", "server.saturated")),
    (MY, greets(mysql_packet(0, b"\xff\x69\x04Host 'h' is blocked")), ("auth", "server.host_blocked")),
    (MY, greets(mysql_packet(0, b"\xff\x6a\x04Host 'h' is not allowed")), ("auth", "auth.not_allowed")),
]


@pytest.mark.parametrize(("scheme", "script", "expected"), AS_A_SESSION)
def test_a_server_that_does_not_behave(scheme: str, script: Script, expected: tuple[str, str]) -> None:
    """The look ends in time, and a session at the same URL comes to the same verdict."""
    assert look(script, scheme) == expected
    with server(script) as port:
        assert verdict(session(url(scheme, port, REQUIRED), timeout=f"{TIMEOUT}s", interval="1s")) == expected


CASES: list[tuple[str, Script, tuple[str, str] | None]] = [
    # The server's own words in place of an answer, which libpq throws away.
    (PG, says(REFUSED, then=deaf), ("tls", "server.saturated")),
    (PG, says(b"EFATAL:  unsupported frontend protocol 1234.5679\n\0", then=deaf), ("tls", "unknown")),
    (PG, says(REFUSED[:20], then=hang_up), ("tls", "tls.handshake")),
    # One byte at a time, inside TLS: each is an answer to a driver that starts its clock anew.
    (PG, says(b"S", b"", then=dribbles(b"\x16\x03\x03\x40\x00" + bytes(16384))), ("tls", "tls.handshake")),
    (MY, greets(GREETING, dribbles(b"\x16\x03\x03\x40\x00" + bytes(16384))), ("tls", "tls.handshake")),
    # One that never stops talking.
    (
        PG,
        says(b"S", b"", then=lambda sock: endless(sock, b"\x16\x03\x03\x40\x00" + bytes(16384))),
        ("tls", "unknown"),
    ),
    (
        PG,
        says(b"S", b"", then=lambda sock: endless(sock, b"\x15\x03\x03\x00\x02\x01\x5a")),
        ("tls", "tls.handshake"),
    ),
    (MY, greets(b"\xff\xff\xff\x00" + bytes(1 << 20)), ("auth", "unknown")),
    (MY, greets(b"SSH-2.0-OpenSSH_9.2p1\r\n", hang_up), ("auth", "unknown")),
    # One that resets.
    (PG, says(b"S", b"", then=reset), ("tls", "tls.handshake")),
    (MY, greets(GREETING, says(b"", then=reset)), ("tls", "tls.handshake")),
]


def endless(sock: socket.socket, data: bytes) -> None:
    while True:
        sock.sendall(data)


@pytest.mark.parametrize(("scheme", "script", "expected"), CASES)
def test_a_server_that_is_worse(scheme: str, script: Script, expected: tuple[str, str] | None) -> None:
    assert look(script, scheme) == expected


@pytest.mark.parametrize("scheme", [PG, MY])
def test_no_tls_where_none_is_demanded(scheme: str) -> None:
    """That is no failure, whatever becomes of the goodbye."""
    for then in (deaf, hang_up, reset):
        script = says(b"N", then=then) if scheme == PG else greets(MYSQL_GREETING, says(b"", then=then))
        assert look(script, scheme, PREFERRED) is None


def secured(certificates: Certificates, before: Callable[[socket.socket], None], then: Script) -> Script:
    """A double that completes the handshake, as far as it can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(context)

    def script(sock: socket.socket) -> None:
        before(sock)
        sock.getpeername()  # whoever has reset by now is not wrapped: Python would leave that socket open
        with context.wrap_socket(sock, server_side=True) as inner:
            then(inner)

    return script


def takes(sock: socket.socket) -> None:
    sock.recv(8)
    sock.sendall(b"S")


def greets_first(sock: socket.socket) -> None:
    sock.sendall(GREETING)
    sock.recv(36, socket.MSG_WAITALL)


ENDS: list[Script] = [
    deaf,
    hang_up,
    reset,
    lambda sock: endless(sock, bytes(65536)),
    dribbles(b"\0"),
    says(b"\xff\xff\xff\x03", then=deaf),
    says(*[mysql_packet(3, b"\xfeclient_ed25519\0")] * 20, then=deaf),
    says(mysql_packet(3, MYSQL_OK), then=deaf),
]


@pytest.mark.parametrize("scheme", [PG, MY])
@pytest.mark.parametrize("end", ENDS)
def test_a_goodbye_that_is_taken_amiss(certificates: Certificates, scheme: str, end: Script) -> None:
    """What was seen is told, in time; the goodbye says nothing of TLS."""
    script = secured(certificates, takes if scheme == PG else greets_first, end)
    with server(script) as port:
        where = url(scheme, port, PREFERRED)
        seen = in_time(lambda: handshake(where, timeout="1s", interval="1s"), 1 + LATE)
    assert seen.failure is None
    assert seen.version == "TLSv1.3"


def test_an_enormous_chain() -> None:
    """OpenSSL takes no more than 100 KiB of certificates."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*[f"{number}.{'x' * 60}.test" for number in range(2000)]).configure_cert(context)

    def script(sock: socket.socket) -> None:
        takes(sock)
        context.wrap_socket(sock, server_side=True)

    assert look(script, PG) == ("tls", "tls.handshake")


def test_the_daemon_ends(certificates: Certificates) -> None:
    """Every wait ends with it, also the one for a goodbye."""
    for script in (deaf, says(b"S", then=deaf), secured(certificates, takes, dribbles(b"\0"))):
        stop, begun = Stop(), threading.Event()

        def noted(sock: socket.socket, script: Script = script, begun: threading.Event = begun) -> None:
            begun.set()
            script(sock)

        with server(noted) as port:
            probe = tls_probe(url(PG, port, REQUIRED), stop=stop, timeout="60s")
            with running(probe.run) as result:
                wait_for(begun.is_set)
                stop.throw()
            with pytest.raises(Stopped):
                result.result()


def test_rests_grow_and_end() -> None:
    """Ten minutes after a connection left badly, twice as long after the next, and a day at most."""
    now = [1000.0]
    policy = TlsPolicy(required=True, verify=Verify.NOTHING)
    encryption = MysqlEncryption(policy, Footprint(), lambda: now[0])
    rests = []
    with server(greets(mysql_packet(0, b"\x09old"))) as port:
        for _ in range(9):
            assert encryption.harmless()
            with stream(port) as line, pytest.raises(ProbeError):
                encryption.ask(line)
            begun = now[0]
            while not encryption.harmless():
                now[0] += 600
            rests.append((now[0] - begun) / 600)
    assert rests == [1, 2, 4, 8, 16, 32, 64, 128, 144]
    with server(greets(mysql_packet(0, b"\xff\x10\x04Too many connections"))) as port:
        with stream(port) as line, pytest.raises(ProbeError, match="Too many"):
            encryption.ask(line)
        assert encryption.harmless(), "the server has left by itself"
    with server(hang_up) as port:
        with stream(port) as line, pytest.raises(ProbeError):
            encryption.ask(line)
        assert encryption.harmless()


def stream(port: int) -> Stream:
    sock = socket.create_connection(("127.0.0.1", port))
    return Stream.over(sock, PhaseClock(5.0, {}, Stop()))
