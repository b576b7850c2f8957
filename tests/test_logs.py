"""Log lines: one event a line, whatever is in it."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from exporter import logs
from exporter.journal import Journal
from exporter.model import (
    Cause,
    Change,
    DropObservation,
    End,
    Failure,
    HeldObservation,
    Hop,
    IdleObservation,
    Incident,
    InquestObservation,
    Missing,
    MtuObservation,
    Observation,
    PathObservation,
    Phase,
    PingObservation,
    ServerObservation,
    ServerView,
    SessionObservation,
    Severity,
    Stage,
    Step,
)


@pytest.fixture(params=logs.FORMATS)
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def out(style: str) -> Iterator[io.StringIO]:
    """The log as the daemon sets it up, into a string."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("debug", style, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


HOSTILE = 'a"b\\c\n\r\t\x00\x1b[31m\u2028 = \ud800 ü'


def test_a_line_is_a_line(style: str, out: io.StringIO) -> None:
    """Whatever a server has said."""
    logging.getLogger("x").warning(
        "probe failed", extra={"fields": {"said": HOSTILE, "cause": Cause.UNKNOWN}}
    )
    (line,) = out.getvalue().splitlines()
    assert line.isascii()
    if style == "json":
        event = json.loads(line)
        assert (event["level"], event["msg"], event["said"], event["cause"]) == (
            "warn",
            "probe failed",
            HOSTILE,
            "unknown",
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["ts"])
    else:
        assert re.fullmatch(r'ts=\S+Z level=warn msg="probe failed" said=".*" cause=unknown', line)
        assert json.loads(line.partition("said=")[2].removesuffix(" cause=unknown")) == HOSTILE


def test_a_traceback_is_one_line_too(out: io.StringIO) -> None:
    try:
        raise RuntimeError("x\ny")
    except RuntimeError:
        logging.getLogger("x").exception("probe broke")
    assert len(out.getvalue().splitlines()) == 1
    assert "RuntimeError" in out.getvalue()


def test_long_words_are_cut(out: io.StringIO) -> None:
    logging.getLogger("x").error("probe failed", extra={"fields": {"said": "x" * 1_000_000}})
    assert 4000 < len(out.getvalue()) < 4500


def test_a_failed_session_is_one_line_with_all_that_matters(style: str, out: io.StringIO) -> None:
    failure = Failure(
        phase=Phase.AUTH, cause=Cause.AUTH_CREDENTIALS, detail="no", said="FATAL:  go away", code="28P01"
    )
    Journal().record(
        SessionObservation(
            target="orders",
            probe="session",
            started=1.0,
            duration=0.25,
            failure=failure,
            phases=((Phase.TCP, 0.1),),
        )
    )
    (line,) = out.getvalue().splitlines()
    if style == "json":
        event = json.loads(line)
        del event["ts"]
        assert event == {
            "level": "warn", "msg": "probe failed", "target": "orders", "probe": "session", "phase": "auth",
            "cause": "auth.credentials", "duration": "0.250000", "detail": "no",
            "code": "28P01", "said": "FATAL:  go away",
        }  # fmt: skip
    else:
        assert line.partition(" ")[2] == (
            'level=warn msg="probe failed" target=orders probe=session phase=auth cause=auth.credentials '
            'duration=0.250000 detail=no code=28P01 said="FATAL:  go away"'
        )


def test_the_servers_words_stand_there_once(out: io.StringIO) -> None:
    failure = Failure(phase=None, cause=Cause.AUTH_CREDENTIALS, detail="go away", said="go away")
    Journal().record(Observation(target="a", probe="idle", started=1.0, duration=0.2, failure=failure))
    assert out.getvalue().count("go away") == 1


def test_a_good_session_is_no_line(out: io.StringIO) -> None:
    Journal().record(SessionObservation(target="a", probe="session", started=1.0, duration=0.2, phases=()))
    assert out.getvalue() == ""


def echo(**more: Any) -> PingObservation:
    return PingObservation(target="a", probe="ping", started=1.0, duration=0.2, **more)


def test_of_a_row_of_lost_echoes_the_first_and_the_end_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """And another cause; the others are there for who looks closely."""
    caplog.set_level(logging.DEBUG)
    journal = Journal()
    failed = Failure(phase=None, cause=Cause.DNS_FAILURE, detail="gone")
    for observation in (
        echo(sent=1, rtts=(0.1,)),
        echo(sent=1, lost=1),
        echo(sent=1, lost=1),
        echo(failure=failed),
        echo(sent=1, rtts=(0.1,)),
    ):
        journal.record(observation)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "echo lost"), ("DEBUG", "echo lost"), ("WARNING", "probe failed"),
        ("INFO", "echo answered again"),
    ]  # fmt: skip
    assert caplog.records[-1].fields["failed"] == 3  # type: ignore[attr-defined]  # put there by `extra`


def path(**more: Any) -> PathObservation:
    return PathObservation(target="a", probe="path", started=1.0, duration=0.2, **more)


def mtu(**more: Any) -> MtuObservation:
    return MtuObservation(target="a", probe="mtu", started=1.0, duration=0.2, **more)


REFUSED = Failure(phase=None, cause=Cause.NET_UNREACHABLE, detail="a router says no")


@pytest.mark.parametrize(
    ("failed", "silent", "answered"),
    [
        (path(failure=REFUSED), path(hops=(Hop(ttl=1),)), path(hops=(Hop(ttl=1, reached=True),))),
        (mtu(failure=REFUSED), mtu(), mtu(mtu=1500, blackhole=False)),
    ],
    ids=["path", "mtu"],
)
def test_a_target_that_falls_silent_has_not_succeeded_again(
    failed: Observation, silent: Observation, answered: Observation, caplog: pytest.LogCaptureFixture
) -> None:
    """A router says no now and then only: what lies between is the same row."""
    caplog.set_level(logging.INFO)
    journal = Journal()
    for observation in (failed, silent, failed, silent, answered):
        journal.record(observation)
    assert [record.getMessage() for record in caplog.records] == ["probe failed", "probe succeeded again"]
    assert caplog.records[-1].fields["failed"] == 2  # type: ignore[attr-defined]  # put there by `extra`


def test_an_inquest_is_no_line_and_ends_no_row(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    journal = Journal()
    about: dict[str, Any] = {"target": "orders", "probe": "idle", "started": 1.0, "duration": 0.0}
    failure = Failure(phase=None, cause=Cause.SERVER_DOWN, detail="x")
    journal.record(HeldObservation(**about, held=0, failure=failure))
    journal.record(
        InquestObservation(
            **about, end=End.SILENCE, silent=9.0, used=True, reachable=False, listed=None, idle=False
        )
    )
    assert [record.getMessage() for record in caplog.records] == ["probe failed"]


def test_a_drop_tells_its_age(caplog: pytest.LogCaptureFixture) -> None:
    """It took no time, so a duration would be a riddle."""
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail="connection reset by the peer")
    Journal().record(
        DropObservation(
            target="a", probe="sentinel", started=1.0, duration=92.5, failure=failure,
            end=End.RST, silent=2.5, used=True, tcp=None,
        )
    )  # fmt: skip
    (record,) = caplog.records
    assert record.fields == {  # type: ignore[attr-defined]  # put there by `extra`
        "target": "a", "probe": "sentinel", "cause": "unknown", "detail": "connection reset by the peer",
        "end": "rst", "age": "92.500", "silent": "2.500", "used": "yes",
    }  # fmt: skip


@pytest.mark.parametrize(("probe", "level"), [("sentinel", "WARNING"), ("pool", "WARNING"), ("idle", "INFO")])
def test_what_drops_as_expected_is_no_warning(
    probe: str, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failure = Failure(phase=None, cause=Cause.UNKNOWN, detail="x")
    times = {"started": 1.0, "duration": 92.5, "silent": 2.5}
    Journal().record(
        DropObservation(target="a", probe=probe, failure=failure, end=End.FIN, used=True, tcp=None, **times)
    )
    assert [record.levelname for record in caplog.records] == [level]


def idle(**more: Any) -> IdleObservation:
    return IdleObservation(target="a", probe="idle", started=1.0, duration=0.0, **more)


def test_what_is_found_out_about_an_idle_timeout_is_told_when_it_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    journal = Journal()
    told = ((Cause.MIDDLEBOX_IDLE_TIMEOUT, 350.0), (Cause.SERVER_IDLE_TIMEOUT, 600.0))
    known = {"survived": 345.2, "killed": 350.1, "pool_recycle": 276.0, "keepalive": 60.0}
    for observation in (
        idle(survived=30.0, killed=None),
        idle(survived=3600.0, killed=None, settled=True, pool_recycle=2880.0),
        idle(**known),
        idle(**known, settled=True),
        idle(**known | {"survived": 345.22}, settled=True),
        idle(**known | {"survived": None}, settled=True, timeouts=told),
    ):
        journal.record(observation)
    first, second, third = caplog.records
    assert [record.getMessage() for record in caplog.records] == [
        "no idle timeout on the ladder", "idle timeout found", "idle timeout found",
    ]  # fmt: skip
    assert first.fields == {"target": "a", "probe": "idle", "survived": "3600.0"}  # type: ignore[attr-defined]  # put there by `extra`
    assert second.fields == {  # type: ignore[attr-defined]  # put there by `extra`
        "target": "a", "probe": "idle", "survived": "345.2", "killed": "350.1",
        "pool_recycle": "276.0", "keepalive": "60.0", "cause": "unknown",
    }  # fmt: skip
    assert third.fields["cause"] == "middlebox.idle_timeout,server.idle_timeout"  # type: ignore[attr-defined]  # put there by `extra`
    assert "survived" not in third.fields  # type: ignore[attr-defined]  # put there by `extra`


def fields(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = record.fields  # type: ignore[attr-defined]  # put there by `extra`
    return found


def a_look(*changes: Change, **view: Any) -> ServerObservation:
    told = ServerView(product="PostgreSQL", version="18.1", **view)
    return ServerObservation(
        target="a", probe="server", started=1.0, duration=0.2, view=told, changes=changes
    )


def test_a_privilege_that_is_missing_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    stats = Missing(privilege="pg_read_all_stats", needed_for="states", grant="GRANT pg_read_all_stats TO x")
    other = Missing(privilege="y", needed_for="z", grant="GRANT y TO x")
    journal = Journal()
    for missing in ((stats,), (stats,), (stats, other), (stats, other)):
        journal.record(a_look(missing=missing))
    assert [fields(record)["privilege"] for record in caplog.records] == ["pg_read_all_stats", "y"]
    assert fields(caplog.records[0])["grant"] == stats.grant
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_a_target_that_comes_back_under_an_old_name_is_another_one(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is left of one that has gone; others stay as they are."""
    caplog.set_level(logging.DEBUG)
    journal = Journal()
    missing = Missing(privilege="PROCESS", needed_for="connections", grant="GRANT PROCESS")
    other = replace(echo(sent=1, lost=1), target="other")
    seen = (echo(sent=1, lost=1), a_look(missing=(missing,)), idle(survived=30.0, killed=None, settled=True))
    for observation in (*seen, other):
        journal.record(observation)
    first = [(record.levelname, record.getMessage()) for record in caplog.records]
    journal.forget("a")
    caplog.clear()
    for observation in (*seen, other):
        journal.record(observation)
    again = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert again == [*first[:-1], ("DEBUG", "echo lost")]


def test_a_server_that_has_changed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal()
    journal.record(a_look(identity="1", address="10.0.0.1", started=0.0))
    journal.record(a_look(Change.RESTART, identity="1", address="10.0.0.1", started=60.0))
    journal.record(a_look(Change.IDENTITY, Change.ADDRESS, identity="2", address="10.0.0.9", started=0.0))
    lines = [(record.getMessage(), fields(record)) for record in caplog.records]
    about = {"target": "a", "probe": "server"}
    assert lines == [
        ("server has restarted", about | {"started": "1970-01-01T00:01:00.000Z"}),
        (
            "another server answers",
            about | {"before": "1", "now": "2", "started": "1970-01-01T00:00:00.000Z"},
        ),
        ("server sees another address of ours", about | {"before": "10.0.0.1", "now": "10.0.0.9"}),
    ]


INCIDENT = Incident(
    id="orders-20261121T153012.123Z",
    target="orders",
    cause=Cause.SERVER_DOWN,
    severity=Severity.CRITICAL,
    started=100.0,
    ended=161.5,
    summary="nobody listens at db:5432",
    evidence=("3 connects were refused", "its host answers echoes"),
    fix=(Step(text="start the server"), Step(text="and see why it ended")),
    confidence=0.875,
)


def test_an_incident_is_told_in_three_lines(out: io.StringIO, style: str) -> None:
    journal = Journal()
    for stage in Stage:
        journal.incident(stage, INCIDENT, Cause.UNKNOWN)
    opened, named, closed = out.getvalue().splitlines()
    if style == "logfmt":
        about = (
            " target=orders id=orders-20261121T153012.123Z cause=server.down severity=critical"
            ' summary="nobody listens at db:5432" confidence=0.88'
        )
        evidence = ' evidence="3 connects were refused; its host answers echoes" fix="start the server"'
        assert opened.endswith('Z level=warn msg="incident opened"' + about)
        assert named.endswith('Z level=warn msg="incident named"' + about + evidence)
        assert closed.endswith('Z level=info msg="incident closed"' + about + " duration=61.500")
    else:
        assert json.loads(named)["summary"] == INCIDENT.summary


def test_a_better_name_tells_which_it_takes_the_place_of(out: io.StringIO, style: str) -> None:
    Journal().incident(Stage.NAMED, replace(INCIDENT, evidence=(), fix=()), Cause.NET_BLACKHOLE)
    (line,) = out.getvalue().splitlines()
    if style == "logfmt":
        assert line.endswith(" before=net.blackhole")
    else:
        assert json.loads(line)["before"] == "net.blackhole"
