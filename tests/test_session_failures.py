"""How a new connection that comes to nothing looks: what one kind of trouble shows, and no other does."""

import socket
import time

import pytest

from exporter.model import Cause, Phase, SessionObservation
from exporter.model.failure import LONGEST
from tests.db.test_hostile import MY_LOGIN, MY_TLS_GREETING, PG_LOGIN, pg_error
from tests.doubles import MYSQL_GREETING, Script, deaf, greets, hang_up, mysql_packet, says, server
from tests.networks import in_own_network, needs_namespaces, run_inside
from tests.probing import session
from tests.waiting import in_time

POSTGRES, MYSQL = "postgresql", "mysql"
OFF = {POSTGRES: "sslmode=disable", MYSQL: "ssl_mode=disabled"}
ON = {POSTGRES: "sslmode=require", MYSQL: "ssl_mode=required"}
MUTE, STALLED, HUNG_UP = Cause.SERVER_UNRESPONSIVE, Cause.TLS_HANDSHAKE, Cause.PROXY_BACKEND_UNAVAILABLE
CLOSED = "connection closed by the peer before its first byte in phase"
LATE = 0.3


def logged_in(scheme: str) -> Script:
    if scheme == POSTGRES:
        return says(PG_LOGIN, then=deaf)
    return greets(MYSQL_GREETING, says(*MY_LOGIN, then=deaf))


def offering_tls(scheme: str) -> Script:
    return says(b"S", then=deaf) if scheme == POSTGRES else greets(MY_TLS_GREETING)


@pytest.mark.parametrize(
    ("scheme", "params", "script", "expected"),
    [
        (POSTGRES, OFF, deaf, (MUTE, Phase.AUTH, "not a byte within")),
        (POSTGRES, ON, deaf, (MUTE, Phase.TLS, "not a byte within")),
        (MYSQL, OFF, deaf, (MUTE, Phase.AUTH, "not a byte within")),
        (MYSQL, ON, deaf, (MUTE, Phase.AUTH, "not a byte within")),
        (MYSQL, OFF, greets(MYSQL_GREETING), (MUTE, Phase.AUTH, "no answer within")),
        (POSTGRES, OFF, hang_up, (HUNG_UP, Phase.AUTH, f"{CLOSED} auth")),
        (POSTGRES, ON, hang_up, (HUNG_UP, Phase.TLS, f"{CLOSED} tls")),
        (MYSQL, OFF, hang_up, (HUNG_UP, Phase.AUTH, f"{CLOSED} auth")),
        (MYSQL, ON, hang_up, (HUNG_UP, Phase.AUTH, f"{CLOSED} auth")),
        (POSTGRES, ON, offering_tls(POSTGRES), (STALLED, Phase.TLS, "no answer within")),
        (MYSQL, ON, offering_tls(MYSQL), (STALLED, Phase.TLS, "no answer within")),
        (POSTGRES, OFF, logged_in(POSTGRES), (MUTE, Phase.QUERY, "no answer within")),
        (MYSQL, OFF, logged_in(MYSQL), (MUTE, Phase.QUERY, "no answer within")),
    ],
)
def test_each_trouble_looks_different(
    scheme: str, params: dict[str, str], script: Script, expected: tuple[Cause, Phase, str]
) -> None:
    with server(script) as port:
        seen = session(f"{scheme}://u:p@127.0.0.1:{port}/d?{params[scheme]}", timeout="500ms")
    assert seen.failure
    cause, phase, detail = expected
    assert (seen.failure.cause, seen.failure.phase) == (cause, phase)
    assert seen.failure.detail.startswith(detail)


def cut_off(sock: socket.socket) -> None:
    """Take what is said, acknowledge it, and be out of reach from then on."""
    sock.recv(65536)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # acknowledges now what it has not yet
    run_inside("nft", f"add rule inet t i tcp sport {sock.getsockname()[1]} drop")
    deaf(sock)


def taken_away(sock: socket.socket) -> None:
    """Take what is said, acknowledge it; and then the client's own address is taken away."""
    sock.recv(65536)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    run_inside("ip", "address", "flush", "dev", "lo")
    deaf(sock)


@needs_namespaces
@pytest.mark.parametrize(
    ("scheme", "script"),
    [(POSTGRES, taken_away), (POSTGRES, says(PG_LOGIN, then=taken_away))],
    ids=["auth", "query"],
)
def test_a_session_whose_own_host_has_no_way_any_more(scheme: str, script: Script) -> None:
    def look() -> SessionObservation:
        with server(script) as port:
            return session(f"{scheme}://u:p@127.0.0.1:{port}/d?{OFF[scheme]}", timeout="4s")

    failure = in_own_network(look).failure
    assert failure
    assert failure.cause is Cause.CLIENT_LOCAL_NETWORK


@needs_namespaces
@pytest.mark.parametrize(
    ("scheme", "script"),
    [(POSTGRES, cut_off), (POSTGRES, says(PG_LOGIN, then=cut_off))],
    ids=["auth", "query"],
)
def test_who_is_cut_off_after_it_was_heard_is_not_taken_for_a_mute_server(
    scheme: str, script: Script
) -> None:
    """Sessions that are under way as a path goes; what was said had arrived, and the answer does not."""

    def look() -> SessionObservation:
        with server(script) as port:
            return session(f"{scheme}://u:p@127.0.0.1:{port}/d?{OFF[scheme]}", timeout="4s")

    failure = in_own_network(look).failure
    assert failure
    assert (failure.cause, failure.phase) == (
        Cause.NET_BLACKHOLE,
        Phase.AUTH if script is cut_off else Phase.QUERY,
    )


def test_a_mute_server_whose_host_is_there_is_told_from_one_out_of_reach() -> None:
    with server(deaf) as port:
        seen = session(f"{POSTGRES}://u:p@127.0.0.1:{port}/d?{OFF[POSTGRES]}", timeout="2s")
    assert seen.failure
    assert seen.failure.cause is MUTE


@pytest.mark.parametrize(("scheme", "params"), [(POSTGRES, OFF), (POSTGRES, ON), (MYSQL, OFF), (MYSQL, ON)])
def test_the_duration_tells_how_late_it_was_closed(scheme: str, params: dict[str, str]) -> None:
    """As a proxy does that looks for somebody behind it first."""

    def late(sock: socket.socket) -> None:
        time.sleep(LATE)
        hang_up(sock)

    with server(late) as port:
        where = f"{scheme}://u:p@127.0.0.1:{port}/d?{params[scheme]}"
        seen = in_time(lambda: session(where, timeout="2s"), LATE + 0.15)
    assert seen.failure
    assert seen.failure.cause is HUNG_UP
    assert LATE <= seen.duration <= LATE + 0.15


@pytest.mark.parametrize(
    ("scheme", "script"),
    [
        (POSTGRES, says(pg_error("x" * 60_000))),
        (MYSQL, greets(mysql_packet(0, b"\xff\x10\x04" + b"x" * 60_000))),
    ],
)
def test_a_server_that_says_a_lot_is_not_heard_to_the_end(scheme: str, script: Script) -> None:
    with server(script) as port:
        seen = session(f"{scheme}://u:p@127.0.0.1:{port}/d?{OFF[scheme]}", timeout="2s")
    assert seen.failure
    assert seen.failure.cause is Cause.SERVER_SATURATED
    assert len(seen.failure.said) == LONGEST
    assert len(seen.failure.detail) <= LONGEST
