"""A server met again: restarts, failovers, other addresses of ours, counters that fall."""

from dataclasses import replace

import pytest

from exporter.model import Change, Counted, ServerView, State
from exporter.probes.acquaintance import Acquaintance
from exporter.probes.ledger import Ledger

KILLED, OPENED = Counted.SESSIONS_KILLED, Counted.CONNECTIONS_OPENED


def a_view(
    *,
    at: float = 0.0,
    started: float | None = 1000.0,
    identity: str = "a",
    address: str = "10.0.0.1",
    busy: int = 1,
    opened: tuple[int, ...] = (5,),
) -> ServerView:
    """Make a view as the server would give it `at` seconds after the first."""
    return ServerView(
        product="PostgreSQL",
        version="18.0",
        identity=identity,
        started=started,
        uptime=None if started is None else 10_000.0 + at - started,
        address=address,
        connections={State.ACTIVE: busy},
        counters={str(number): {OPENED: count} for number, count in enumerate(opened)},
    )


def changes(*views: tuple[float, ServerView]) -> list[Change]:
    """Meet a server again and again at these times, and give what had changed in the end."""
    now = [0.0]
    known = Acquaintance(lambda: now[0])
    found: tuple[Change, ...] = ()
    for at, view in views:
        now[0] = at
        found = known.meet(view).changes
    return list(found)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (a_view(at=30), []),
        (a_view(at=30, started=1001.5), []),
        (a_view(at=30, started=10_020.0), [Change.RESTART]),
        (a_view(at=30, started=1030.0), []),  # its clock has been set
        (a_view(at=30, started=500.0), [Change.IDENTITY]),  # a standby has taken over
        (a_view(at=30, identity="b"), [Change.IDENTITY]),
        (a_view(at=30, identity="b", started=10_020.0), [Change.IDENTITY]),
        (a_view(at=30, identity=""), []),
        (a_view(at=30, started=None), []),
        (a_view(at=30, address="10.0.0.2"), [Change.ADDRESS]),
        (a_view(at=30, address=""), []),
        (a_view(at=30, address="2001:db8::1"), []),
        (a_view(at=30, address="app-1.example.com"), []),
        (a_view(at=30, started=10_020.0, address="10.0.0.2"), [Change.RESTART, Change.ADDRESS]),
    ],
)
def test_what_has_changed(second: ServerView, expected: list[Change]) -> None:
    assert changes((0, a_view()), (30, second)) == expected
    assert changes((0, a_view())) == []


def test_each_family_of_addresses_is_known_by_itself() -> None:
    six, other_six = a_view(address="2001:db8::1"), a_view(address="2001:db8::2")
    assert changes((0, a_view()), (30, six), (60, a_view())) == []
    assert changes((0, six), (30, a_view()), (60, other_six)) == [Change.ADDRESS]
    assert changes((0, six), (30, other_six), (60, other_six)) == []


def test_a_look_without_a_view_changes_nothing() -> None:
    known = Acquaintance(lambda: 0.0)
    known.meet(a_view())
    nothing = known.meet(None)
    assert (nothing.view, nothing.changes, nothing.counters) == (None, (), {})
    assert known.meet(a_view(started=5000.0)).changes == (Change.IDENTITY,)


def test_the_start_does_not_flap() -> None:
    known = Acquaintance(lambda: 0.0)
    starts = [known.meet(a_view(started=start)).view for start in (1000.0, 1001.0, 999.0)]
    assert [view and view.started for view in starts] == [1000.0] * 3


def test_the_high_water_mark_is_the_servers_or_what_we_have_seen() -> None:
    now = [0.0]
    known = Acquaintance(lambda: now[0])
    seen = [known.meet(a_view(busy=busy)).view for busy in (3, 9, 2)]
    assert [view and view.high_water for view in seen] == [3, 9, 9]
    now[0] = 30.0
    restarted = known.meet(a_view(at=30, started=10_020.0, busy=1)).view
    assert restarted
    assert restarted.high_water == 1


@pytest.mark.parametrize(("after", "expected"), [((101,), 151), ((3,), 3)])
def test_counters_that_outlive_a_restart_keep_what_was_dropped_before(
    after: tuple[int, ...], expected: int
) -> None:
    """The sum would fall otherwise, though it has not begun anew: all of it would look like new events."""
    now = [0.0]
    known = Acquaintance(lambda: now[0])
    known.meet(a_view(opened=(100, 50)))
    assert known.meet(a_view(opened=(100,))).counters == {OPENED: 150}
    now[0] = 30.0
    meeting = known.meet(a_view(at=30, started=10_020.0, opened=after))
    assert meeting.changes == (Change.RESTART,)
    assert meeting.counters == {OPENED: expected}


def test_databases_are_added_up() -> None:
    ledger = Ledger()
    assert ledger.add_up({}) == {}
    assert ledger.add_up({"1": {KILLED: 1, OPENED: 10}, "2": {KILLED: 2}}) == {KILLED: 3, OPENED: 10}


def test_a_database_that_is_dropped_is_no_restart() -> None:
    ledger = Ledger()
    ledger.add_up({"1": {KILLED: 100}, "2": {KILLED: 7}})
    assert ledger.add_up({"1": {KILLED: 101}}) == {KILLED: 108}
    assert ledger.add_up({"1": {KILLED: 102}, "3": {KILLED: 1}}) == {KILLED: 110}


def test_statistics_that_are_reset_are_no_restart() -> None:
    """Also of what has not fallen in the sum: a database begins anew as a whole."""
    ledger = Ledger()
    ledger.add_up({"1": {KILLED: 5, OPENED: 3}, "2": {KILLED: 100, OPENED: 100}})
    assert ledger.add_up({"1": {KILLED: 1, OPENED: 3}, "2": {KILLED: 100, OPENED: 101}}) == {
        KILLED: 106,
        OPENED: 107,
    }


def test_what_is_flushed_does_not_count_the_rest_twice() -> None:
    ledger = Ledger()
    ledger.add_up({"": {OPENED: 1000, KILLED: 5}})
    assert ledger.add_up({"": {OPENED: 1001, KILLED: 1}}) == {OPENED: 1001, KILLED: 6}


def test_a_server_that_starts_anew_counts_from_the_start() -> None:
    ledger = Ledger()
    ledger.add_up({"1": {KILLED: 5}})
    ledger.add_up({})
    ledger.begin()
    assert ledger.add_up({"1": {KILLED: 1}}) == {KILLED: 1}


def test_what_another_server_had_counted_is_no_news() -> None:
    """Whether it had counted more than the one before it, or less; from then on its events are."""
    ledger = Ledger()
    ledger.add_up({"": {KILLED: 5, OPENED: 100}})
    ledger.succeed()
    assert ledger.add_up({"": {KILLED: 900, OPENED: 3}}) == {KILLED: 5, OPENED: 100}
    assert ledger.add_up({"": {KILLED: 902, OPENED: 4}}) == {KILLED: 7, OPENED: 101}
    ledger.begin()
    assert ledger.add_up({"": {KILLED: 1, OPENED: 2}}) == {KILLED: 1, OPENED: 2}


def test_a_failover_is_no_flood_of_events() -> None:
    known = Acquaintance(lambda: 0.0)
    known.meet(replace(a_view(), counters={"": {KILLED: 5}}))
    met = known.meet(replace(a_view(identity="b"), counters={"": {KILLED: 900}}))
    assert (met.changes, met.counters) == ((Change.IDENTITY,), {KILLED: 5})
