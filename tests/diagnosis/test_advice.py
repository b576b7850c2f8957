"""What is recommended: the numbers, and the lines to copy."""

import pytest

from exporter.diagnosis.advice import keepalive, pool_recycle, pool_recycle_unsafe, sentences
from exporter.model import Cause

MIDDLEBOX = Cause.MIDDLEBOX_IDLE_TIMEOUT
PROXY = Cause.PROXY_IDLE_TIMEOUT
SERVER = Cause.SERVER_IDLE_TIMEOUT


@pytest.mark.parametrize(("survived", "seconds"), [(345.0, 276.0), (46.5, 37.0), (4.2, 3.0), (1.0, 0.0)])
def test_a_pool_lets_go_after_four_fifths_of_what_was_survived(survived: float, seconds: float) -> None:
    assert pool_recycle(survived) == seconds


@pytest.mark.parametrize(
    ("survived", "causes", "seconds"),
    [
        (345.0, (), 60.0),
        (345.0, (MIDDLEBOX,), 60.0),
        (45.0, (MIDDLEBOX,), 15.0),
        (45.0, (MIDDLEBOX, SERVER), 15.0),
        (45.0, (SERVER,), None),
        (45.0, (PROXY,), None),
        (45.0, (PROXY, SERVER), None),
    ],
)
def test_keepalives_are_for_middleboxes(
    survived: float, causes: tuple[Cause, ...], seconds: float | None
) -> None:
    assert keepalive(survived, causes) == seconds


@pytest.mark.parametrize(
    ("recycle", "killed", "survived", "unsafe"),
    [
        (3600.0, 350.0, 345.0, True),
        (350.0, 350.0, 345.0, True),
        (276.0, 350.0, 345.0, False),
        (345.0, 350.0, 345.0, False),
        (347.0, 350.0, 345.0, None),
        (None, 350.0, 345.0, True),
        (-1.0, 350.0, None, True),
        (None, None, 3600.0, None),
        (-1.0, None, 3600.0, None),
        (1800.0, None, 3600.0, False),
        (7200.0, None, 3600.0, None),
        (276.0, None, None, None),
        (276.0, 350.0, None, None),
    ],
)
def test_whether_a_pool_hands_out_dead_connections(
    recycle: float | None, killed: float | None, survived: float | None, unsafe: bool | None
) -> None:
    assert pool_recycle_unsafe(recycle, killed, survived) is unsafe


def test_nothing_is_recommended_before_anything_is_known() -> None:
    assert sentences("postgresql", None) == ()


def test_the_lines_for_a_middlebox_before_postgresql() -> None:
    assert sentences("postgresql", 345.0, [(MIDDLEBOX, 350.0)]) == (
        "SQLAlchemy: create_engine(..., pool_recycle=276, pool_pre_ping=True)",
        "libpq: keepalives=1 keepalives_idle=60 keepalives_interval=30 keepalives_count=3 "
        "tcp_user_timeout=150000",
    )


def test_the_lines_for_a_middlebox_and_a_server_of_mysql() -> None:
    assert sentences("mysql", 4.5, [(MIDDLEBOX, 5.0), (SERVER, 8.03)]) == (
        "SQLAlchemy: create_engine(..., pool_recycle=3, pool_pre_ping=True)",
        "PyMySQL: on its socket, in SQLAlchemy's connect event: TCP_KEEPIDLE=1 TCP_KEEPINTVL=5 TCP_KEEPCNT=3 "
        "TCP_USER_TIMEOUT=16000 SO_KEEPALIVE=1; and read_timeout above the longest query",
        "Server: it ends sessions that are silent for 8.03 s; for one session: "
        "SET SESSION wait_timeout = 28800",
    )


def test_the_lines_for_a_proxy_and_a_server_of_postgresql() -> None:
    assert sentences("postgresql", 49.0, [(PROXY, 50.0), (SERVER, 60.0)]) == (
        "SQLAlchemy: create_engine(..., pool_recycle=39, pool_pre_ping=True)",
        "Server: it ends sessions that are silent for 60 s; for one session: SET idle_session_timeout = 0",
        "Proxy: it ends connections that are silent for 50 s; raise its idle timeouts, on the client's side "
        "and on the server's",
    )
