"""What echoes, delays, names, paths and packet sizes show."""

from operator import itemgetter
from typing import Final

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, End
from tests.diagnosis.observing import (
    DEAF,
    REFUSED,
    SYMPTOM,
    Seen,
    case_of,
    connect,
    drop,
    echoes,
    fact,
    facts_at,
    failure,
    knock,
    name,
    path,
    route,
    session,
    signs,
    sizes,
)

C, S = Cause, Sign


def test_delays_that_rise_are_trouble_and_those_that_are_always_long_are_not() -> None:
    usual = [(float(at), echoes(rtt=0.02)) for at in range(40)]
    risen = [(float(at), echoes(rtt=0.18)) for at in range(40, 50)]
    facts = facts_at(50.0, *usual, *risen)
    assert fact(facts, S.DELAY_UP).values == {"delay": "180", "usual_delay": "20.0"}
    assert case_of(*usual).symptom(40.0) is None
    far = [(float(at), echoes(rtt=0.18)) for at in range(60)]
    assert case_of(*far).symptom(60.0) is None
    ports = [(float(at), knock(connect(rtt=0.02))) for at in range(40)]
    slower = [(float(at), knock(connect(rtt=0.18))) for at in range(40, 50)]
    assert S.DELAY_UP_TCP in signs(facts_at(50.0, *ports, *slower))


def test_echoes_show_a_gap_loss_or_that_all_is_well() -> None:
    before = [(float(at), echoes()) for at in range(90, 100)]
    gap = [(100.5 + at, echoes(1, 1)) for at in range(3)]
    assert S.ECHO_GAP in signs(facts_at(103.0, *before, SYMPTOM, *gap))
    assert S.ECHO_LOST in signs(facts_at(103.0, *before, SYMPTOM, *gap[:1]))
    assert S.ECHO_WORKS in signs(facts_at(103.0, SYMPTOM, (101.0, echoes())))
    assert S.ECHO_WORKS not in signs(facts_at(103.0, *before, SYMPTOM))
    # A host that never answered echoes has not stopped answering, unless it does answer afterwards.
    assert S.ECHO_GAP in signs(facts_at(104.0, SYMPTOM, *gap, (103.5, echoes())))
    assert signs(facts_at(103.0, SYMPTOM, *gap)).isdisjoint({S.ECHO_GAP, S.ECHO_LOST, S.ECHO_LOSS})


def test_lost_echoes_are_trouble_only_where_tcp_suffers_too() -> None:
    lossy = [(float(at), echoes(1, at % 4 == 0)) for at in range(60, 100)]
    assert case_of(*lossy).symptom(100.0) is None
    case = case_of(*lossy, (100.0, knock(connect(syn_retransmits=1, seconds=1.0))))
    assert case.symptom(100.0) is not None
    assert fact(case.facts(100.0), S.ECHO_LOSS).values == {"loss": "25"}
    over = [(float(at), echoes()) for at in range(101, 140)]
    for at, answered in over:
        case.take(at, answered)
    symptoms = case.symptom(140.0)
    assert symptoms is not None
    assert not symptoms.standing


def test_an_outage_is_no_loss() -> None:
    before = [(float(at), echoes()) for at in range(40, 97)]
    outage = [(97.0 + at, echoes(1, 1)) for at in range(3)]
    suffers = (100.0, knock(connect(syn_retransmits=1, seconds=1.0)))
    assert case_of(*before, *outage, suffers).symptom(100.0) is None
    scattered = [(at, echoes(1, 1)) for at in (80.5, 85.5, 90.5)]
    seen = sorted([*before, *scattered], key=itemgetter(0))
    assert case_of(*seen, suffers).symptom(100.0) is not None


HALF: Final = "AALALLAALLLAALALAALLAALL"
"""As a third of the packets lost each way may look: nearly every second echo."""


def fates(pattern: str, since: float, every: float = 0.5) -> list[Seen]:
    """Echoes one after the other, answered (A) or lost (L)."""
    return [(since + place * every, echoes(1, letter == "L")) for place, letter in enumerate(pattern)]


def test_some_in_a_row_are_chance_where_many_are_lost() -> None:
    before = [(float(at), echoes()) for at in range(40, 100)]
    facts = facts_at(112.5, *before, SYMPTOM, *fates(HALF, 100.5))
    assert S.ECHO_GAP not in signs(facts)
    assert fact(facts, S.ECHO_LOST).text == "ICMP: 12 of 27 echoes lost"
    assert {S.ECHO_LOSS} <= signs(facts)
    gone = fact(facts_at(122.5, *before, SYMPTOM, *fates(HALF + 20 * "L", 100.5)), S.ECHO_GAP)
    assert gone.text == "ICMP: 32 of 47 echoes lost, 22 of them in a row"
    # One that was lost before delays it, and does not keep it from being seen.
    stray = [*before[:-3], (97.5, echoes(1, 1)), *before[-2:], SYMPTOM]
    assert S.ECHO_LOST in signs(facts_at(102.5, *stray, *fates("LLLL", 100.5)))
    assert S.ECHO_GAP in signs(facts_at(104.5, *stray, *fates("LLLLLLLL", 100.5)))


def test_an_outage_that_was_over_as_the_first_symptom_came_is_one() -> None:
    before = [(float(at), echoes()) for at in range(80, 93)]
    ended = [*fates("LLLLA", 93.0, every=1.0), *fates("AAA", 98.0, every=1.0)]
    assert S.ECHO_GAP in signs(facts_at(100.5, *before, *ended, SYMPTOM))
    longer_ago = [*fates("LLLLA", 91.0, every=1.0), *fates("AAAA", 96.0, every=1.0)]
    assert S.ECHO_GAP not in signs(facts_at(100.5, *before[:-2], *longer_ago, SYMPTOM))
    stray = [*fates("LA", 96.0, every=1.0), *fates("AA", 98.0, every=1.0)]
    assert S.ECHO_LOST not in signs(facts_at(100.5, *before, *stray, SYMPTOM))
    assert signs(facts_at(100.5, *fates("LLLL", 90.0, every=1.0), SYMPTOM)).isdisjoint(
        {S.ECHO_GAP, S.ECHO_LOST}
    )


def test_echoes_that_cannot_be_sent_point_at_this_host() -> None:
    unsent = echoes(0, 0, failure=failure(C.CLIENT_LOCAL_NETWORK))
    assert S.ECHO_NEVER_SENT in signs(facts_at(100.5, SYMPTOM, (100.2, unsent)))


def turned_away(at: float, offender: str = "10.0.0.2") -> Seen:
    said = f"10.0.1.2: {offender or 'somebody'} says: network unreachable"
    return at, echoes(1, 1, failure=failure(C.NET_UNREACHABLE, detail=said, offender=offender))


def test_echoes_that_are_turned_away_of_late_say_that_there_is_no_way() -> None:
    usual = (90.0, echoes())
    seen = fact(facts_at(101.0, usual, SYMPTOM, turned_away(100.2)), S.ECHO_UNREACHABLE)
    assert seen.text == (
        "ICMP: echoes were turned away on the way (10.0.1.2: 10.0.0.2 says: network unreachable)"
    )
    assert seen.values == {"offender": "10.0.0.2"}
    assert fact(facts_at(101.0, usual, SYMPTOM, turned_away(100.2, "")), S.ECHO_UNREACHABLE).values == {}

    def told(at: float, *seen: Seen) -> bool:
        return S.ECHO_UNREACHABLE in signs(facts_at(at, *seen))

    seldom = turned_away(95.0), turned_away(98.0)
    assert told(101.0, usual, *seldom, SYMPTOM), "whoever is asked seldom notices later"
    lasting = usual, SYMPTOM, turned_away(100.2), (101.2, echoes(1, 1)), turned_away(399.0)
    assert told(400.0, *lasting), "the router goes on saying so"
    assert not told(101.0, SYMPTOM, turned_away(100.2)), "it may always have been so"
    assert not told(101.0, (20.0, echoes()), turned_away(30.0), turned_away(99.0), SYMPTOM), "long before"
    assert told(102.0, usual, SYMPTOM, turned_away(100.2), (101.0, echoes())), "it was no less true then"
    assert not told(300.0, usual, SYMPTOM, turned_away(100.2), (299.0, echoes(1, 1))), "nobody says so now"
    anew = (101.0, echoes()), turned_away(111.0)
    assert told(112.0, usual, turned_away(30.0), *anew, (110.0, session(DEAF))), "not what it was before"
    over = case_of(usual, SYMPTOM, turned_away(100.2))
    over.settle()
    assert S.ECHO_UNREACHABLE not in signs(over.facts(101.0))
    ended = 100.0, drop(End.FIN)
    assert told(102.0, usual, ended, turned_away(100.2))
    for passes in (session(), knock(connect())):
        assert not told(102.0, usual, ended, turned_away(100.2), (101.9, passes)), "a rule against echoes"


def test_names_that_do_not_resolve_are_slow_or_change_are_told() -> None:
    unknown = failure(C.DNS_FAILURE, code="-2")
    facts = facts_at(
        100.0,
        (99.9, name(failed=unknown, resolver="10.0.0.2:53")),
        (100.0, name(failed=unknown, rcode="NXDOMAIN")),
    )
    said = fact(facts, S.SAID)
    assert said.cause is C.DNS_FAILURE
    assert said.values == {"resolver": "10.0.0.2:53"}
    assert "NXDOMAIN" in said.text
    slow = [(100.0, name("10.0.1.2", seconds=1.5)), (101.0, name("10.0.1.2", seconds=1.5))]
    assert fact(facts_at(101.0, *slow), S.NAME_SLOW).strength == 1.0
    moved = [(90.0, name("10.0.1.2")), (99.0, name("10.0.1.3", changed=True)), SYMPTOM]
    assert fact(facts_at(100.0, *moved), S.ANSWER_CHANGED).values == {"before": "10.0.1.2", "now": "10.0.1.3"}
    long_ago = [(80.0, name("10.0.1.2")), (90.0, name("10.0.1.3", changed=True)), SYMPTOM]
    assert S.ANSWER_CHANGED not in signs(facts_at(100.0, *long_ago))
    assert case_of((90.0, name("10.0.1.2", resolver="10.0.0.2:53"))).symptom(100.0) is None
    assert S.ANSWER_CHANGED not in signs(facts_at(100.0, (99.0, name("10.0.1.3", changed=True)), SYMPTOM))


def test_a_name_that_leads_to_several_by_turns_has_not_changed() -> None:
    turns = [(60.0 + at, name(f"10.0.1.{2 + at // 10 % 2}", changed=at > 0)) for at in range(0, 60, 10)]
    usual = sorted([*turns, (105.0, session(REFUSED))], key=itemgetter(0))
    assert S.ANSWER_CHANGED not in signs(facts_at(115.0, *usual))
    new = (111.0, name("10.0.1.9", changed=True))
    assert fact(facts_at(115.0, *usual, new), S.ANSWER_CHANGED).values["now"] == "10.0.1.9"


def test_a_name_server_that_invents_addresses_is_not_remembered_for_ever() -> None:
    case = case_of((90.0, name(*(f"10.1.{high}.{low}" for high in range(4) for low in range(200)))))
    case.take(99.0, name("10.0.1.3", changed=True))
    case.take(*SYMPTOM)
    assert S.ANSWER_CHANGED in signs(case.facts(100.0))


def test_of_a_resolver_that_is_out_of_reach_the_host_is_to_blame() -> None:
    facts = facts_at(100.0, (100.0, name(failed=failure(C.CLIENT_RESOURCES))))
    assert S.SAID not in signs(facts)


def test_the_path_shows_where_loss_starts_and_where_it_ends_short() -> None:
    whole = path("10.0.0.2", "10.0.1.2")
    lossy = path("10.0.0.2", "10.0.1.2", route=route("10.0.0.2", "10.0.1.2", loss_start=2, network="transit"))
    shown = fact(facts_at(102.0, SYMPTOM, (101.0, lossy)), S.LOSS_STARTS)
    assert shown.values == {"hop": "2", "hop_address": "10.0.1.2", "network": "transit"}
    short = path("10.0.0.2", None, reached=False, route=route("10.0.0.2", None))
    assert fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, short)), S.PATH_SHORT).values["hop"] == "1"
    nobody = path(None, None, reached=False)
    assert "not even" in fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, nobody)), S.PATH_SHORT).text
    nearer = path("10.0.0.2")
    assert fact(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, nearer)), S.PATH_NEARER).values == {
        "hop": "1"
    }
    assert signs(facts_at(102.0, (90.0, whole), SYMPTOM, (101.0, whole))).isdisjoint(
        {S.PATH_SHORT, S.PATH_NEARER}
    )
    # Who never reached the target cannot tell, and an old round tells nothing.
    assert S.PATH_SHORT not in signs(facts_at(102.0, SYMPTOM, (101.0, short)))
    assert S.PATH_SHORT not in signs(facts_at(102.0, (90.0, whole), (91.0, short), SYMPTOM))
    assert S.PATH_SHORT not in signs(facts_at(102.0, SYMPTOM, (101.0, path())))


def test_sizes_show_whether_larger_packets_vanish() -> None:
    hole = failure(C.NET_MTU_BLACKHOLE)
    shown = fact(facts_at(101.0, SYMPTOM, (100.5, sizes(1400, blackhole=True, failed=hole))), S.BIG_VANISH)
    assert shown.values == {"mtu": "1400", "mss": "1360"}
    assert S.BIG_VANISH in signs(facts_at(101.0, SYMPTOM, (100.5, sizes(1400, blackhole=True))))
    assert S.BIG_PASSES in signs(facts_at(101.0, SYMPTOM, (100.5, sizes(1500, blackhole=False))))
    assert S.BIG_PASSES not in signs(facts_at(101.0, (90.0, sizes(1500, blackhole=False)), SYMPTOM))
