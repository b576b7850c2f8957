"""What a look fails of, where and why."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from exporter.exposition.blackbox import rendered
from exporter.model import Cause, Failure, Look, Phase, ProbeError, Shown
from exporter.net.dns_inquiry import MOST_STRAYS, inquire
from exporter.net.dns_query import Inquiry
from exporter.net.phases import PhaseClock
from exporter.net.single_echo import echo
from exporter.net.waiting import Stop
from tests.blackbox.asking import LOOPBACK, Asking, asking
from tests.doubles import MYSQL_GREETING, MYSQL_OK, deaf, greets, hang_up, mysql_packet, says, server
from tests.networks import in_own_network, needs_namespaces
from tests.scraping import samples_in
from tests.servers import Postgres
from tests.servers.certificates import Certificates
from tests.servers.database import PASSWORD, USER, free_port
from tests.servers.dnsmasq import Dnsmasq, needs_dnsmasq
from tests.waiting import wait_for


def unanswered(address: str) -> Cause:
    """Say why an echo request has no answer."""
    with pytest.raises(ProbeError) as caught:
        echo(address, 0.3, 56, Stop())
    return caught.value.cause


@needs_namespaces
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_echo_without_an_answer(address: str) -> None:
    drop = "icmp type echo-request drop", "icmpv6 type echo-request drop"
    assert in_own_network(lambda: unanswered(address), *drop) is Cause.NET_BLACKHOLE


@needs_namespaces
def test_an_echo_that_is_refused() -> None:
    reject = "icmp type echo-request reject with icmp type host-unreachable"
    assert in_own_network(lambda: unanswered("127.0.0.1"), reject) is Cause.NET_UNREACHABLE
    assert in_own_network(lambda: unanswered("192.0.2.1")) is Cause.CLIENT_LOCAL_NETWORK


def asked_for_name(address: str, port: int, *, over_tcp: bool) -> ProbeError:
    """Ask a name server that has no answer; give what is told of it."""
    inquiry = Inquiry("db.test", "A", recursion=False)
    with pytest.raises(ProbeError) as caught:
        inquire(inquiry, address, port, PhaseClock(1, {}, Stop()), over_tcp=over_tcp)
    return caught.value


@contextmanager
def talking(*packets: bytes) -> Iterator[int]:
    """Answer the first datagram with these; gives the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)

        def answer() -> None:
            _, where = sock.recvfrom(4096)
            for packet in packets:
                sock.sendto(packet, where)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield sock.getsockname()[1]
        thread.join(5)


def test_name_servers_that_have_no_answer() -> None:
    with talking(*[b"nonsense"] * (MOST_STRAYS + 1)) as port:
        assert "packets that are no answer" in asked_for_name("127.0.0.1", port, over_tcp=False).detail
    with server(greets(b"\0\x05hello", then=hang_up)) as port:
        assert "no answer" in asked_for_name("127.0.0.1", port, over_tcp=True).detail
    assert asked_for_name("127.0.0.1", free_port(), over_tcp=False).code == "ECONNREFUSED"
    assert asked_for_name("127.0.0.1", free_port(), over_tcp=True).cause is Cause.SERVER_DOWN


@needs_namespaces
def test_a_name_server_to_which_no_way_leads() -> None:
    error = in_own_network(lambda: asked_for_name("192.0.2.1", 53, over_tcp=False))
    assert error.cause is Cause.CLIENT_LOCAL_NETWORK


def test_records_are_counted() -> None:
    """Those of a zone have a serial number; what is no answer to the question is none."""
    inquiry = Inquiry("example.com", "SOA", recursion=True)
    query = dns.message.from_wire(inquiry.wire)
    answer = dns.message.make_response(query)
    answer.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "SOA", "ns. who. 2026112201 1 1 1 1"))
    answer.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", "ns1.", "ns2."))
    read = inquiry.read(answer.to_wire())
    assert read is not None
    records, cut_short = read
    assert (records.answers, records.authority, records.additional) == (1, 2, 0)
    assert (records.rcode, records.serial, cut_short) == ("NOERROR", 2026112201, False)
    look = Look(prober="dns", duration=0.1, timeout=1.0, records=records)
    assert samples_in(rendered(look, "", {})[1].decode())["probe_dns_serial", frozenset()] == 2026112201
    other = dns.message.make_response(dns.message.make_query("example.org", "SOA", id=query.id))
    assert inquiry.read(other.to_wire()) is None
    assert inquiry.read(b"nonsense") is None


@needs_dnsmasq
def test_a_name_that_there_is_not() -> None:
    asked = asking(LOOPBACK + "modules: {db: {prober: dns, dns: {query_name: nobody.test, query_type: A}}}\n")
    with Dnsmasq(hosts={"db.test": ["10.0.0.1"]}, port=free_port()) as names:
        assert asked.failure(target=str(names.nameserver), module="db") == ("request", "dns.failure")
    assert "the server says NXDOMAIN, wanted NOERROR" in asked.kept[-1].log


def test_a_database_without_tls() -> None:
    with server(says(b"N")) as port:
        asked = asking()
        assert asked.failure(target=f"127.0.0.1:{port}", module="postgresql") == ("tls", "auth.not_allowed")
        kind = f"targets: [{{name: a, url: 'postgresql://u@127.0.0.1:{port}/d?sslmode=prefer'}}]\n"
        ours = asking(kind)
        assert ours.failure(target="a", module="tls") is None, "the URL does not ask for it"


def test_files_that_have_gone(tmp_path: Path) -> None:
    """What was sound when the configuration was read may not be so any more."""
    authority = Certificates(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("hunter2-hunter2")
    login = f"{{dialect: postgresql, auth: {{user: u, password: {{file: {secret}}}}}}}"
    asked = asking(
        f"{LOOPBACK}modules:\n  login: {{prober: session, session: {login}}}\n"
        f"  judged: {{prober: tcp, tcp: {{tls: true, tls_config: {{ca_file: {authority.ca}}}}}}}\n"
    )
    authority.ca.unlink()
    secret.unlink()
    with server(hang_up) as port:
        target = f"127.0.0.1:{port}"
        assert asked.failure(target=target, module="judged") == ("tls", "tls.certificate")
        assert asked.failure(target=target, module="login") == ("auth", "auth.credentials")
    assert "does not exist" in asked.kept[-1].log


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """It would be for ever, with a place and a thread of ours."""
    authority = Certificates(tmp_path)
    files = f"{{ca_file: {authority.ca}}}"
    asked = asking(
        f"{LOOPBACK}modules: {{judged: {{prober: tcp, tcp: {{tls: true, tls_config: {files}}}}}}}\n"
    )
    authority.ca.unlink()
    os.mkfifo(authority.ca)
    with server(hang_up) as port:
        query = {"target": f"127.0.0.1:{port}", "module": "judged"}
        looking = threading.Thread(target=lambda: asked.said(**query), daemon=True)
        looking.start()
        wait_for(lambda: asked.kept)
    assert "is not a regular file" in asked.kept[-1].log


def logged_in(postgres: Postgres, query: str) -> Asking:
    """Ask with a module that asks the server something."""
    login = (
        f"dialect: postgresql, database: shop, query: '{query}', auth: {{user: {USER}, password: {{env: P}}}}"
    )
    text = f"{LOOPBACK}modules: {{login: {{prober: session, timeout: 1s, session: {{{login}}}}}}}\n"
    target = (
        f"targets: [{{name: shop, url: '{postgres.url()}', probes: {{session: {{query: '{query}'}}}}}}]\n"
    )
    return asking(target + text)


def test_a_query_that_fails(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P", PASSWORD)
    asked = logged_in(postgres, "SELECT 1/0")
    assert asked.failure(target=f"127.0.0.1:{postgres.port}", module="login") == ("query", "unknown")
    assert 'said="' in asked.kept[-1].log
    assert "division by zero" in asked.kept[-1].log
    assert asked.failure(target="shop") == ("query", "unknown")


def test_a_session_that_falls_silent_is_looked_for() -> None:
    """At a target of ours what the server may still list is handed over to who ends it there."""
    lets_in = greets(
        MYSQL_GREETING, then=says(mysql_packet(2, MYSQL_OK), mysql_packet(1, MYSQL_OK), then=deaf)
    )
    with server(lets_in) as port:
        asked = asking(f"targets: [{{name: a, url: 'mysql://u@127.0.0.1:{port}/d?ssl_mode=disabled'}}]\n")
        header = {"x-prometheus-scrape-timeout-seconds": "1"}
        answer = asked.answer(header, target="a")
    assert b'probe_failure_info{cause="server.unresponsive",phase="query"} 1.0' in answer.content
    assert asked.tools["a"].leftovers


def test_versions_are_written_as_blackbox_exporter_does() -> None:
    told = {"TLSv1.3": "TLS 1.3", "TLSv1.2": "TLS 1.2", "TLSv1": "TLS 1.0"}
    for version, expected in told.items():
        shown = Shown(version=version, cipher="AES", verified=False, expires=None, leaf=None)
        look = Look(prober="tcp", duration=0.1, timeout=1.0, shown=shown)
        found = samples_in(rendered(look, "", {})[1].decode())
        assert ("probe_tls_version_info", frozenset({("version", expected)})) in found


def test_a_session_that_only_failed_to_say_goodbye_has_been_of_use() -> None:
    failure = Failure(phase=Phase.CLOSE, cause=Cause.SERVER_UNRESPONSIVE, detail="no answer")
    assert Look(prober="session", duration=0.1, timeout=1.0, failure=failure).success
