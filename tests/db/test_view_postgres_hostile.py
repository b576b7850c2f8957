"""Servers that are no PostgreSQL, or do not want to be one: what they tell of themselves harms nobody."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exporter.db.postgres.view import IDENTIFY, view
from exporter.db.postgres.view_sql import IDENTITY, LAG, WITH_TABLES
from exporter.model import Cause, Missing, ProbeError
from tests.db.holding import SECONDS, opened
from tests.db.test_hostile import PG_LOGIN, PG_READY
from tests.db.viewing import ordinary, rows_of
from tests.doubles import Script, deaf, hang_up, postgres_message, says
from tests.doubles import server as double
from tests.servers import Postgres

NONSENSE: tuple[Any, ...] = (
    None,
    "x",
    "",
    [],
    {},
    [[]],
    -1,
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    True,
)
INTEGER, NUMERIC, TEXT = 23, 1700, 25


def answering(whole: object, identity: object = "7", lag: object = 0.0) -> Callable[..., Any]:
    """Ask nobody."""
    rows = {WITH_TABLES: ((json.dumps(whole),),), IDENTITY: ((identity,),), LAG: ((lag,),)}
    return lambda sql: rows[sql]


@pytest.mark.parametrize(
    "rows",
    [(), ((),), ((None,),), ((7,),), (("x",),), (("[]",),), (("{}",),), (("null",),), (("[" * 10**6,),)],
)
def test_an_answer_that_is_none(rows: Any) -> None:
    with pytest.raises(ProbeError, match="does not tell of itself as PostgreSQL does"):
        view(lambda _: rows, tables=False)


def test_an_answer_with_nonsense_anywhere(server: Postgres) -> None:
    """Wherever it is in an answer, it is either taken for what it can be, or told as no answer."""
    with ordinary(server) as connection:
        whole = json.loads(rows_of(connection, WITH_TABLES)[0][0])
    whole["settings"] = [row for row in whole["settings"] if "timeout" in row[0] or "connections" in row[0]]
    whole["settings"] += [["default_transaction_read_only", "off", None, "bool"]]
    whole["server"]["replica"] = True
    whole["roles"] = [["probe", 3, True]]
    assert view(answering(whole), tables=True).replica
    refused = 0
    for holder, key in list(places(whole)):
        good = holder[key]
        for bad in NONSENSE:
            holder[key] = bad
            try:
                view(answering(whole), tables=True)
            except ProbeError:
                refused += 1
        holder[key] = good
    assert refused > 1000
    for bad in NONSENSE:
        for ask in (answering(whole, identity=bad), answering(whole, lag=bad)):
            try:
                view(ask, tables=True)
            except ProbeError:
                refused += 1


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every place in a document: what it is in, and under which key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize(
    ("kind", "said"),
    [(INTEGER, b"many"), (NUMERIC, b"many"), (TEXT, b"\xff\xfe"), (TEXT, b"{}"), (INTEGER, b"9" * 5000)],
)
def test_a_value_that_is_not_of_its_type(kind: int, said: bytes) -> None:
    verdict(says(PG_LOGIN, one_value(kind, said), then=deaf))


def test_a_server_that_falls_silent() -> None:
    assert verdict(says(PG_LOGIN, then=deaf), seconds=0.3) is Cause.SERVER_UNRESPONSIVE


def test_an_end_after_a_refusal() -> None:
    """What was refused before has nothing to do with it."""
    refusal = postgres_message(b"E", b"SERROR\0C42501\0Mnot for you\0\0") + PG_READY
    whole = one_value(TEXT, json.dumps(WHOLE).encode())
    assert verdict(says(PG_LOGIN, whole, refusal, then=hang_up)) is Cause.UNKNOWN


def one_value(kind: int, said: bytes) -> bytes:
    """Write an answer of one row and column."""
    column = b"x\0" + bytes(6) + kind.to_bytes(4, "big") + b"\xff\xff" + bytes(4) + bytes(2)
    messages = (
        postgres_message(b"T", b"\0\1" + column),
        postgres_message(b"D", b"\0\1" + len(said).to_bytes(4, "big") + said),
        postgres_message(b"C", b"SELECT 1\0"),
        PG_READY,
    )
    return b"".join(messages)


def verdict(script: Script, seconds: float = SECONDS) -> Cause:
    """Look at a double that cannot be looked at, and say why."""
    with double(script) as port:
        session = opened(f"postgresql://probe@127.0.0.1:{port}/shop?sslmode=disable")
        session.renew(seconds)
        try:
            with pytest.raises(ProbeError) as raised:
                session.view(tables=False)
        finally:
            session.abandon()
        return raised.value.cause


@pytest.mark.parametrize(
    ("code", "missing"), [("42501", (IDENTIFY.of("probe"),)), ("0A000", ()), ("42883", ())]
)
def test_what_is_apart_is_not_told(code: str, missing: tuple[Missing, ...]) -> None:
    told = view(refusing(code), tables=True)
    assert (told.identity, told.replication_lag, told.missing) == ("", None, missing)


def test_the_end_in_between() -> None:
    with pytest.raises(ProbeError, match="no"):
        view(refusing("57P01"), tables=True)


def refusing(code: str) -> Callable[..., Any]:
    """Answer the first question only."""

    def ask(sql: str) -> Any:
        if sql == WITH_TABLES:
            return ((json.dumps(WHOLE),),)
        raise ProbeError(Cause.UNKNOWN, "no", said="no", code=code)

    return ask


WHOLE = {
    "server": {
        "version": "13.1",
        "description": "PostgreSQL 13.1",
        "started": 1.0,
        "uptime": 9.0,
        "replica": True,
        "address": None,
        "account": "probe",
        "grantee": "probe",
        "database": "shop",
        "sees_all": True,
        "may_identify": True,
    },
    "settings": [
        ["max_connections", "40", None, "integer"],
        ["superuser_reserved_connections", "3", None, "integer"],
        ["default_transaction_read_only", "off", None, "bool"],
    ],
    "activity": [[None, None, None, "", "walwriter", None, None, 1, None, None]],
    "roles": None,
    "databases": [[5, "shop", -1, None, None, None, None, 1, 1, 1, 1, {"datname": "shop"}]],
}


def test_a_server_that_does_not_count_sessions() -> None:
    """Such is PostgreSQL 13, and what builds on it."""
    told = view(answering(WHOLE), tables=True)
    assert {str(counted) for counted in told.counters["5"]} == {
        "transactions",
        "buffer_requests",
        "buffer_misses",
    }
    assert told.address == ""
