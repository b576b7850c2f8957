"""Silence is told from slowness: by values measured, and on sockets whose packets are really dropped."""

import socket
import time
from dataclasses import replace

import pytest

from exporter.diagnosis.silence import judge
from exporter.model import Cause, TcpInfo
from exporter.net.keepalive import asked_for
from exporter.net.tcp_info import tcp_info
from tests.networks import in_own_network, needs_namespaces, run_inside
from tests.waiting import wait_for

SENT = TcpInfo(
    ended=False,
    reset=False,
    unacked=1,
    retransmits=0,
    probes=0,
    total_retransmits=0,
    not_sent=0,
    bytes_received=2,
    out_of_order=0,
    last_sent=0.01,
    last_data_received=2.0,
    last_ack_received=2.0,
    rtt=0.005,
)
ACKNOWLEDGED = replace(SENT, unacked=0, last_ack_received=0.01, last_data_received=9.0)
STOPPED = replace(SENT, unacked=0, not_sent=40)
LOST, LOCAL, SLOW = Cause.NET_BLACKHOLE, Cause.CLIENT_LOCAL_NETWORK, Cause.SERVER_UNRESPONSIVE


@pytest.mark.parametrize(
    ("tcp", "early", "late"),
    [
        # Sent, and not acknowledged: the path, once it was sent again three times.
        (SENT, None, LOST),
        (replace(SENT, retransmits=2, total_retransmits=3), None, LOST),
        (replace(SENT, retransmits=3, total_retransmits=4), LOST, LOST),
        # Acknowledged: the server is slow, unless keepalives show that the path has gone meanwhile.
        (ACKNOWLEDGED, None, SLOW),
        (replace(ACKNOWLEDGED, probes=2), None, SLOW),
        (replace(ACKNOWLEDGED, probes=3), LOST, LOST),
        (replace(ACKNOWLEDGED, probes=1, last_ack_received=1.3), None, SLOW),  # one may have been lost
        (replace(ACKNOWLEDGED, probes=2, last_ack_received=2.2), None, SLOW),  # the answer may be under way
        (replace(ACKNOWLEDGED, probes=2, last_ack_received=2.3), None, LOST),
        (replace(ACKNOWLEDGED, probes=2, last_ack_received=2.3, rtt=0.2), None, SLOW),
        # Earlier trouble that is over.
        (replace(ACKNOWLEDGED, total_retransmits=5), None, SLOW),
        # Never sent: this host drops it, or the server takes no bytes and answers the probes.
        (STOPPED, None, SLOW),
        (replace(STOPPED, probes=1), None, LOCAL),
        (replace(STOPPED, probes=3), LOCAL, LOCAL),
        # Not TCP: there is no path.
        (None, None, SLOW),
    ],
)
def test_silence_is_told_from_slowness(tcp: TcpInfo | None, early: Cause | None, late: Cause) -> None:
    assert judge(tcp, 2.0, 5.0) is early
    assert judge(tcp, 5.0, 5.0) is late


def verdict_where(*rule: str, timeout: float, heard: bool = False) -> tuple[Cause | None, float]:
    """Ask a server in an own network that obeys `rule` from then on; give the verdict, and when it came.

    Where the question is `heard`, the rule holds from when it has been acknowledged.
    """

    def ask() -> tuple[Cause | None, float]:
        run_inside("nft", "add chain inet t o { type filter hook output priority 0 ; }")
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
                if heard:
                    client.send(b"SELECT 1")
                    wait_for(lambda: not known(client).unacked)
                if rule:
                    run_inside("nft", " ".join(rule).format(port=port))
                if not heard:
                    client.send(b"SELECT 1")
                with asked_for(client.fileno()):
                    return _watched(client, timeout)

    return in_own_network(ask)


@pytest.mark.parametrize(
    ("heard", "probes", "verdict"), [(1.2, 1, SLOW), (1.3, 1, LOST), (1.3, 0, SLOW), (1.9, 1, LOST)]
)
def test_where_there_is_no_time_for_two_one_unanswered_probe_has_to_do(
    heard: float, probes: int, verdict: Cause
) -> None:
    assert judge(replace(ACKNOWLEDGED, probes=probes, last_ack_received=heard), 2.0, 2.0) is verdict


def known(client: socket.socket) -> TcpInfo:
    tcp = tcp_info(client.fileno())
    assert tcp is not None
    return tcp


def _watched(client: socket.socket, timeout: float) -> tuple[Cause | None, float]:
    asked = time.monotonic()
    verdict = None
    while verdict is None:
        time.sleep(0.01)  # the kernel tells nobody: it has to be asked
        waited = time.monotonic() - asked
        verdict = judge(tcp_info(client.fileno()), waited, timeout)
    return verdict, waited


@needs_namespaces
def test_a_packet_that_never_arrives_is_a_black_hole_long_before_the_timeout() -> None:
    verdict, waited = verdict_where("add rule inet t i tcp dport {port} drop", timeout=30.0)
    assert verdict is LOST
    assert waited < 30.0


@needs_namespaces
def test_a_packet_dropped_on_its_way_out_is_our_own_doing() -> None:
    verdict, waited = verdict_where("add rule inet t o tcp dport {port} drop", timeout=30.0)
    assert verdict is LOCAL
    assert waited < 30.0


@needs_namespaces
@pytest.mark.parametrize("timeout", [0.5, 2.0])
def test_a_server_that_takes_the_question_and_says_nothing_is_unresponsive(timeout: float) -> None:
    verdict, waited = verdict_where(timeout=timeout)
    assert verdict is SLOW
    assert waited >= timeout


@needs_namespaces
def test_a_path_that_goes_once_the_question_was_heard_is_no_mute_server() -> None:
    """The kernel asks on our behalf, and soon enough even where there is little time."""
    verdict, waited = verdict_where("add rule inet t i tcp dport {port} drop", timeout=30.0, heard=True)
    assert verdict is LOST
    assert waited < 30.0
    assert verdict_where("add rule inet t i tcp dport {port} drop", timeout=2.0, heard=True)[0] is LOST
