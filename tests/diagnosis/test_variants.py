"""Who ends silent connections: each row of what was measured, and its nearest look-alike."""

from dataclasses import replace

import pytest

from exporter.diagnosis.evidence import Fate
from exporter.diagnosis.variants import Outcome, Variant, judge
from exporter.model import Cause, End

KILLED = 5.0
LONG = 10.0
MIDDLEBOX = Cause.MIDDLEBOX_IDLE_TIMEOUT
PROXY = Cause.PROXY_IDLE_TIMEOUT
SERVER = Cause.SERVER_IDLE_TIMEOUT
UNKNOWN = Cause.UNKNOWN

Made = tuple[Fate, float, End | None, Cause, bool | None]
OK: Made = (Fate.SURVIVED, LONG, None, UNKNOWN, True)
SILENT: Made = (Fate.IN_VAIN, LONG, End.SILENCE, UNKNOWN, True)
RESET_ON_USE: Made = (Fate.IN_VAIN, LONG, End.RST, UNKNOWN, True)


def told(seconds: float, end: End, cause: Cause = UNKNOWN, *, listed: bool | None = False) -> Made:
    return (Fate.TOLD, seconds, end, cause, listed)


RST = told(5.03, End.RST)
FIN = told(5.03, End.FIN)
SAID = told(5.03, End.ERROR, SERVER)
POOLER = told(5.03, End.ERROR, PROXY)
LOST = told(8.2, End.SILENCE, listed=True)
KILL = told(5.0, End.ERROR, Cause.SERVER_SESSION_KILLED)
RESTART = told(5.0, End.ERROR, Cause.SERVER_RESTART)
UNASKED = told(5.0, End.FIN, listed=None)
HOLED: Made = (Fate.IN_VAIN, LONG, End.SILENCE, UNKNOWN, None)


def outcomes(*made: Made | None) -> list[Outcome]:
    """Plain, keepalive, outlasting, both, active: what became of each; None for one that is missing."""
    return [
        Outcome(variant=variant, fate=one[0], seconds=one[1], end=one[2], cause=one[3], listed=one[4])
        for variant, one in zip(Variant, made, strict=True)
        if one is not None
    ]


@pytest.mark.parametrize(
    ("made", "timeouts"),
    [
        # Nothing is wrong.
        ((OK, OK, OK, OK, OK), []),
        # A middlebox forgets, silently or with a reset when used.
        ((SILENT, OK, SILENT, OK, OK), [(MIDDLEBOX, 5.0)]),
        ((RESET_ON_USE, OK, RESET_ON_USE, OK, OK), [(MIDDLEBOX, 5.0)]),
        # A load balancer that resets at T, and MariaDB's wait_timeout, the same packets.
        ((RST, OK, RST, OK, OK), [(MIDDLEBOX, 5.03)]),
        ((RST, RST, OK, OK, OK), [(SERVER, 5.03)]),
        # A proxy, and a server's timeout seen through one.
        ((FIN, FIN, FIN, FIN, OK), [(PROXY, 5.03)]),
        ((FIN, FIN, OK, OK, OK), [(SERVER, 5.03)]),
        # PostgreSQL says so, whether or not the pairs do.
        ((SAID, SAID, OK, OK, OK), [(SERVER, 5.03)]),
        ((SAID, None, None, None, None), [(SERVER, 5.03)]),
        ((SAID, SAID, SAID, SAID, OK), [(SERVER, 5.03), (PROXY, 5.03)]),
        # A server that kills without being heard.
        ((SILENT, SILENT, OK, OK, OK), [(SERVER, 5.0)]),
        # Two at once, on PostgreSQL and MariaDB, the quicker one in either place.
        ((SILENT, told(8.03, End.ERROR, SERVER), SILENT, OK, OK), [(MIDDLEBOX, 5.0), (SERVER, 8.03)]),
        ((SILENT, told(8.03, End.RST), SILENT, OK, OK), [(MIDDLEBOX, 5.0), (SERVER, 8.03)]),
        ((RST, RST, SILENT, OK, OK), [(SERVER, 5.03), (MIDDLEBOX, 10.0)]),
        ((RST, RST, told(8.0, End.RST), OK, OK), [(SERVER, 5.03), (MIDDLEBOX, 8.0)]),
        (
            (SILENT, told(8.0, End.FIN), SILENT, told(8.0, End.FIN), OK),
            [(MIDDLEBOX, 5.0), (PROXY, 8.0)],
        ),
        ((RST, RST, told(8.0, End.FIN), told(8.0, End.FIN), OK), [(SERVER, 5.03), (PROXY, 8.0)]),
        # Some could not be opened.
        ((SILENT, OK, None, None, OK), [(MIDDLEBOX, 5.0)]),
        ((RST, OK, None, None, None), [(MIDDLEBOX, 5.03)]),
        ((None, None, SILENT, OK, None), [(MIDDLEBOX, 5.0)]),
        ((RST, None, OK, None, None), [(SERVER, 5.03)]),
        ((None, RST, None, OK, None), [(SERVER, 5.03)]),
        ((FIN, FIN, FIN, None, OK), [(PROXY, 5.03)]),
        ((FIN, FIN, told(8.0, End.FIN), None, OK), []),
        ((FIN, None, FIN, None, OK), []),
        ((FIN, FIN, FIN, FIN, None), []),
        ((SILENT, None, None, None, OK), []),
        ((), []),
        # Idle, and nothing helps but use: it was not told, so it may be anyone.
        ((SILENT, SILENT, SILENT, SILENT, OK), []),
        # One was ended by an administrator: it counts for nothing.
        ((SILENT, KILL, SILENT, OK, OK), [(MIDDLEBOX, 5.0)]),
        ((OK, KILL, OK, OK, OK), []),
    ],
)
def test_each_layer_is_found_by_a_pair_of_its_own(
    made: tuple[Made | None, ...], timeouts: list[tuple[Cause, float]]
) -> None:
    verdict = judge(outcomes(*(made or (None,) * 5)), pooled=False, killed=KILLED)
    assert list(verdict.timeouts) == timeouts
    assert verdict.event is None
    assert verdict.reasons


@pytest.mark.parametrize(
    ("made", "event"),
    [
        # The state of a firewall was flushed; the server lists the sessions still.
        ((SILENT, LOST, SILENT, LOST, SILENT), Cause.MIDDLEBOX_STATE_LOST),
        # A black hole: the server cannot even be asked.
        ((HOLED, HOLED, HOLED, HOLED, HOLED), UNKNOWN),
        # Killed, or restarted, with words and without.
        ((KILL, KILL, KILL, KILL, KILL), Cause.SERVER_SESSION_KILLED),
        ((RESTART, RESTART, RESTART, RESTART, RESTART), Cause.SERVER_RESTART),
        ((FIN, FIN, FIN, FIN, FIN), UNKNOWN),
        ((UNASKED, UNASKED, UNASKED, UNASKED, UNASKED), UNKNOWN),
    ],
)
def test_what_ends_a_connection_in_use_is_no_idleness(made: tuple[Made, ...], event: Cause) -> None:
    verdict = judge(outcomes(*made), pooled=False, killed=KILLED)
    assert (verdict.timeouts, verdict.event) == ((), event)


def test_words_count_even_where_a_connection_in_use_died_too() -> None:
    verdict = judge(outcomes(SAID, SAID, OK, OK, SILENT), pooled=False, killed=KILLED)
    assert verdict.timeouts == ((SERVER, 5.03),)


@pytest.mark.parametrize(
    ("made", "timeouts"),
    [
        # A pooler says so; one that does not is known by what it spares.
        ((POOLER, POOLER, POOLER, POOLER, OK), [(PROXY, 5.03)]),
        ((FIN, FIN, FIN, FIN, OK), [(PROXY, 5.03)]),
        ((FIN, FIN, None, None, OK), [(PROXY, 5.03)]),
        ((FIN, FIN, FIN, FIN, FIN), []),
        # What was switched off at the server behind it proves nothing.
        ((FIN, FIN, OK, OK, OK), []),
        # A middlebox before it, alone and with the pooler's own.
        ((SILENT, OK, SILENT, OK, OK), [(MIDDLEBOX, 5.0)]),
        ((SILENT, OK, None, None, OK), [(MIDDLEBOX, 5.0)]),
        (
            (SILENT, told(8.0, End.ERROR, PROXY), SILENT, told(8.0, End.ERROR, PROXY), OK),
            [(MIDDLEBOX, 5.0), (PROXY, 8.0)],
        ),
        ((SILENT, told(8.0, End.FIN), None, None, OK), [(MIDDLEBOX, 5.0), (PROXY, 8.0)]),
    ],
)
def test_behind_a_pooler(made: tuple[Made | None, ...], timeouts: list[tuple[Cause, float]]) -> None:
    assert list(judge(outcomes(*made), pooled=True, killed=KILLED).timeouts) == timeouts


def test_reasons_are_told_in_words() -> None:
    both = outcomes(SILENT, told(8.03, End.ERROR, SERVER), SILENT, OK, OK)
    assert judge(both, pooled=False, killed=KILLED).reasons == (
        "the server said so itself; with the server's own limit off, keepalives made the difference"
    )
    unarmed = [replace(outcome, fate=Fate.SURVIVED) for outcome in both[:1]]
    assert judge(unarmed, pooled=False, killed=KILLED).reasons == "an unarmed connection survived"
