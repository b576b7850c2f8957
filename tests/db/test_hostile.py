"""Servers that are deaf, broken or hostile: each session ends in time, and gives everything back."""

import resource
import socket
import ssl
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from exporter.model import Failure, Phase, Secret
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
from tests.networks import in_own_network, needs_namespaces
from tests.probing import session, session_probe, verdict
from tests.servers import Certificates
from tests.waiting import LONGEST, in_time, running, unspoilt, wait_for

PLAIN = {"postgresql": "sslmode=disable", "mysql": "ssl_mode=disabled"}
TLS = {"postgresql": "sslmode=require", "mysql": "ssl_mode=required"}
TIMEOUT = 1.0
LATE = 0.1
"""Seconds by which who keeps a deadline may be late."""
LONG: dict[str, Any] = {"timeout": "2m", "interval": "2m"}
"""What no test waits for: who is done within LONGEST has not waited for it, however busy the machine is."""

PG_OK = postgres_message(b"R", bytes(4))
PG_READY = postgres_message(b"Z", b"I")
PG_LOGIN = b"".join(
    [
        PG_OK,
        postgres_message(b"S", b"DateStyle\0ISO, MDY\0"),
        postgres_message(b"S", b"client_encoding\0UTF8\0"),
        PG_READY,
    ]
)
MY_OK = mysql_packet(2, MYSQL_OK)
MY_LOGIN = (MY_OK, mysql_packet(1, MYSQL_OK))  # the login, then SET NAMES
MY_BLOCKED = mysql_packet(0, b"\xff\x69\x04Host 'h' is blocked")
ENDLESS = b"\xff\xff\xff\x00" + bytes(1 << 24)
MY_TLS_GREETING = MYSQL_GREETING.replace(b"\xff\xf7", b"\xff\xff", 1)


def logs_in(scheme: str, then: Script) -> Script:
    """Let a client log in without TLS, then do something else."""
    if scheme == "postgresql":
        return says(PG_LOGIN, then=then)
    return greets(MYSQL_GREETING, says(*MY_LOGIN, then=then))


def look(script: Script, scheme: str, params: str) -> tuple[str, str] | None:
    """Hold a session with a double; check that it kept its deadline; return its verdict."""
    with server(script) as port:
        url = f"{scheme}://probe:secret@127.0.0.1:{port}/shop?{params}"
        observation = in_time(lambda: session(url, timeout=f"{TIMEOUT}s", interval="1s"), TIMEOUT + LATE)
        assert "secret" not in repr(observation)
        return verdict(observation)


CASES = [
    # A server that accepts and never answers.
    ("postgresql", PLAIN, deaf, ("auth", "server.unresponsive")),
    ("postgresql", TLS, deaf, ("tls", "server.unresponsive")),
    ("mysql", PLAIN, deaf, ("auth", "server.unresponsive")),
    ("mysql", TLS, deaf, ("auth", "server.unresponsive")),
    # One that falls silent later.
    ("postgresql", TLS, says(b"S", then=deaf), ("tls", "tls.handshake")),
    ("mysql", PLAIN, greets(MYSQL_GREETING), ("auth", "server.unresponsive")),
    ("mysql", TLS, greets(MY_TLS_GREETING), ("tls", "tls.handshake")),
    ("postgresql", PLAIN, logs_in("postgresql", deaf), ("query", "server.unresponsive")),
    ("mysql", PLAIN, logs_in("mysql", deaf), ("query", "server.unresponsive")),
    # One that closes without a word, as a proxy without a backend does.
    ("postgresql", PLAIN, hang_up, ("auth", "proxy.backend_unavailable")),
    ("postgresql", TLS, hang_up, ("tls", "proxy.backend_unavailable")),
    ("mysql", PLAIN, hang_up, ("auth", "proxy.backend_unavailable")),
    # One that closes in the middle of things.
    ("postgresql", TLS, says(b"S", then=hang_up), ("tls", "tls.handshake")),
    ("mysql", TLS, greets(MY_TLS_GREETING, says(then=hang_up)), ("tls", "tls.handshake")),
    ("mysql", PLAIN, greets(MYSQL_GREETING, says(b"", then=hang_up)), ("auth", "unknown")),
    ("postgresql", PLAIN, says(PG_OK, then=hang_up), ("auth", "unknown")),
    ("postgresql", PLAIN, logs_in("postgresql", says(b"", then=hang_up)), ("query", "unknown")),
    ("mysql", PLAIN, logs_in("mysql", says(b"", then=hang_up)), ("query", "unknown")),
    # One that resets.
    ("postgresql", PLAIN, says(b"", then=reset), ("auth", "unknown")),
    ("mysql", PLAIN, greets(MYSQL_GREETING, says(b"", then=reset)), ("auth", "unknown")),
    # One that speaks another protocol.
    ("postgresql", PLAIN, says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then=deaf), ("auth", "unknown")),
    ("postgresql", TLS, says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then=deaf), ("tls", "unknown")),
    ("mysql", PLAIN, greets(b"SSH-2.0-OpenSSH_9.2p1\r\n", hang_up), ("auth", "unknown")),
    ("mysql", PLAIN, greets(mysql_packet(0, b"\x0aNaN\0")), ("auth", "unknown")),
    ("mysql", TLS, greets(MY_TLS_GREETING, says(b"no TLS at all", then=deaf)), ("tls", "tls.handshake")),
    ("postgresql", TLS, says(b"S", b"no TLS at all", then=deaf), ("tls", "tls.handshake")),
    # One that does not offer TLS where it is demanded.
    ("postgresql", TLS, says(b"N", then=deaf), ("tls", "auth.not_allowed")),
    ("mysql", TLS, greets(MYSQL_GREETING), ("tls", "auth.not_allowed")),
    # One byte at a time: a driver's own timeout would start anew with each.
    ("postgresql", PLAIN, dribbles(b"N" + bytes(3) + b"\xff" * 40), ("auth", "unknown")),
    ("mysql", PLAIN, dribbles(mysql_packet(0, b"\x0a" + b"9" * 60)), ("auth", "server.unresponsive")),
    # One that never stops talking.
    ("mysql", PLAIN, greets(ENDLESS), ("auth", "unknown")),
    # What servers say in the handshake.
    ("mysql", PLAIN, greets(MY_BLOCKED), ("auth", "server.host_blocked")),
    (
        "postgresql", PLAIN, says(postgres_message(b"E", b"SFATAL\0VFATAL\0C57P03\0Mdas Datenbanksystem startet\0\0")),
        ("auth", "server.restart"),
    ),
    (
        "postgresql", PLAIN,
        says(postgres_message(b"E", b"SFATAL\0C53300\0Mtoo many connections for role \"app\"\0\0")),
        ("auth", "server.account_limit"),
    ),
    (
        "postgresql", PLAIN, says(postgres_message(b"E", b"SFATAL\0C08P01\0Mquery_wait_timeout\0\0")),
        ("auth", "proxy.saturated"),
    ),
    # An error out of turn: MySQL says so before it disconnects, and PyMySQL alone would not listen.
    (
        "mysql", PLAIN, logs_in("mysql", says(mysql_packet(0, b"\xff\xbf\x0f#HY000inactive"), then=deaf)),
        ("query", "server.idle_timeout"),
    ),
    ("mysql", PLAIN, logs_in("mysql", says(mysql_packet(0, b"\x00what"), then=deaf)), ("query", "unknown")),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "params", "script", "expected"), CASES)
def test_a_hostile_server(
    scheme: str, params: dict[str, str], script: Script, expected: tuple[str, str]
) -> None:
    """The session ends in time, in the phase where it got stuck, with the cause that can be told."""
    assert look(script, scheme, params[scheme]) == expected


def fails(
    script: Script, scheme: str, params: str = "", *, password: str = "hunter2!", **settings: Any
) -> Failure:
    """Hold a session with a double that must fail; return how it did."""
    with server(script) as port:
        url = f"{scheme}://probe:{password}@127.0.0.1:{port}/shop?{params or PLAIN[scheme]}"
        observation = session(url, **settings)
    assert observation.failure
    assert password not in repr(observation)
    return observation.failure


def pg_error(text: str, code: str = "53300", encoding: str = "utf-8") -> bytes:
    fields = b"SFATAL\0VFATAL\0C" + code.encode() + b"\0M" + text.encode(encoding) + b"\0\0"
    return postgres_message(b"E", fields)


def test_words_in_an_encoding_nobody_agreed_on() -> None:
    """Before a session stands, a server may write in any; its code still counts."""
    failure = fails(says(pg_error("zu viele Verbindungen für Rolle", encoding="latin-1")), "postgresql")
    assert failure.cause == "server.saturated"
    assert failure.said.startswith("FATAL:  zu viele Verbindungen")


def test_an_error_that_comes_in_pieces_keeps_its_code() -> None:
    whole = pg_error("zu viele Verbindungen")

    def script(sock: socket.socket) -> None:
        sock.recv(65536)
        for piece in (whole[:7], whole[7:40], whole[40:]):
            sock.sendall(piece)
            time.sleep(0.05)

    assert fails(script, "postgresql").cause == "server.saturated"


def test_without_tls_by_default_the_code_is_read_as_well() -> None:
    """The server has no TLS, and so its refusal can be read; there was no phase of TLS either."""

    def script(sock: socket.socket) -> None:
        sock.recv(8)
        sock.sendall(b"N")
        sock.recv(65536)
        sock.sendall(pg_error("zu viele Verbindungen"))

    with server(script) as port:
        observation = session(f"postgresql://probe:x@127.0.0.1:{port}/shop")
    assert verdict(observation) == ("auth", "server.saturated")
    assert Phase.TLS not in dict(observation.phases)


def test_an_error_instead_of_an_answer_to_the_request_for_tls() -> None:
    failure = fails(says(pg_error("zu viele Verbindungen")), "postgresql", "sslmode=require")
    assert (str(failure.cause), failure.code) == ("server.saturated", "53300")


def test_a_session_that_is_ended_before_it_is_asked() -> None:
    """The server's words come with the login, or while we write: either way they are kept."""
    text = "terminating connection due to administrator command"

    def then(sock: socket.socket) -> None:
        sock.sendall(pg_error(text, "57P01"))
        hang_up(sock)

    for script in (says(PG_LOGIN, then=then), says(PG_LOGIN + pg_error(text, "57P01"), then=hang_up)):
        for _ in range(20):
            failure = fails(script, "postgresql")
            assert (str(failure.phase), str(failure.cause)) == ("query", "server.session_killed"), failure
            assert failure.said == f"FATAL:  {text}"


def test_a_code_that_is_none_is_not_taken() -> None:
    """A server could repeat a password there."""
    failure = fails(says(pg_error("no", code="hunter2!")), "postgresql")
    assert failure.code == ""


@pytest.mark.parametrize("rounds", [b"2147483647", b"+6000000", b" 6000000", b"0" * 24 + b"6000000"])
def test_a_server_may_not_demand_work_without_end(rounds: bytes) -> None:
    """Libpq would count two thousand million rounds of SCRAM in one call, with the interpreter held."""

    def script(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(postgres_message(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0"))
        nonce = sock.recv(65536).rpartition(b"r=")[2]
        sock.sendall(postgres_message(b"R", b"\0\0\0\x0br=" + nonce + b"x,s=c2FsdA==,i=" + rounds))
        deaf(sock)

    def says_no_first(sock: socket.socket) -> None:
        sock.recv(8)
        sock.sendall(b"N")
        script(sock)

    for way, params in ((script, "sslmode=disable"), (says_no_first, "sslmode=prefer")):
        failure = fails(way, "postgresql", params)
        assert str(failure.phase) == "auth"
        assert failure.detail == "the server demands more than 1000000 rounds of SCRAM"


def test_a_password_is_not_given_in_clear_text_to_whoever_asks() -> None:
    """Not without TLS, and not where TLS is merely preferred."""
    received: list[bytes] = []

    def postgres_asks(sock: socket.socket) -> None:
        received.append(sock.recv(65536))
        if received[-1].startswith(b"\0\0\0\x08\x04"):  # no TLS here
            sock.sendall(b"N")
            received.append(sock.recv(65536))
        sock.sendall(postgres_message(b"R", b"\0\0\0\3"))
        received.append(sock.recv(65536))

    def mysql_asks(sock: socket.socket) -> None:
        sock.sendall(MYSQL_GREETING)
        received.append(sock.recv(65536))
        sock.sendall(mysql_packet(2, b"\xfemysql_clear_password\0"))
        received.append(sock.recv(65536))

    for scheme, script in (("postgresql", postgres_asks), ("mysql", mysql_asks)):
        for params in (PLAIN[scheme], "charset=utf8mb4" if scheme == "mysql" else "sslmode=prefer"):
            failure = fails(script, scheme, params)
            assert (str(failure.phase), str(failure.cause)) == ("auth", "auth.not_allowed")
    assert received
    assert not any(b"hunter2" in data for data in received)


def test_a_password_is_masked_however_it_was_decoded() -> None:
    """psycopg2 reads what comes before the login as ASCII."""
    failure = fails(
        says(pg_error("you said p\xe4ssw\xf6rd!")), "postgresql", password=quote("p\xe4ssw\xf6rd!", safe="")
    )
    assert "ssw" not in failure.said


def test_numbers_of_the_server_are_not_taken_for_those_of_the_driver() -> None:
    """A server may say 2013, which is PyMySQL's own number for a lost connection."""
    failure = fails(logs_in("mysql", says(mysql_packet(1, b"\xff\xdd\x07#HY000lost it"))), "mysql")
    assert (str(failure.phase), failure.said, failure.code) == ("query", "lost it", "2013")


def test_what_pymysql_does_not_understand() -> None:
    """An authentication plugin that is unknown, a number that is none: each is a failure with a reason."""
    unknown = fails(greets(MYSQL_GREETING, says(mysql_packet(2, b"\xfesha256_password\0"))), "mysql")
    assert str(unknown.phase) == "auth"
    assert unknown.detail
    column = b"\3def\0\0\0\1a\0\x0c\x21\0\x0a\0\0\0\xf6\0\0\0\0\0"
    eof = b"\xfe\0\0\2\0"
    rows = b"".join(
        mysql_packet(number, body) for number, body in enumerate((b"\1", column, eof, b"\3abc", eof), start=1)
    )
    failure = fails(logs_in("mysql", says(rows)), "mysql")
    assert (str(failure.phase), str(failure.cause)) == ("query", "unknown")
    assert failure.detail.startswith("not understood by PyMySQL: InvalidOperation")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_rows_without_end(scheme: str) -> None:
    """A server that always has another byte to read never makes us wait, and is ended all the same."""

    def script(sock: socket.socket) -> None:
        sock.recv(65536)
        number = 0
        while True:
            if scheme == "mysql":
                piece = b"".join(mysql_packet((number + offset) % 256, b"\xfb") for offset in range(1, 101))
                number += 100
            else:
                piece = postgres_message(b"N", b"SNOTICE\0C00000\0Mon and on\0\0") * 100
            sock.sendall(piece)

    with server(logs_in(scheme, script)) as port:
        url = f"{scheme}://probe:x@127.0.0.1:{port}/shop?{PLAIN[scheme]}"
        observation = in_time(lambda: session(url, timeout="1s", interval="1s"), 3)
    assert observation.failure
    assert str(observation.failure.phase) == "query"


def test_a_server_that_does_not_read() -> None:
    """A query larger than all buffers waits for room, and no longer than its phase."""

    def script(_: socket.socket) -> None:
        time.sleep(1)

    query = f"SELECT '{'x' * (15 << 20)}'"
    failure = fails(logs_in("mysql", script), "mysql", query=query, timeout="500ms", interval="1s")
    assert (str(failure.phase), str(failure.cause)) == ("query", "server.unresponsive")


def tls_server(certificates: Certificates, then: Script) -> Script:
    """Greet as MySQL does, do a real TLS handshake, then do something else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(context)

    def script(sock: socket.socket) -> None:
        sock.sendall(MY_TLS_GREETING)
        sock.recv(36)  # the request for TLS, and no byte of what follows it
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(65536)
            then(secured)

    return script


def cut(sock: socket.socket) -> None:
    """End the connection below TLS, without a goodbye."""
    reset(socket.socket(fileno=sock.detach()))


def test_tls_that_ends_below(certificates: Certificates) -> None:
    """A reset, a close, a silence and an endless query inside TLS are told apart like those outside."""
    seen = [
        fails(tls_server(certificates, way), "mysql", TLS["mysql"], timeout="500ms", interval="1s")
        for way in (cut, hang_up, deaf)
    ]
    assert [(str(failure.phase), str(failure.cause)) for failure in seen] == [
        ("auth", "unknown"), ("auth", "unknown"), ("auth", "server.unresponsive"),
    ]  # fmt: skip
    assert "reset by the peer" in seen[0].detail
    assert "closed by the peer" in seen[1].detail


def test_tls_that_does_not_read(certificates: Certificates) -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(MY_OK[:3] + b"\x03" + MYSQL_OK)
        sock.recv(65536)
        sock.sendall(MY_LOGIN[1])
        time.sleep(1)

    query = f"SELECT '{'x' * (15 << 20)}'"
    failure = fails(
        tls_server(certificates, script), "mysql", TLS["mysql"], query=query, timeout="500ms", interval="1s"
    )
    assert (str(failure.phase), str(failure.cause)) == ("query", "server.unresponsive")


def test_a_listener_that_goes_away_between_two_ways_to_log_in() -> None:
    """Libpq tries again without TLS, and is refused: the last attempt is the verdict."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once() -> None:
            sock, _ = listener.accept()
            sock.recv(8)
            sock.sendall(b"S")
            sock.recv(65536)
            listener.close()
            sock.sendall(b"no TLS at all")
            sock.close()

        with running(once):
            url = f"postgresql://probe:x@127.0.0.1:{listener.getsockname()[1]}/shop?sslmode=prefer"
            observation = session(url, timeout="2s")
    assert verdict(observation) == ("tcp", "server.down")


def test_no_descriptor_left_is_our_own_fault() -> None:
    """Whichever of the descriptors a session needs is the one too many."""
    for scheme in ("postgresql", "mysql"):
        with server(logs_in(scheme, deaf)) as port:
            url = f"{scheme}://probe:x@127.0.0.1:{port}/shop?{PLAIN[scheme]}"
            probe = session_probe(url, timeout="300ms", interval="1s")
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            with socket.socket() as next_one:
                free = next_one.fileno()
            for spare in (0, 1):
                resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, hard))
                try:
                    (observation,) = probe.run()
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                assert observation.failure
                assert observation.failure.cause == "client.resources"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_password_file_that_is_gone(scheme: str, tmp_path: Path) -> None:
    """Found at the next session; nothing is sent without it."""
    probe = session_probe(f"{scheme}://probe@127.0.0.1:9/shop", password=Secret.file(tmp_path / "gone"))
    (observation,) = probe.run()
    assert verdict(observation) == ("auth", "auth.credentials")
    assert observation.failure
    assert observation.failure.detail == f"password: {tmp_path}/gone does not exist"
    assert observation.phases == (), "nothing was dialled"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_never_closes(scheme: str) -> None:
    """The goodbye has its own deadline; the session was of use all the same."""
    answer = {
        "postgresql": postgres_message(b"C", b"SELECT 1\0") + PG_READY,
        "mysql": mysql_packet(1, MYSQL_OK),
    }[scheme]

    def keeps_open(sock: socket.socket) -> None:
        deaf(sock)
        time.sleep(TIMEOUT + 0.3)

    with server(logs_in(scheme, says(answer, then=keeps_open))) as port:
        url = f"{scheme}://probe:x@127.0.0.1:{port}/shop?{PLAIN[scheme]}"
        observation = in_time(lambda: session(url, timeout=f"{TIMEOUT}s", interval="1s"), TIMEOUT + LATE)
    assert verdict(observation) == ("close", "server.unresponsive")
    assert observation.usable


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_floods_an_answer(scheme: str) -> None:
    """More than 16 MiB ends the session before it fills our memory."""

    def flood(sock: socket.socket) -> None:
        sock.recv(65536)
        row = bytes(1 << 20)
        header = b"D" + (len(row) + 4).to_bytes(4, "big") if scheme == "postgresql" else b"\xff\xff\xff\x01"
        for _ in range(64):
            sock.sendall(header + row)

    with server(logs_in(scheme, flood)) as port:
        url = f"{scheme}://probe:x@127.0.0.1:{port}/shop?{PLAIN[scheme]}"
        observation = session(url, timeout="10s")
    assert verdict(observation) == ("query", "unknown")


def test_a_secret_that_the_server_echoes_is_masked() -> None:
    """A server may repeat a password it was given; it goes no further."""
    said = postgres_message(b"E", b"SFATAL\0C28P01\0Mwrong: hunter2\0\0")
    with server(says(said)) as port:
        observation = session(f"postgresql://probe:hunter2@127.0.0.1:{port}/shop?sslmode=disable")
    assert observation.failure
    assert observation.failure.said == "FATAL:  wrong: <secret>"
    assert "hunter2" not in repr(observation)


@pytest.mark.parametrize("phase", ["tls", "auth", "query"])
def test_a_phase_can_be_limited_by_itself(phase: str) -> None:
    """A limit of one phase ends the session there, long before the timeout."""
    script = logs_in("postgresql", deaf) if phase == "query" else deaf
    params = TLS["postgresql"] if phase == "tls" else PLAIN["postgresql"]
    with server(script) as port:
        url = f"postgresql://probe:x@127.0.0.1:{port}/shop?{params}"
        observation = session(url, phase_timeouts={phase: "200ms"}, **LONG)
    assert verdict(observation) == (phase, "server.unresponsive")
    assert 0.2 <= observation.duration < LONGEST


@needs_namespaces
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_dropped_packets(scheme: str) -> None:
    """Nothing answers the request to connect: the network swallowed it, as far as one probe can tell."""
    observation = in_own_network(
        lambda: session(f"{scheme}://probe:x@127.0.0.1:5999/shop", phase_timeouts={"tcp": "300ms"}, **LONG),
        "tcp dport 5999 drop",
    )
    assert verdict(observation) == ("tcp", "net.blackhole")
    assert 0.3 <= observation.duration < LONGEST


@needs_namespaces
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_host_without_a_route(scheme: str) -> None:
    """Our own routing table has no way there."""
    observation = in_own_network(lambda: session(f"{scheme}://probe:x@192.0.2.1/shop"))
    assert verdict(observation) == ("tcp", "client.local_network")


@needs_namespaces
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_dead_first_address_leaves_time_for_the_next(scheme: str) -> None:
    """Over IPv6 the request is swallowed, over IPv4 it is refused: the second answer is the verdict."""
    url = f"{scheme}://probe:x@both.test:5999/shop"

    def duration() -> float:
        observation = in_own_network(
            lambda: session(url, timeout="4s", answers=("::1", "127.0.0.1")), "meta nfproto ipv6 drop"
        )
        assert verdict(observation) == ("tcp", "server.down")
        return observation.duration

    took = unspoilt(duration, lambda seconds: seconds < 3.0)
    assert took > 1.7, "half of what the phase has, for each of two addresses"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize("params", [PLAIN, TLS])
def test_the_end_of_the_daemon_wakes_a_session(scheme: str, params: dict[str, str]) -> None:
    """Whatever a session waits for, the switch lets it go at once."""
    stop, connected = Stop(), threading.Event()

    def script(sock: socket.socket) -> None:
        connected.set()
        deaf(sock)

    with server(script) as port:
        probe = session_probe(f"{scheme}://probe:x@127.0.0.1:{port}/shop?{params[scheme]}", stop=stop, **LONG)
        with running(probe.run) as run:
            assert connected.wait(LONGEST)
            stop.throw()
            assert isinstance(run.exception(LONGEST), Stopped)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_failed_sessions_give_their_descriptors_back(scheme: str) -> None:
    """A hundred sessions that fail in every way leave as many open files as there were before."""
    ways: list[Script] = [
        hang_up,
        reset,
        logs_in(scheme, says(b"", then=hang_up)),
        greets(b"nonsense", hang_up),
    ]
    for way in ways:
        with server(way) as port:
            probes = [
                session_probe(f"{scheme}://p:x@127.0.0.1:{port}/d?{params[scheme]}")
                for params in (PLAIN, TLS)
            ]
            for probe in probes:
                probe.run()
            before = _open_files()
            for _ in range(12):
                for probe in probes:
                    assert probe.run()[0].failure
            wait_for(partial(_no_more_open_files_than, before))


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _no_more_open_files_than(count: int) -> bool:
    return _open_files() <= count


def test_a_handshake_of_tls_that_dribbles(certificates: Certificates) -> None:
    """A TLS server that stops in the middle of its own handshake is told from a deaf one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(context)
    hello = _server_flight(context)
    assert look(says(b"S", hello[:100], then=deaf), "postgresql", TLS["postgresql"]) == (
        "tls",
        "tls.handshake",
    )


def _server_flight(context: ssl.SSLContext) -> bytes:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    asks, answers = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = client.wrap_bio(answers, asks)
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(asks.read())
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    return outgoing.read()
