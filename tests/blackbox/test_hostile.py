"""Servers that answer with what no server should; whatever it is, it ends in time and harms nobody."""

import os
import resource
import socket
import ssl
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.blackbox.asking import LOOPBACK, Asking, asking
from tests.blackbox.pages import pages
from tests.doubles import MYSQL_GREETING, Script, dribbles, greets, hang_up, mysql_packet, reset, says, server
from tests.scraping import parse_openmetrics, parse_text, samples_in
from tests.waiting import in_time

EVIL = '<script>alert("1")</script>'
MODULES = f"""{LOOPBACK}modules:
  login_pg: {{prober: session, timeout: 1s, session: {{dialect: postgresql, auth: {{user: u}}}}}}
  login_my: {{prober: session, timeout: 1s, session: {{dialect: mysql, auth: {{user: u}}}}}}
  login_ma: {{prober: session, timeout: 1s, session: {{dialect: mariadb, auth: {{user: u}}}}}}
  page: {{prober: http, timeout: 1s}}
  handshake: {{prober: tcp, timeout: 1s, tcp: {{tls: true}}}}
  pg: {{prober: tcp, timeout: 1s, tcp: {{tls: true, starttls: postgresql}}}}
  my: {{prober: tcp, timeout: 1s, tcp: {{tls: true, starttls: mysql}}}}
  ask: {{prober: dns, timeout: 1s, dns: {{transport_protocol: tcp}}}}
"""
NAMES = ("login_pg", "login_my", "login_ma", "page", "handshake", "pg", "my", "ask")


def floods(beginning: bytes) -> Script:
    """Send without end."""

    def script(sock: socket.socket) -> None:
        sock.sendall(beginning)
        while True:
            sock.sendall(b"x" * 65536)

    return script


OK = b"HTTP/1.1 200 OK\r\n"
SERVERS: dict[str, Script] = {
    "a megabyte as a greeting": greets(b"x" * 2**20, then=hang_up),
    "a packet of MySQL's with a megabyte in it": greets(mysql_packet(0, b"\x0a" + b"9" * 2**20)),
    "an error of MySQL's with a script in it": greets(
        mysql_packet(0, b"\xff\x10\x04" + f"{EVIL}\x00\x1b[31m\n".encode()), then=hang_up
    ),
    "an error of PostgreSQL's": says(b"E" + (2**20).to_bytes(4) + b"x" * 1000),
    "headers without end": floods(OK),
    "a thousand headers": greets(OK + b"A: b\r\n" * 1000 + b"\r\n", then=hang_up),
    "a body without end": floods(OK + b"\r\n"),
    "chunks that make no sense": greets(OK + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n", then=hang_up),
    "continue without end": floods(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "a status that is no number": greets(b"HTTP/1.1 abc OK\r\n\r\n", then=hang_up),
    "less than was announced": greets(OK + b"Content-Length: 10\r\n\r\nabc", then=hang_up),
    "a byte now and then": dribbles(OK + b"A: b\r\n"),
    "a reset": reset,
    "a goodbye": hang_up,
    "MySQL's greeting, and then nonsense": greets(MYSQL_GREETING, then=says(b"\0" * 64)),
    "a length of 400 digits": greets(OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\nx", then=hang_up),
    "a redirect to half an address": greets(
        OK.replace(b"200", b"302") + b"Location: http://[\r\n\r\n", then=hang_up
    ),
    "a redirect into a script": greets(
        OK.replace(b"200", b"302") + f"Location: {EVIL}\r\n\r\n".encode(), then=hang_up
    ),
}  # fmt: skip


@pytest.fixture
def ours() -> Asking:
    return asking(MODULES)


@pytest.mark.parametrize("kind", SERVERS)
def test_whatever_a_server_says(ours: Asking, kind: str) -> None:
    with server(SERVERS[kind]) as port:
        for module in NAMES:
            status, text = in_time(partial(ours.said, target=f"127.0.0.1:{port}", module=module), 1.5)
            assert status == 200, text
            assert ("probe_success", frozenset()) in samples_in(text)
            assert len(text) < 10_000
            log = ours.kept[-1].log
            assert len(log) < 20_000
            assert all(character.isprintable() or character == "\n" for character in log)
            assert all(line.startswith("ts=") for line in log.partition("\n\n\n")[0].splitlines()[1:])


def test_a_long_body_is_not_kept(ours: Asking) -> None:
    """It is read, as by blackbox_exporter, and counted; no more of it than that."""
    size = 50 * 2**20
    content = b"x" * size
    with server(greets(OK + f"Content-Length: {size}\r\n\r\n".encode() + content, then=hang_up)) as port:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = ours.samples(target=f"http://127.0.0.1:{port}/", module="http_2xx")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024
    assert found["probe_success", frozenset()] == 1
    assert found["probe_http_uncompressed_body_length", frozenset()] == size


def test_a_page_is_not_read_without_end(ours: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.blackbox.http.MOST_BYTES", 2**20)
    with server(floods(OK + b"\r\n")) as port:
        assert ours.failure(target=f"127.0.0.1:{port}", module="page") == ("processing", "unknown")
    assert "the page is longer than 1 MiB" in ours.kept[-1].log


@pytest.fixture
def evil(tmp_path: Path) -> ssl.SSLContext:
    """A certificate in whose names a script stands, and control characters."""
    subject = f"/CN={EVIL.replace('/', chr(92) + '/')}\n\x1b[31m/O={'x' * 60}"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    names = f"subjectAltName=DNS:localhost,DNS:{EVIL}" + "".join(f",DNS:h{n}.example.com" for n in range(500))
    command = [*words, *files, "-days", "1", "-subj", subject, "-addext", names]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def test_names_in_a_certificate_come_out_harmless(ours: Asking, evil: ssl.SSLContext) -> None:
    with pages(evil) as port:
        answer = ours.answer(target=f"localhost:{port}", module="handshake")
        openmetrics = {"accept": "application/openmetrics-text; version=1.0.0"}
        again = ours.answer(headers=openmetrics, target=f"localhost:{port}", module="handshake")
    assert answer.kind.startswith("text/plain")
    for families in (parse_text(answer.content.decode()), parse_openmetrics(again.content.decode())):
        (info,) = (one for one in families if one.name == "probe_ssl_last_chain_info")
        labels = info.samples[0].labels
        assert EVIL in labels["subject"].replace("\\", "")
        assert "<script>" in labels["subjectalternative"]
        assert all(text.isprintable() and len(text) <= 201 for text in labels.values())
    assert os.linesep not in labels["subject"]


@pytest.mark.parametrize(
    "hostname", ["::1%a\r\nX-Injected: 1", "fe80::1%eth0", "::1%ä", "h\r\nX-Injected: 1"]
)
def test_nothing_is_slipped_into_a_request(ours: Asking, hostname: str) -> None:
    heard: list[bytes] = []
    with server(lambda sock: heard.append(sock.recv(4096))) as port:
        status, text = ours.said(target=f"127.0.0.1:{port}", module="page", hostname=hostname)
    assert (status, heard) == (400, [])
    assert hostname not in text


@pytest.mark.parametrize("interface", ["a" * 16, "a\nb", "a\x00b", "ä", "a b"])
def test_an_interface_that_can_be_none(ours: Asking, interface: str) -> None:
    for module in NAMES:
        status, text = ours.said(target=f"[::1%{interface}]:1", module=module)
        assert status == 400
        assert interface not in text


@pytest.mark.parametrize("target", [EVIL, "a" * 5000, "h\x00", "h\n", "ä.test:1", "h:1/../x", "\ud800"])
def test_targets_that_are_none(ours: Asking, target: str) -> None:
    for module in (*NAMES, "http_2xx"):
        target = target.encode("utf-8", "replace").decode()
        status, text = ours.said(target=target, module=module)
        assert status in (400, 403)
        assert target not in text


def test_a_module_that_is_none_is_said_in_plain_text(ours: Asking) -> None:
    answer = ours.answer(target="h", module=EVIL * 50)
    assert (int(answer.status), answer.kind) == (400, "text/plain; charset=utf-8")
    assert len(answer.content) < 200
