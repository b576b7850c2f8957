"""Every sign is shown by something that can be seen, and weighs for or against a cause, but for one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from exporter.diagnosis.rules import RULES
from exporter.diagnosis.shared import Told, shared
from exporter.diagnosis.sign import Sign
from exporter.diagnosis.subject import Subject
from exporter.model import Cause, Change, Counted, End, HostCondition, Phase, Trial
from tests.diagnosis.observing import (
    DEAF,
    REFUSED,
    SUBJECT,
    SYMPTOM,
    Seen,
    case_of,
    connect,
    drop,
    echoes,
    failure,
    held,
    idle,
    inquest,
    knock,
    name,
    path,
    route,
    server,
    session,
    signs,
    sizes,
    trial,
)

C = Cause
HUNG_UP: Final = failure(C.PROXY_BACKEND_UNAVAILABLE, Phase.AUTH)
SIX: Final = failure(C.DNS_IPV6_BROKEN)
USUAL: Final[list[Seen]] = [
    (float(at), seen) for at in range(50, 99) for seen in (echoes(rtt=0.01), knock(connect(rtt=0.01)))
]
KEPT: Final[list[Seen]] = [(at, replace(server(), kept=True)) for at in (80.0, 90.0, 101.0)]
LIMITED: Final = (90.0, server(settings={"wait_timeout": 10.0}))
FOUND: Final = (101.0, idle(9.0, 10.0, (C.MIDDLEBOX_IDLE_TIMEOUT, 9.8)))
BIG: Final[dict[str, Any]] = {"small": True, "there": True, "size": 4000}
COUNTED: Final = server(errors={"max_connections": 0})
REFUSING: Final = server(errors={"max_connections": 3}).view
STORIES: Final[list[Sequence[Seen]]] = [
    # openings
    [(100.0, session(failure(C.AUTH_CREDENTIALS, Phase.AUTH, code="1045", said="Access denied")))],
    [(100.0, session(failure(C.CLIENT_LOCAL_NETWORK, Phase.TCP)))],
    [(100.0, session(failure(C.NET_BLACKHOLE, Phase.AUTH)))],
    [(100.0, session(failure(C.NET_UNREACHABLE, Phase.TCP)))],
    [(100.0, session(failure(C.SERVER_UNRESPONSIVE, Phase.AUTH)))],
    [(100.0, session(failure(C.SERVER_UNRESPONSIVE, Phase.QUERY)))],
    [(100.0, session(failure(C.TLS_HANDSHAKE, Phase.TLS)))],
    [(100.0, session(HUNG_UP, seconds=3.0)), (101.0, session(HUNG_UP, seconds=3.0))],
    [(95.0, session(REFUSED)), (96.0, session()), (100.0, session(REFUSED)), (101.0, session(REFUSED))],
    [(95.0, session(DEAF)), (101.0, session(DEAF))],
    [(95.0, session(REFUSED)), (101.0, session(REFUSED))],
    [SYMPTOM, (101.0, knock(connect(DEAF, seconds=3.0), connect(SIX, seconds=3.0)))],
    [(100.0, drop(End.FIN)), (101.0, session()), (101.0, knock(connect())), (101.0, echoes())],
    [(99.0 + at, knock(connect(syn_retransmits=1))) for at in range(3)],
    # held ones, and such as are left silent
    [SYMPTOM, (101.0, held(1, 0.3, revived=1))],
    [(100.0, drop(End.SILENCE, C.NET_BLACKHOLE)), (103.0, drop(End.RST, probe="server"))],
    [(100.0, drop(End.SILENCE, C.SERVER_UNRESPONSIVE))],
    [(100.0, drop(End.SILENCE, C.CLIENT_LOCAL_NETWORK))],
    [(100.0, drop(End.FIN)), (100.1, drop(End.FIN, probe="idle", silent=20.0))],
    [(40.0, drop(End.RST)), (100.0, drop(End.RST, used=True))],
    [(90.0, held(4, probe="idle")), (100.0, drop(End.RST))],
    [LIMITED, SYMPTOM, (101.0, inquest(End.RST, used=False)), (101.0, inquest()), FOUND],
    [(90.0, server(settings={})), SYMPTOM, (101.0, inquest(End.FIN, used=False))],
    # the way
    [*USUAL, (99.0, echoes(3, 3)), SYMPTOM],
    [*USUAL, *[(100.0, echoes(10, 1))] * 4, SYMPTOM],
    [SYMPTOM, (101.0, echoes(0, 0, failure=failure(C.CLIENT_LOCAL_NETWORK)))],
    [(90.0, echoes()), SYMPTOM, (101.0, echoes(1, 1, failure=failure(C.NET_UNREACHABLE)))],
    [*USUAL, *((100 + at / 9, echoes(rtt=0.2)) for at in range(60))],
    [*USUAL, *((100 + at / 9, knock(connect(rtt=0.2))) for at in range(60))],
    [(90.0, path("10.0.0.2", "10.0.1.2")), SYMPTOM, (101.0, path("10.0.0.2"))],
    [(90.0, path("10.0.0.2", "10.0.1.2")), SYMPTOM, (101.0, path("10.0.0.2", reached=False))],
    [SYMPTOM, (101.0, path("10.0.0.2", "10.0.1.2", route=route("10.0.0.2", "10.0.1.2", loss_start=2)))],
    [SYMPTOM, (101.0, sizes(1400, blackhole=True)), (101.0, trial(Trial.SIZES, back=False, **BIG))],
    [SYMPTOM, (101.0, trial(Trial.SIZES, back=True, **BIG)), (101.0, trial(Trial.TLS))],
    # names and servers
    [(90.0, name("10.0.1.2")), (100.0, name("10.0.1.3", changed=True, seconds=1.5)), SYMPTOM],
    [*KEPT[:2], SYMPTOM, *KEPT[2:]],
    [SYMPTOM, (101.0, server(Change.RESTART, own_address="10.0.0.1", address="10.0.0.1"))],
    [SYMPTOM, (101.0, server(Change.IDENTITY, own_address="10.0.0.1", address="10.0.1.1"))],
    [
        (90.0, COUNTED),
        SYMPTOM,
        (101.0, replace(COUNTED, counters={Counted.SESSIONS_KILLED: 2}, view=REFUSING)),
    ],
    [(90.0, server(read_only=False)), (100.0, server(read_only=True, lock_waiters=2, used=95))],
]


def shown_by_the_host() -> set[Sign]:
    case = case_of((100.0, held(1, 0.3)))
    case.learn(100.2, HostCondition(seconds=1.0, lag=4.0, checksum_errors=5, descriptors_left=0))
    return signs(case.facts(101.5))


def shown_by_all_together() -> set[Sign]:
    dead = case_of((100.0, session(DEAF))).facts(101.5)
    other = Subject(target="other", host="db2.example.com", port=5432, family="postgresql")
    learnt = shared([Told(subject=SUBJECT, facts=dead), Told(subject=other, facts=dead)])
    return signs(learnt["other"])


def test_every_sign_is_shown_by_something() -> None:
    seen = {sign for story in STORIES for sign in signs(case_of(*story).facts(101.5))}
    assert set(Sign) - seen - shown_by_the_host() - shown_by_all_together() == set()


def test_every_sign_weighs_in_a_row() -> None:
    keys = [
        key for row in RULES.values() for weights in (row.grounds, row.beside, row.against) for key in weights
    ]
    idle = set(Sign) - {key[0] if isinstance(key, tuple) else key for key in keys}
    assert idle == {Sign.FRESH_FAILED}, "which is for people only"
