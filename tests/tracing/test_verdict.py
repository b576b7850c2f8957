"""What many rounds add up to, exactly, and the sentence on them, case by case."""

import math
import random
import statistics
from collections.abc import Sequence
from itertools import pairwise

import pytest

from exporter.model import Cause, Failure, Hop
from exporter.net.hostnames import Hostnames
from exporter.net.owners import NOBODY, Owners
from exporter.net.waiting import Stop
from exporter.tracing.destination import Destination
from exporter.tracing.naming import Naming, plain
from exporter.tracing.table import Table, Trace, TracedHop
from exporter.tracing.tracer import LEAST_PATIENCE, Pace, Tracer
from exporter.tracing.verdict import State, judge
from tests.waiting import wait_for

TARGET = Destination(host="db.test", address="10.9.9.9", port=5432, protocol="tcp")
NAMING = Naming(Owners({"Transit": ["10.0.3.0/24"]}), None)
REFUSED = Failure(phase=None, cause=Cause.NET_UNREACHABLE, detail="10.9.9.9: 10.0.1.2 says: no way")


def answer(ttl: int, address: str | None, rtt: float | None = 0.01, *, reached: bool = False) -> Hop:
    return Hop(ttl=ttl, address=address, rtt=rtt if address else None, reached=reached)


def test_the_figures_are_exact_over_all_rounds() -> None:
    """Two thousand answers, among them lost ones: against the statistics of the whole list."""
    dice, table = random.Random(7), Table()  # noqa: S311  any numbers do
    delays = [dice.choice([None, dice.uniform(0.01, 3.0)]) for _ in range(2000)]
    for delay in delays:
        table.take(answer(1, None if delay is None else "10.0.0.2", delay))
        table.end_round()
    hop = table.trace().hops[0]
    answered = [delay for delay in delays if delay is not None]
    jitters = [abs(one - other) for one, other in pairwise(answered)]
    assert (hop.asked, hop.lost) == (2000, 2000 - len(answered))
    assert hop.loss == hop.lost / 2000
    assert hop.delays
    assert (hop.delays.last, hop.delays.best, hop.delays.worst) == (
        answered[-1],
        min(answered),
        max(answered),
    )
    assert math.isclose(hop.delays.mean, statistics.mean(answered), rel_tol=1e-9)
    assert math.isclose(hop.delays.deviation, statistics.stdev(answered), rel_tol=1e-9)
    assert math.isclose(hop.delays.mean_jitter, statistics.mean(jitters), rel_tol=1e-9)
    assert hop.delays.jitter == jitters[-1]


def test_the_nearest_that_is_the_target_ends_the_path_wherever_it_moves() -> None:
    table = Table()

    def round_of(*hops: Hop) -> list[str | None]:
        for hop in hops:
            table.take(hop)
        table.end_round()
        return [hop.address for hop in table.trace().hops]

    assert round_of(answer(1, "a"), answer(2, "t", reached=True)) == ["a", "t"]
    # Lost, and looked for further away: the packet lives longer than it must.
    assert round_of(answer(1, "a"), answer(2, None), answer(3, "t", reached=True)) == ["a", "t"]
    # A router stands there now.
    assert round_of(answer(1, "a"), answer(2, "b"), answer(3, "t", reached=True)) == ["a", "b", "t"]
    assert table.trace().hops[1].addresses == ("b", "t")
    assert round_of(answer(1, "t", reached=True)) == ["t"]
    table.reset()
    assert table.trace() == Trace()


def traced(*losses: int | None, asked: int = 20) -> Trace:
    """Give a path with so many packets lost at each hop, None for a mute one; the last is the target."""
    last = len(losses)
    return Trace(
        rounds=asked,
        hops=tuple(
            TracedHop(
                ttl=ttl,
                asked=asked,
                lost=asked if lost is None else lost,
                addresses=() if lost is None else ("10.9.9.9" if ttl == last else f"10.0.{ttl}.2",),
                reached=ttl == last,
            )
            for ttl, lost in enumerate(losses, start=1)
        ),
    )


WHERE = "TCP port 5432 of db.test (10.9.9.9)"
HALF = f"Loss that reaches {WHERE} (10 of 20 packets, 50.0%) begins at"
SAID: Sequence[tuple[Trace, State, str]] = [
    (Trace(), State.UNKNOWN, "Too early to say: the first round is under way."),
    (traced(0, 0), State.CLEAN, f"No loss reaches {WHERE}: all 20 packets to it were answered."),
    (
        traced(0, 1),
        State.UNCLEAR,
        f"Too early to say: 1 of 20 packets to {WHERE} got no answer, which may be chance; more cycles tell.",
    ),
    (
        traced(0, 1, asked=200),
        State.CLEAN,
        f"No loss reaches {WHERE}: 1 of 200 packets to it got no answer, which is no more than on any path.",
    ),
    (
        traced(0, 0, 9, 10),
        State.LOSS,
        f"{HALF} hop 3, 10.0.3.2 (Transit): before that, hop 2, 10.0.2.2, loses nothing.",
    ),
    (
        traced(0, 0, 5000, 5100, asked=10_000),
        State.LOSS,
        f"Loss that reaches {WHERE} (5100 of 10000 packets, 51.0%) begins at hop 3, 10.0.3.2 (Transit): "
        "before that, hop 2, 10.0.2.2, loses nothing.",
    ),
    (
        traced(1, 0, 190, 210, asked=10_000),
        State.LOSS,
        f"Loss that reaches {WHERE} (210 of 10000 packets, 2.1%) begins at hop 3, 10.0.3.2 (Transit): "
        "before that, hop 2, 10.0.2.2, loses nothing.",
    ),
    (
        traced(90_000, 1000, 1000, asked=100_000),
        State.RATE_LIMITED,
        f"Loss of 90.0% at hop 1, 10.0.1.2, is only rate limiting of answers, because what passes there "
        f"arrives: no loss reaches {WHERE}; 1000 of 100000 packets to it got no answer, which is no more "
        "than on any path.",
    ),
    (
        traced(0, 0, 3, 12, 14),
        State.LOSS,
        f"Loss that reaches {WHERE} (14 of 20 packets, 70.0%) begins at hop 4, 10.0.4.2, or already at "
        "hop 3, 10.0.3.2 (Transit), with 15.0%: before that, hop 2, 10.0.2.2, loses nothing.",
    ),
    (
        traced(18, 0, 9, 10),
        State.LOSS,
        f"{HALF} hop 3, 10.0.3.2 (Transit): before that, hop 2, 10.0.2.2, loses nothing.",
    ),
    (
        traced(0, 19, 9, 10),
        State.LOSS,
        f"{HALF} hop 2, 10.0.2.2, or behind it, because its own answers are rate limited: before that, "
        "hop 1, 10.0.1.2, loses nothing.",
    ),
    (
        traced(3, 12, 14),
        State.LOSS,
        f"Loss that reaches {WHERE} (14 of 20 packets, 70.0%) begins at hop 2, 10.0.2.2: no hop before "
        "that is known to be free of loss.",
    ),
    (
        traced(1, None, 10),
        State.LOSS,
        f"{HALF} hop 2, which never answers, or behind it: before that, hop 1, 10.0.1.2, loses only 5.0%.",
    ),
    (
        traced(0, 10),
        State.LOSS,
        f"{HALF} the target, hop 2, just in front of it, or on its way back: before that, hop 1, 10.0.1.2, "
        "loses nothing.",
    ),
    (
        traced(10, 9, 10),
        State.LOSS,
        f"{HALF} hop 1, 10.0.1.2, the first there is: look at this host's own network.",
    ),
    (
        traced(None, None, 10),
        State.UNCLEAR,
        f"Packets to {WHERE} are lost (10 of 20 packets, 50.0%), but no router on the way answers, so that "
        "nobody can say where.",
    ),
    (
        traced(0, 2, 3, asked=6),
        State.UNCLEAR,
        f"Packets to {WHERE} are lost (3 of 6 packets, 50.0%), but it is too early to say from which hop on: "
        "more cycles tell.",
    ),
    (
        traced(0, 15, 18, 0),
        State.RATE_LIMITED,
        "Loss of 75.0% at hop 2, 10.0.2.2, and 90.0% at hop 3, 10.0.3.2 (Transit), is only rate limiting of "
        f"answers, because what passes there arrives: no loss reaches {WHERE}; all 20 packets to it were "
        "answered.",
    ),
]


@pytest.mark.parametrize(("trace", "state", "sentence"), SAID)
def test_one_sentence_says_it(trace: Trace, state: State, sentence: str) -> None:
    verdict = judge(trace, TARGET, NAMING.title)
    assert (verdict.state, verdict.sentence) == (state, sentence)
    assert verdict.good == (state in (State.CLEAN, State.RATE_LIMITED))


def test_a_router_that_refuses_now_and_then_is_told_of_beside_what_arrives() -> None:
    table = Table()
    for refused in (False, True, False):
        table.take(answer(1, "10.0.1.2"))
        table.take(
            Hop(ttl=2, address="10.0.1.2", failure=REFUSED)
            if refused
            else answer(2, "10.9.9.9", reached=True)
        )
        table.end_round()
    verdict = judge(table.trace(), TARGET, NAMING.title)
    assert verdict.sentence == (
        f"Packets to {WHERE} are refused by hop 1, 10.0.1.2, which says: no way (in 1 of 3 rounds)."
    )
    assert not verdict.good


@pytest.mark.parametrize("mute", [True, False])
def test_who_answers_only_to_refuse_may_stand_nearer(mute: bool) -> None:
    """Its own hop is silent: it is not at the one that was asked when it refused."""
    table = Table()
    for own in (answer(2, None), *([] if mute else [answer(2, "10.9.9.9", reached=True)])):
        for hop in (
            answer(1, "10.0.0.2"),
            own,
            Hop(ttl=3 if mute else 2, address="10.0.1.2", failure=REFUSED),
        ):
            table.take(hop)
        if not mute:
            table.take(answer(2, "10.9.9.9", reached=True))
        table.end_round()
    said = judge(table.trace(), TARGET, NAMING.title).sentence
    assert f"refused by 10.0.1.2, at hop {3 if mute else 2} or before it, which says: no way (in " in said


def test_a_loop_is_called_one() -> None:
    """And two routers that change places, or one that answers for its neighbour, are none."""

    def said(path: str) -> str:
        table = Table()
        for ttl, router in enumerate(path, start=1):
            table.take(answer(ttl, None if router == "-" else f"10.0.{router}.2"))
        table.end_round()
        return judge(table.trace(), TARGET, NAMING.title).sentence

    assert said("1232323") == (
        f"{WHERE} does not answer: packets go round and round between hop 2, 10.0.2.2, "
        "and hop 3, 10.0.3.2 (Transit), which is a routing loop."
    )
    assert "between hop 2, 10.0.2.2, and hop 4, 10.0.4.2, " in said("12-42-42-")
    for path in ("1232", "12222", "1-", "1234", "1232324"):
        assert "loop" not in said(path)


def test_this_host_may_refuse_as_well() -> None:
    table = Table()
    table.take(Hop(ttl=1, failure=REFUSED))
    table.take(answer(1, "10.0.1.2"))
    table.end_round()
    said = judge(table.trace(), TARGET, NAMING.title).sentence
    assert (
        said == f"Packets to {WHERE} are refused by this host itself, which says: no way (in 1 of 2 rounds)."
    )


def test_who_never_answers_gets_the_full_time_only_twice() -> None:
    """So that a mute router does not hold up all others; but whoever ever answered is waited for."""
    tracer = Tracer(
        Destination(host="127.0.0.1", address="127.0.0.1", port=9, protocol="tcp"), Pace(timeout=0.9), Stop()
    )
    for _ in range(2):
        assert tracer._patience(3) == 0.9
        tracer._learn(Hop(ttl=3))
    assert tracer._patience(3) == LEAST_PATIENCE
    tracer._learn(answer(2, "a", 0.2))
    assert tracer._patience(3) == pytest.approx(0.6)
    tracer._learn(answer(3, "b", 0.25))
    assert tracer._patience(3) == 0.9


def test_names_are_made_harmless_and_waited_for() -> None:
    names = {"10.0.3.2": "evil\x1b[2J\u202e name[bold]", "10.0.4.2": ""}
    naming = Naming(Owners({"Transit": ["10.0.3.0/24"]}), Hostnames(lambda address: names[address]))
    trace = Trace(hops=(TracedHop(ttl=1, asked=1, lost=0, addresses=tuple(names)),))
    naming.settle(trace, 5.0, Stop())
    assert naming.title("10.0.3.2") == "evil\ufffd[2J\ufffd\ufffdname[bold] (10.0.3.2, Transit)"
    assert naming.title("10.0.4.2") == "10.0.4.2"
    assert plain("ok-1.example") == "ok-1.example"


def test_a_name_that_is_an_address_is_none() -> None:
    """Whoever keeps the reverse zone could have another host blamed."""
    naming = Naming(NOBODY, Hostnames(lambda _: "192.0.2.1"))
    trace = Trace(hops=(TracedHop(ttl=1, asked=1, lost=0, addresses=("10.0.3.2",)),))
    naming.settle(trace, 5.0, Stop())
    assert naming.title("10.0.3.2") == "10.0.3.2"


def test_nobody_waits_for_names_that_never_come() -> None:
    asked = Stop()
    naming = Naming(NOBODY, Hostnames(lambda _: str(asked.sleep(10.0))))
    trace = Trace(hops=(TracedHop(ttl=1, asked=1, lost=0, addresses=("10.0.0.1",)),))
    naming.settle(trace, 0.05, Stop())
    thrown = Stop()
    thrown.throw()
    naming.settle(trace, 60.0, thrown)
    assert naming.title("10.0.0.1") == "10.0.0.1"
    asked.throw()
    wait_for(lambda: naming.name("10.0.0.1") == "True")
