"""The series of the network's probes: what each observation counts, shows, and takes away."""

from typing import Any

import pytest

from exporter.exposition import SERIES
from exporter.exposition.dns import DnsMetrics
from exporter.exposition.families import Families
from exporter.exposition.held import DropFamilies
from exporter.exposition.mtu import MtuMetrics
from exporter.exposition.path import PathMetrics
from exporter.exposition.tcp import TcpMetrics
from exporter.exposition.tls import TlsMetrics
from exporter.model import (
    Cause,
    Connect,
    DnsObservation,
    Failure,
    Hop,
    MtuObservation,
    Observation,
    PathObservation,
    Route,
    RouteHop,
    TcpObservation,
    TlsObservation,
)
from tests.scraping import scraped, series, value

SEEN: dict[str, Any] = {"target": "a", "probe": "x", "started": 1.0, "duration": 0.2}
ROUTE = Route(
    hops=(
        RouteHop(ttl=1, address="10.0.0.1", hostname="gateway.example", network="office"),
        RouteHop(ttl=2, address=None),
        RouteHop(ttl=3, address="192.0.2.7"),
    ),
    changes=1,
    loss_start=2,
    rate_limited=(2,),
)
HOPS = (
    Hop(ttl=1, address="10.0.0.1", rtt=0.001),
    Hop(ttl=2),
    Hop(ttl=3, address="192.0.2.7", rtt=0.004, reached=True),
)
FAILURES = {
    "path": "conndrop_path_failures_total",
    "mtu": "conndrop_path_mtu_failures_total",
    "dns": "conndrop_dns_failures_total",
    "tcp": "conndrop_tcp_connect_failures_total",
    "tls": "conndrop_tls_failures_total",
}


@pytest.fixture
def families() -> Families:
    return Families()


def failed(cause: Cause) -> Failure:
    return Failure(phase=None, cause=cause, detail="x")


@pytest.mark.parametrize("probe", FAILURES)
def test_all_that_can_be_foreseen_begins_at_0(families: Families, probe: str) -> None:
    """And a probe that breaks is counted without a new series."""
    metrics = SERIES[probe](families)
    metrics.expect("a")
    at_first = scraped(families)
    assert set(at_first.values()) == {0}
    metrics.record(Observation(**SEEN, failure=failed(Cause.UNKNOWN)))
    found = scraped(families)
    assert value(families, FAILURES[probe], target="a", cause="unknown") == 1
    assert {name for name, _ in found} == {name for name, _ in at_first}
    assert len(found) == len(at_first)
    assert sum(found.values()) == (1 if probe == "mtu" else 2)


@pytest.mark.parametrize("probe", ["idle", "pool"])
def test_connections_that_are_left_silent_may_die_of_it(families: Families, probe: str) -> None:
    """Of a series that began with a 1 no increase would be seen."""
    DropFamilies(families).expect("a", probe)
    for cause in ("middlebox.idle_timeout", "proxy.idle_timeout", "server.idle_timeout"):
        labels = {"target": "a", "probe": probe, "end": "silence", "cause": cause}
        assert value(families, "conndrop_drops_total", **labels) == 0


@pytest.mark.parametrize("probe", FAILURES)
def test_a_cause_nobody_foresaw_is_counted_all_the_same(families: Families, probe: str) -> None:
    metrics = SERIES[probe](families)
    metrics.record(Observation(**SEEN, failure=failed(Cause.SERVER_READ_ONLY)))
    assert value(families, FAILURES[probe], target="a", cause="server.read_only") == 1


def test_a_round_along_the_path(families: Families) -> None:
    path = PathMetrics(families)
    path.expect("a")
    path.record(PathObservation(**SEEN, hops=HOPS, route=ROUTE))
    path.record(PathObservation(**SEEN, hops=HOPS, route=ROUTE))
    assert value(families, "conndrop_path_rounds_total", target="a") == 2
    assert value(families, "conndrop_path_hops", target="a") == 3
    assert value(families, "conndrop_path_changes_total", target="a") == 2
    assert value(families, "conndrop_path_loss_start_ttl", target="a") == 2
    for ttl, lost in (("1", 0), ("2", 2), ("3", 0)):
        assert value(families, "conndrop_path_hop_sent_total", target="a", ttl=ttl) == 2
        assert value(families, "conndrop_path_hop_lost_total", target="a", ttl=ttl) == lost
    assert value(families, "conndrop_path_hop_rtt_seconds", target="a", ttl="3") == 0.004
    assert value(families, "conndrop_path_hop_rtt_seconds", target="a", ttl="2") is None
    assert series(families, "conndrop_path_hop_rate_limited") == [{"target": "a", "ttl": "2"}]
    infos = sorted(series(families, "conndrop_path_hop_info"), key=lambda labels: labels["ttl"])
    assert infos == [
        {
            "target": "a",
            "ttl": "1",
            "address": "10.0.0.1",
            "hostname": "gateway.example",
            "network": "office",
        },
        {"target": "a", "ttl": "3", "address": "192.0.2.7", "hostname": "", "network": ""},
    ]


def test_the_path_is_shown_as_the_latest_round_found_it(families: Families) -> None:
    """Another router, no loss, a target out of reach: only how far away it was is kept."""
    path = PathMetrics(families)
    path.record(PathObservation(**SEEN, hops=HOPS, route=ROUTE))
    moved = Route(hops=(RouteHop(ttl=1, address="10.0.0.9"),))
    path.record(PathObservation(**SEEN, hops=(Hop(ttl=1, address="10.0.0.9", rtt=0.002),), route=moved))
    assert [labels["address"] for labels in series(families, "conndrop_path_hop_info")] == ["10.0.0.9"]
    assert series(families, "conndrop_path_hop_rtt_seconds") == [{"target": "a", "ttl": "1"}]
    assert series(families, "conndrop_path_loss_start_ttl") == []
    assert series(families, "conndrop_path_hop_rate_limited") == []
    assert value(families, "conndrop_path_hops", target="a") == 3
    assert value(families, "conndrop_path_hop_sent_total", target="a", ttl="3") == 1


def test_an_answer_lost_at_the_target_makes_the_way_no_longer(families: Families) -> None:
    path = PathMetrics(families)
    further = (*HOPS[:2], Hop(ttl=3), Hop(ttl=4, address="192.0.2.7", rtt=0.004, reached=True))
    path.record(PathObservation(**SEEN, hops=further, route=ROUTE))
    assert value(families, "conndrop_path_hops", target="a") == 3


def test_a_round_that_could_not_be_made_leaves_nothing_of_the_path(families: Families) -> None:
    path = PathMetrics(families)
    path.record(PathObservation(**SEEN, hops=HOPS, route=ROUTE))
    path.record(PathObservation(**SEEN, failure=failed(Cause.DNS_FAILURE)))
    assert value(families, "conndrop_path_failures_total", target="a", cause="dns.failure") == 1
    for name in ("hop_info", "hop_rtt_seconds", "hop_rate_limited", "loss_start_ttl"):
        assert series(families, f"conndrop_path_{name}") == []


def test_the_size_of_packets(families: Families) -> None:
    mtu = MtuMetrics(families)
    mtu.record(MtuObservation(**SEEN, mtu=1400, blackhole=True))
    assert value(families, "conndrop_path_mtu_bytes", target="a") == 1400
    assert value(families, "conndrop_path_mtu_blackhole", target="a") == 1
    mtu.record(MtuObservation(**SEEN, mtu=1500, blackhole=False))
    assert value(families, "conndrop_path_mtu_blackhole", target="a") == 0
    mtu.record(MtuObservation(**SEEN, failure=failed(Cause.NET_BLACKHOLE)))
    assert value(families, "conndrop_path_mtu_bytes", target="a") is None
    assert value(families, "conndrop_path_mtu_blackhole", target="a") is None
    assert value(families, "conndrop_path_mtu_failures_total", target="a", cause="net.blackhole") == 1


def test_resolutions(families: Families) -> None:
    dns = DnsMetrics(families)
    dns.record(DnsObservation(**SEEN, answers=("192.0.2.1",)))
    dns.record(DnsObservation(**SEEN, answers=("192.0.2.2", "2001:db8::2"), changed=True))
    assert value(families, "conndrop_dns_answers", target="a") == 2
    dns.record(DnsObservation(**SEEN, failure=failed(Cause.DNS_FAILURE)))
    assert value(families, "conndrop_dns_queries_total", target="a") == 3
    assert value(families, "conndrop_dns_failures_total", target="a", cause="dns.failure") == 1
    assert value(families, "conndrop_dns_seconds_count", target="a") == 2
    assert value(families, "conndrop_dns_seconds_sum", target="a") == pytest.approx(0.4)
    assert value(families, "conndrop_dns_answer_changes_total", target="a") == 1
    assert value(families, "conndrop_dns_answers", target="a") == 0
    assert not any(name.startswith("conndrop_dns_resolver") for name, _ in scraped(families))


def test_questions_to_resolvers(families: Families) -> None:
    """They count for themselves, and an answer that is no longer given has no time to live."""
    dns = DnsMetrics(families)
    dns.expect("a")
    for resolver in ("192.0.2.53", "2001:db8::53"):
        dns.record(
            DnsObservation(**SEEN, resolver=resolver, answers=("192.0.2.1",), ttl=60.0, rcode="NOERROR")
        )
    dns.record(DnsObservation(**SEEN, resolver="192.0.2.53", failure=failed(Cause.DNS_FAILURE)))
    first = {"target": "a", "resolver": "192.0.2.53"}
    assert value(families, "conndrop_dns_resolver_queries_total", **first) == 2
    assert value(families, "conndrop_dns_resolver_failures_total", **first, cause="dns.failure") == 1
    assert value(families, "conndrop_dns_resolver_failures_total", **first, cause="unknown") == 0
    assert value(families, "conndrop_dns_resolver_seconds_count", **first) == 1
    second = {"target": "a", "resolver": "2001:db8::53"}
    assert series(families, "conndrop_dns_resolver_answer_ttl_seconds") == [second]
    assert value(families, "conndrop_dns_resolver_answer_ttl_seconds", **second) == 60
    assert value(families, "conndrop_dns_queries_total", target="a") == 0


def test_a_resolver_that_is_no_longer_asked_has_no_answer(families: Families) -> None:
    """It was taken out of resolv.conf; the others stay while a round is under way."""
    dns = DnsMetrics(families)
    name = "conndrop_dns_resolver_answer_ttl_seconds"
    for resolvers in (["192.0.2.53", "192.0.2.54"], ["192.0.2.54"]):
        for resolver in ["", *resolvers]:
            dns.record(DnsObservation(**SEEN, resolver=resolver, answers=("192.0.2.1",), ttl=60.0))
    dns.record(DnsObservation(**SEEN, answers=("192.0.2.1",)))
    assert series(families, name) == [{"target": "a", "resolver": "192.0.2.54"}]


def test_connects(families: Families) -> None:
    tcp = TcpMetrics(families)
    refused = failed(Cause.SERVER_DOWN)
    connects = (
        Connect(address="192.0.2.1", seconds=0.01, syn_retransmits=1, mss=1460),
        Connect(address="2001:db8::1", seconds=0.02, mss=1220),
        Connect(address="2001:db8::2", seconds=0.5, syn_retransmits=2, failure=refused),
    )
    tcp.record(TcpObservation(**SEEN, connects=connects, failure=refused))
    assert value(families, "conndrop_tcp_connects_total", target="a") == 3
    assert value(families, "conndrop_tcp_connect_failures_total", target="a", cause="server.down") == 1
    assert value(families, "conndrop_tcp_connect_seconds_count", target="a") == 2
    assert value(families, "conndrop_tcp_connect_seconds_sum", target="a") == pytest.approx(0.03)
    assert value(families, "conndrop_tcp_syn_retransmits_total", target="a") == 3
    assert value(families, "conndrop_tcp_mss_bytes", target="a") == 1220
    for family, state, there in (
        ("ipv4", "connects", 1), ("ipv4", "fails", 0), ("ipv6", "connects", 1), ("ipv6", "fails", 1),
    ):  # fmt: skip
        assert value(families, "conndrop_tcp_addresses", target="a", family=family, state=state) == there


def test_a_name_that_does_not_resolve_is_one_connect_that_failed(families: Families) -> None:
    tcp = TcpMetrics(families)
    tcp.record(TcpObservation(**SEEN, connects=(Connect(address="192.0.2.1", seconds=0.01, mss=1460),)))
    tcp.record(TcpObservation(**SEEN, failure=failed(Cause.DNS_FAILURE)))
    assert value(families, "conndrop_tcp_connects_total", target="a") == 2
    assert value(families, "conndrop_tcp_connect_failures_total", target="a", cause="dns.failure") == 1
    assert value(families, "conndrop_tcp_mss_bytes", target="a") is None
    assert value(families, "conndrop_tcp_addresses", target="a", family="ipv4", state="connects") == 0


def test_handshakes(families: Families) -> None:
    tls = TlsMetrics(families)
    tls.record(
        TlsObservation(
            **SEEN, handshake=0.03, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", verified=True,
            expires=1.9e9, chain_expires=1.8e9,
        )
    )  # fmt: skip
    agreed = {"target": "a", "version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "verified": "true"}
    assert series(families, "conndrop_tls_info") == [agreed]
    tls.record(
        TlsObservation(
            **SEEN, handshake=0.03, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", expires=2e9
        )
    )
    assert series(families, "conndrop_tls_info") == [agreed | {"verified": "false"}]
    assert value(families, "conndrop_tls_handshakes_total", target="a") == 2
    assert value(families, "conndrop_tls_handshake_seconds_count", target="a") == 2
    assert value(families, "conndrop_tls_certificate_expiry_timestamp_seconds", target="a") == 2e9


def test_a_certificate_goes_on_expiring_while_its_server_is_away(families: Families) -> None:
    tls = TlsMetrics(families)
    tls.record(TlsObservation(**SEEN, handshake=0.03, version="TLSv1.2", expires=1.9e9, chain_expires=1.8e9))
    tls.record(TlsObservation(**SEEN, failure=failed(Cause.TLS_HANDSHAKE)))
    assert series(families, "conndrop_tls_info") == []
    assert value(families, "conndrop_tls_failures_total", target="a", cause="tls.handshake") == 1
    assert value(families, "conndrop_tls_handshake_seconds_count", target="a") == 1
    assert value(families, "conndrop_tls_certificate_expiry_timestamp_seconds", target="a") == 1.9e9
    assert value(families, "conndrop_tls_chain_expiry_timestamp_seconds", target="a") == 1.8e9


def test_a_server_that_now_does_without_tls_has_no_certificate(families: Families) -> None:
    """The URL lets it; nobody is to be warned of what is shown no more."""
    tls = TlsMetrics(families)
    tls.record(TlsObservation(**SEEN, handshake=0.01, expires=4e9, chain_expires=3e9))
    tls.record(TlsObservation(**SEEN))
    for name in ("certificate", "chain"):
        assert series(families, f"conndrop_tls_{name}_expiry_timestamp_seconds") == []
