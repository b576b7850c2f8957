"""A session that cannot go on leaves so that the server does not hold it against the host."""

import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from exporter.db.mysql.goodbye import Record
from exporter.db.mysql.opener import FREE
from tests.doubles import (
    MYSQL_GREETING,
    MYSQL_OK,
    Script,
    deaf,
    greets,
    hang_up,
    mysql_packet,
    reset,
    says,
    server,
)
from tests.networks import needs_namespaces
from tests.probing import session, session_probe, verdict
from tests.servers import Certificates, Database
from tests.test_tls_goodbye import ADDRESS, NAME, counted, counting, in_the_network, known, url
from tests.waiting import in_time, wait_for

MOST = 3
RUNS = 10
DISTRUSTED = ("tls", "tls.certificate")
TLS_GREETING = MYSQL_GREETING.replace(b"\xff\xf7", b"\xff\xff", 1)
REQUIRED = "ssl_mode=required"
VERIFIED = "ssl_mode=verify_identity"

WAYS: dict[str, tuple[str, Callable[[Database], Mapping[str, str]], str]] = {
    "expired": ("expiring", lambda database: database.verified(), "certificate has expired"),
    "other name": ("other_name", lambda database: database.verified(), "the certificate is for elsewhere"),
    "unknown authority": (
        "good",
        lambda _: {"ssl_mode": "verify_identity"},
        "self-signed certificate in certificate chain",
    ),
    "chain only": (
        "good",
        lambda _: {"ssl_mode": "verify_ca"},
        "self-signed certificate in certificate chain",
    ),
}
"""Ways for a certificate to be no good: its kind, the URL's parameters, and what is said."""


@pytest.fixture(params=["mariadb", "mysql"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@needs_namespaces
def test_a_bad_certificate_leaves_the_host_unblocked(
    family: str, certificates: Certificates, tmp_path: Path
) -> None:
    """More than three times as many sessions as the server allows errors, and none is counted."""

    def inside() -> None:
        with counting(family, certificates, MOST) as database:
            for kind, params, said in WAYS.values():
                with database.certificate_of(kind):
                    probe = session_probe(url(database, params(database)), answers=[ADDRESS])
                    for _ in range(RUNS):
                        (seen,) = probe.run()
                        assert verdict(seen) == DISTRUSTED
                        assert seen.failure
                        assert seen.failure.detail.startswith(said)
                        assert {str(phase) for phase, _ in seen.phases} == {"dns", "tcp", "auth"}
                assert known(database)
                assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


@needs_namespaces
def test_a_server_without_tls_leaves_the_host_unblocked(
    family: str, certificates: Certificates, tmp_path: Path
) -> None:
    option = "--skip-ssl" if family == "mariadb" else "--tls-version="

    def inside() -> None:
        with counting(family, certificates, MOST, option) as database:
            probe = session_probe(url(database, {"ssl_mode": "required"}), answers=[ADDRESS])
            for _ in range(RUNS):
                assert verdict(probe.run()[0]) == ("tls", "auth.not_allowed")
            assert known(database)
            assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


@needs_namespaces
def test_a_handshake_that_fails_is_tried_ever_less_often(
    family: str, certificates: Certificates, tmp_path: Path
) -> None:
    """It cannot but be counted; a login that succeeds makes up for it."""
    only_old = ["--tls-version=TLSv1.2", "--ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384"]

    def inside() -> None:
        with counting(family, certificates, 2 * FREE, *only_old) as database:
            probe = session_probe(url(database, {"ssl_mode": "required"}), answers=[ADDRESS])
            for _ in range(FREE + 1):
                assert verdict(probe.run()[0]) == ("tls", "tls.handshake")
            for _ in range(RUNS):
                assert probe.run() == ()
            wait_for(lambda: counted(database) == (FREE + 1, 0))
            database.admin(f"CREATE USER probe@'{NAME}' IDENTIFIED BY 'x'")
            database.admin(f"GRANT ALL ON shop.* TO probe@'{NAME}'")
            plain = database.url({"ssl_mode": "disabled"}, host="localhost", password="x")
            assert verdict(session(plain, answers=[ADDRESS])) is None
            assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


def untrusted(certificates: Certificates, received: list[bytes], then: Script) -> Script:
    """A server of MySQL's protocol whose certificate nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(context)

    def script(sock: socket.socket) -> None:
        sock.sendall(TLS_GREETING)
        received.append(sock.recv(36, socket.MSG_WAITALL))
        with context.wrap_socket(sock, server_side=True) as inner:
            received.append(inner.recv(65536))
            then(inner)

    return script


@pytest.mark.parametrize(
    "then",
    [
        lambda sock: sock.sendall(mysql_packet(3, b"\xff\x15\x04#28000Access denied")),
        lambda sock: sock.sendall(mysql_packet(3, MYSQL_OK)),
        deaf,
        hang_up,
        reset,
    ],
)
def test_who_is_not_trusted_learns_no_name(certificates: Certificates, then: Script) -> None:
    """Whatever becomes of the goodbye, the verdict is the same, and the session ends in time."""
    received: list[bytes] = []
    with server(untrusted(certificates, received, then)) as port:
        where = f"mysql://somebody:hunter2@localhost:{port}/shop?{VERIFIED}"
        seen = in_time(lambda: session(where, timeout="1s", interval="1s", answers=["127.0.0.1"]), 1.1)
    assert verdict(seen) == DISTRUSTED
    assert seen.duration <= 1.1
    said = b"".join(received)
    assert b"\0conndrop-tls-" in said
    assert b"somebody" not in said
    assert b"hunter2" not in said


HELLO_REQUEST = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"
"""A message of TLS 1.2 that a client skips, in a record of its own."""


def hello_requests(pieces: int) -> Script:
    """Ask for a handshake without end, so many times at once."""

    def script(sock: socket.socket) -> None:
        sock.sendall(TLS_GREETING)
        while True:
            sock.sendall(HELLO_REQUEST * pieces)

    return script


@pytest.mark.parametrize("pieces", [1, 100])
def test_hello_requests_without_end(pieces: int) -> None:
    """OpenSSL goes on for as long as there is something to read; we do not."""
    with server(hello_requests(pieces)) as port:
        where = f"mysql://p:x@127.0.0.1:{port}/d?{REQUIRED}"
        seen = in_time(lambda: session(where, timeout="500ms", interval="1s"), 0.6)
    assert seen.failure
    assert str(seen.failure.phase) == "tls"
    assert seen.duration <= 0.6


BROKEN_OFF: list[tuple[str, Script]] = [
    ("ssl_mode=disabled", greets(mysql_packet(0, b"\x0aNaN\0"))),
    ("ssl_mode=disabled", greets(MYSQL_GREETING, says(mysql_packet(2, b"\xfedialog\0"), then=deaf))),
    ("ssl_mode=disabled", greets(MYSQL_GREETING, says(mysql_packet(2, b"\xfeunheard_of\0"), then=deaf))),
    (REQUIRED, greets(TLS_GREETING, says(b"no TLS at all", then=deaf))),
    (REQUIRED, greets(TLS_GREETING, hang_up)),
]
SETTLED: list[tuple[str, Script]] = [
    ("ssl_mode=disabled", greets(mysql_packet(0, b"\xff\x10\x04Too many connections"))),
    ("ssl_mode=disabled", greets(MYSQL_GREETING, says(mysql_packet(2, b"\xff\x15\x04#28000Denied")))),
    (REQUIRED, greets(MYSQL_GREETING, says(mysql_packet(2, b"\xff\x15\x04#28000Denied")))),
    (REQUIRED, hang_up),
]


@pytest.mark.parametrize(("params", "script"), BROKEN_OFF)
def test_logins_broken_off_in_a_row_are_given_up_for_a_while(params: str, script: Script) -> None:
    with server(script) as port:
        probe = session_probe(f"mysql://p:x@127.0.0.1:{port}/d?{params}")
        for _ in range(FREE + 1):
            assert probe.run()[0].failure
        assert probe.run() == ()


@pytest.mark.parametrize(("params", "script"), SETTLED)
def test_a_refusal_is_no_broken_login(params: str, script: Script) -> None:
    """Nor is a connection that the other side closes before its first word."""
    with server(script) as port:
        probe = session_probe(f"mysql://p:x@127.0.0.1:{port}/d?{params}")
        for _ in range(FREE + 5):
            assert probe.run()[0].failure


def test_the_first_errors_are_free() -> None:
    """After them each rest is twice as long, up to the longest; whatever ends well ends them."""
    now = [0.0]
    record = Record(free=2, rest=60, longest=86_400, now=lambda: now[0])
    for _ in range(2):
        record.count()
        assert record.harmless()
    for rest in (60, 120, 240):
        record.count()
        now[0] += rest - 1
        assert not record.harmless()
        now[0] += 1
        assert record.harmless()
    for _ in range(20):
        record.count()
    now[0] += 86_399
    assert not record.harmless()
    now[0] += 1
    assert record.harmless()
    record.count()
    record.settle()
    assert record.harmless()
