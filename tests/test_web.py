"""The HTTP surface over real sockets."""

import contextlib
import gzip
import json
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest

from exporter.exposition.choice import Choice
from exporter.model import (
    Cause,
    Endpoint,
    Failure,
    Incident,
    Limit,
    Missing,
    Scope,
    ServerObservation,
    ServerView,
    Severity,
    State,
    Step,
    Target,
)
from exporter.runtime.latest import Latest
from exporter.web import client, clients
from exporter.web.answer import Answer, Route
from exporter.web.api import Looks
from exporter.web.data import Data
from exporter.web.door import Open
from exporter.web.operating import Operating
from exporter.web.server import AddressError, ListenAddress, WebServer
from exporter.web.site import Site
from tests.waiting import wait_for

LOOPBACK = ListenAddress("127.0.0.1", 0)
EVIL = Target(
    name="<script>alert(1)</script>",
    endpoint=Endpoint(dialect="mysql", host="db", port=3306, user="u", password=None, database="d"),
)


def site(
    *,
    ready: Callable[[], bool] = lambda: True,
    content: bytes = b"conndrop_up 1\n",
    looks: Looks = lambda _: None,
    incidents: Sequence[Incident] = (),
) -> Site:
    def scrape(accept: str, _: str) -> tuple[str, bytes]:
        return f"text/plain; asked={accept}", content

    data = Data(scrape, lambda: [EVIL], looks, lambda: incidents)
    return Site({**data.routes, **Operating(ready, str).routes})


@contextlib.contextmanager
def serving(app: Site) -> Iterator[int]:
    running = WebServer([LOOPBACK], app)
    try:
        yield running.addresses[0].port
    finally:
        running.stop()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def test_endpoints() -> None:
    with serving(site()) as port:
        assert ask(port, "/-/healthy")[::2] == (200, b"Healthy\n")
        assert ask(port, "/-/ready")[::2] == (200, b"Ready\n")
        assert ask(port, "/nowhere")[0] == 404
        assert ask(port, "/../../etc/passwd")[0] == 404
        status, headers, _ = ask(port, "/metrics", "POST")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_metrics_are_negotiated() -> None:
    with serving(site()) as port:
        status, headers, content = ask(port, "/metrics?x=1", Accept="application/openmetrics-text")
        assert (status, content) == (200, b"conndrop_up 1\n")
        assert headers["Content-Type"] == "text/plain; asked=application/openmetrics-text"
        _, headers, content = ask(port, "/metrics", Accept_Encoding="deflate, gzip")
        assert headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(content) == b"conndrop_up 1\n"
        assert "Content-Encoding" not in ask(port, "/metrics", Accept_Encoding="gzip;q=0, deflate")[1]
        status, headers, content = ask(port, "/metrics", "HEAD")
        assert (status, headers["Content-Length"], content) == (200, "14", b"")


def test_a_scrape_chooses_in_its_url_and_hears_what_there_is_to_choose() -> None:
    def scrape(_: str, query: str) -> tuple[str, bytes]:
        Choice.parse(query)
        return "text/plain", query.encode()

    data = Data(scrape, list, lambda _: None, list)
    with serving(Site(data.routes)) as port:
        assert ask(port, "/metrics?collect[]=tcp")[::2] == (200, b"collect[]=tcp")
        status, _, content = ask(port, "/metrics?collect=tcp")
    assert (status, content) == (400, b"'collect': unknown parameter; allowed: collect[], exclude[]\n")


def test_not_ready_before_the_first_round() -> None:
    with serving(site(ready=lambda: False)) as port:
        assert ask(port, "/-/ready")[0] == 503


def test_silent_clients_do_not_delay_a_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many as there is room for: the oldest are let go, though they may be silent for an hour."""
    monkeypatch.setattr(client, "PATIENCE", 3600.0)
    with serving(site()) as port, contextlib.ExitStack() as silent:
        for _ in range(2 * clients.MOST_CONNECTIONS):
            silent.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        assert ask(port, "/metrics")[0] == 200


def test_a_client_that_stays_silent_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.1)
    with serving(site()) as port, socket.create_connection(("127.0.0.1", port), 5) as silent:
        assert silent.recv(1) == b""


@pytest.mark.parametrize(
    "request_line",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n",
    ],
)
def test_requests_that_make_no_sense(request_line: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """They get an answer or none, and leave no traceback behind."""
    with serving(site()) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(request_line)
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while sock.recv(65536):
                    pass
        assert ask(port, "/-/healthy")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_client_that_goes_away_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(site(content=b"x" * (1 << 24))) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            sock.recv(1000)
        assert ask(port, "/-/healthy")[0] == 200
    assert capfd.readouterr().err == ""


def test_what_breaks_inside_is_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> bool:
        raise RuntimeError("inside")

    with serving(site(ready=broken)) as port:
        assert ask(port, "/-/ready")[0] == 500
        wait_for(lambda: "request broke" in caplog.text)
    assert capfd.readouterr().err == ""


def test_an_answer_that_cannot_be_sent_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """It is our own mistake; nobody waits for ever because of it."""

    def torn(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-Torn", "a\r\nb")])
        return [b""]

    running = WebServer([LOOPBACK], torn)
    try:
        with socket.create_connection(("127.0.0.1", running.addresses[0].port), 5) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(100) == b""
        assert "request broke" in caplog.text
    finally:
        running.stop()


def test_an_entrance_that_breaks_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Open):
        async def channel(self, _: socket.socket) -> None:
            raise RuntimeError("inside")

    running = WebServer([LOOPBACK], site(), Broken())
    try:
        with socket.create_connection(("127.0.0.1", running.addresses[0].port), 5) as sock:
            assert sock.recv(100) == b""
        assert "nobody can come in" in caplog.text
    finally:
        running.stop()


def test_requests_are_in_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(site()) as port:
        ask(port, "/-/healthy")
        wait_for(lambda: [record for record in caplog.records if record.getMessage() == "request"])


ASKED = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"


def test_where_no_descriptor_is_left_one_comes_in_after_the_other() -> None:
    """On the one that is kept free: whoever rests gives way, and whoever waits is no busy loop."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with serving(site()) as port, contextlib.ExitStack() as stack:
        resting, waiting, silent, last = socks = [stack.enter_context(socket.socket()) for _ in range(4)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, hard))
        try:
            for sock in socks:
                sock.settimeout(10)
                sock.connect(("127.0.0.1", port))
                if sock is not silent:
                    sock.sendall(ASKED)
            assert resting.recv(1000).startswith(b"HTTP/1.1 200")
            before = time.process_time()
            time.sleep(0.5)
            assert time.process_time() - before < 0.25
            assert waiting.recv(1000).startswith(b"HTTP/1.1 200")
            assert resting.recv(1000) == b""
            assert last.recv(1000).startswith(b"HTTP/1.1 200")
            assert silent.recv(1000) == b""
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with socket.create_connection(("127.0.0.1", port), 5) as free:
            free.sendall(ASKED)
            assert free.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("127.0.0.1:10054", "127.0.0.1", 10054, "http://127.0.0.1:10054/"),
        (":10054", "", 10054, "http://localhost:10054/"),
        ("[::1]:0", "::1", 0, "http://[::1]:0/"),
        ("localhost:65535", "localhost", 65535, "http://localhost:65535/"),
    ],
)
def test_addresses(text: str, host: str, port: int, url: str) -> None:
    address = ListenAddress.parse(text)
    assert (address.host, address.port, address.url()) == (host, port, url)
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["10054", "localhost", "h:", "h:65536", "::1:80", "[]:80", "h:٣", "*:80", "h:999999", "a b:1"]
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address; write host:port"):
        ListenAddress.parse(text)


def test_an_address_in_use() -> None:
    with (
        serving(site()) as port,
        pytest.raises(AddressError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"),
    ):
        WebServer([LOOPBACK, ListenAddress("127.0.0.1", port)], site())


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_an_address_that_is_no_name(host: str) -> None:
    with pytest.raises(AddressError, match="cannot listen on"):
        WebServer([ListenAddress(host, 0)], site())


@pytest.mark.parametrize("host", ["::1", "", "::"])
def test_other_families(host: str) -> None:
    running = WebServer([ListenAddress(host, 0)], site())
    try:
        address = running.addresses[0]
        with socket.create_connection(
            (address.url().split("/")[2].rpartition(":")[0].strip("[]"), address.port), 5
        ) as sock:
            sock.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        running.stop()


def test_stopping_leaves_no_thread_and_no_socket() -> None:
    """A second server can have the address at once."""
    running = WebServer([LOOPBACK], site())
    where = running.addresses[0]
    running.stop()
    wait_for(lambda: not any(thread.name == "web" for thread in threading.enumerate()))
    WebServer([where], site()).stop()


def test_a_socket_that_listens_already() -> None:
    """As systemd hands one over; it is used beside an address, and closed in the end."""
    with socket.create_server(("127.0.0.1", 0)) as ready:
        port = ready.getsockname()[1]
        running = WebServer([ready, LOOPBACK], site())
        assert running.addresses[0] == ListenAddress("127.0.0.1", port)
        assert [ask(address.port, "/-/healthy")[0] for address in running.addresses] == [200, 200]
        running.stop()
        running.stop()
        assert ready.fileno() == -1


def test_sockets_that_do_not_do() -> None:
    with socket.socket() as idle, socket.socket(socket.AF_UNIX) as unix, socket.socket() as closed:
        closed.close()
        for sock, words in ((idle, "does not listen"), (unix, "does not listen"), (closed, "cannot be used")):
            with pytest.raises(AddressError, match=words):
                WebServer([sock], site())


def test_a_connection_is_kept_for_the_next_request() -> None:
    """By HTTP/1.1 unless told otherwise, by HTTP/1.0 where that is asked for."""
    with serving(site()) as port:
        with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            for method, path, status in (
                ("GET", "/metrics", 200),
                ("HEAD", "/-/ready", 200),
                ("POST", "/metrics", 405),
            ) * 3:
                connection.request(method, path, body=b"abc" if method == "POST" else None)
                answer = connection.getresponse()
                assert (answer.status, answer.version, answer.will_close) == (status, 11, False)
                assert answer.headers["Date"].endswith(" GMT")
                answer.read()
        for words, kept in ((b"1.1\r\nConnection: close", False), (b"1.0\r\nConnection: keep-alive", True)):
            with socket.create_connection(("127.0.0.1", port), 5) as sock:
                sock.sendall(b"GET /-/healthy HTTP/" + words + b"\r\n\r\n")
                said = sock.recv(65536)
                assert (b"Connection: Keep-Alive" in said, b"Connection: close" in said) == (kept, not kept)
                sock.settimeout(0.2 if kept else 5)
                with pytest.raises(TimeoutError) if kept else contextlib.nullcontext():
                    assert sock.recv(1) == b""


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://exporter:1/-/healthy", 200),
        ("https://exporter/metrics?x=http://y/", 200),
        ("http://exporter/nothing", 404),
        ("*", 404),
        ("exporter:443", 404),
    ],
)
def test_who_asks_as_a_proxy_is_asked_is_answered(target: str, status: int) -> None:
    """With a whole URL (RFC 9112, 3.2.2), whatever host it names; other forms are no page of ours."""
    with serving(site()) as port, socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(100).split()[1] == str(status).encode()


VIEW = ServerView(
    product="PostgreSQL",
    version="18.1",
    identity="7",
    started=0.0,
    replica=True,
    read_only=True,
    address="10.0.0.1",
    connections={State.IDLE: 3},
    most=100,
    reserved=3,
    limits=(Limit(scope=Scope.ACCOUNT, name="shop", connections=1, most=5),),
    accounts={"few": 1, "many": 9, "<b>": 9},
    settings={"statement_timeout": 0.0},
    missing=(Missing(privilege="pg_read_all_stats", needed_for="states", grant="GRANT …"),),
)


def a_look(view: ServerView | None, failure: Failure | None = None) -> ServerObservation:
    return ServerObservation(
        target=EVIL.name, probe="server", started=1.5, duration=0.1, failure=failure, view=view
    )


def targets(*looks: ServerObservation) -> dict[str, Any]:
    """What the API says of the one target after these looks."""
    latest = Latest()
    for look in looks:
        latest.record(look)
    with serving(site(looks=latest.server)) as port:
        status, headers, content = ask(port, "/api/v1/targets")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    (only,) = json.loads(content)["targets"]
    assert isinstance(only, dict)
    return only


def test_targets_as_json() -> None:
    only = targets()
    assert only == {
        "name": EVIL.name, "dialect": "mysql", "host": "db", "port": 3306, "labels": {}, "server": None,
    }  # fmt: skip


def test_targets_tell_what_their_server_says() -> None:
    server = targets(a_look(VIEW))["server"]
    assert (server["failure"], server["looked_at"]) == (None, "1970-01-01T00:00:01.500Z")
    view = server["view"]
    assert (view["role"], view["read_only"], view["started"]) == ("replica", True, "1970-01-01T00:00:00.000Z")
    assert (view["connections"], view["connections_max"]) == ({"idle": 3}, 100)
    assert list(view["accounts"].items()) == [("<b>", 9), ("many", 9), ("few", 1)]
    assert view["limits"] == [{"scope": "account", "name": "shop", "connections": 1, "max": 5}]
    (missing,) = view["missing_privileges"]
    assert missing["privilege"] == "pg_read_all_stats"


def test_a_look_that_failed_leaves_what_was_seen_before() -> None:
    failure = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="full", code="53300")
    server = targets(a_look(VIEW), a_look(None, failure))["server"]
    assert server["failure"] == {"cause": "server.saturated", "detail": "full", "code": "53300"}
    assert server["view"]["connections_max"] == 100
    assert targets(a_look(None, failure))["server"]["view"] is None


def test_a_server_that_has_started_at_no_time_of_ours() -> None:
    """Whatever it says: the document stays one."""
    for started in (1e300, -1e300, float("nan")):
        assert targets(a_look(replace(VIEW, started=started)))["server"]["view"]["started"] == ""


def an_incident(number: int, ended: float | None = None) -> Incident:
    return Incident(
        id=f"x-{number}",
        target=EVIL.name,
        cause=Cause.SERVER_DOWN,
        severity=Severity.CRITICAL,
        started=float(number),
        ended=ended,
        summary="nobody listens",
        evidence=("<b>refused</b>", "ü"),
        fix=(Step(text="start it", copy=("systemctl start postgresql", "ss -ltn")),),
        confidence=2 / 3,
        candidates=(Cause.NET_LOSS,),
    )


INCIDENTS = [an_incident(3), an_incident(2, 2.5), an_incident(1)]


def incidents(query: str = "") -> list[dict[str, Any]]:
    """What the API says of these."""
    with serving(site(incidents=INCIDENTS)) as port:
        status, headers, content = ask(port, "/api/v1/incidents" + query)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    (listed,) = json.loads(content).values()
    assert isinstance(listed, list)
    return listed


def test_incidents_as_json() -> None:
    listed = incidents()
    assert listed[0] == {
        "id": "x-3", "target": EVIL.name, "cause": "server.down", "severity": "critical",
        "started": "1970-01-01T00:00:03.000Z", "ended": None, "summary": "nobody listens",
        "evidence": ["<b>refused</b>", "ü"], "fix": ["start it: systemctl start postgresql; ss -ltn"],
        "confidence": 0.67, "candidates": ["net.loss"],
    }  # fmt: skip
    assert [one["ended"] for one in listed] == [None, "1970-01-01T00:00:02.500Z", None]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?active=true", ["x-3", "x-1"]),
        ("?active=false", ["x-2"]),
        ("?limit=2", ["x-3", "x-2"]),
        ("?active=true&limit=1", ["x-3"]),
        ("?target=%3Cscript%3Ealert(1)%3C/script%3E", ["x-3", "x-2", "x-1"]),
        ("?", ["x-3", "x-2", "x-1"]),
    ],
)
def test_some_incidents(query: str, names: list[str]) -> None:
    assert [one["id"] for one in incidents(query)] == names


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?target=orders", "target: there is none called 'orders'"),
        ("?target=", "target: there is none called ''"),
        ("?active=yes", "active: must be true or false"),
        ("?limit=0", "limit: must be a whole number from 1 to 1000000"),
        ("?limit=-1", "limit: must be a whole number from 1 to 1000000"),
        ("?limit=%D9%A3", "limit: must be a whole number from 1 to 1000000"),
        ("?limit=" + "9" * 5000, "limit: must be a whole number from 1 to 1000000"),
        ("?limit", "limit: must be a whole number from 1 to 1000000"),
        ("?limit=1&limit=2", "limit: is given twice"),
        ("?colour=red", "'colour': unknown parameter; allowed: target, active, limit"),
        ("?" + "a=1&" * 100, "too many parameters; allowed: target, active, limit"),
        ("?%00=%FF", "'\\x00': unknown parameter; allowed: target, active, limit"),
    ],
    ids=str,
)
def test_queries_that_make_no_sense(query: str, words: str) -> None:
    with serving(site(incidents=INCIDENTS)) as port:
        status, headers, content = ask(port, "/api/v1/incidents" + query)
    assert (status, headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert content.decode() == words + "\n"


def test_incidents_are_there_to_be_read() -> None:
    with serving(site(incidents=INCIDENTS)) as port:
        status, headers, content = ask(port, "/api/v1/incidents", "HEAD")
        assert (status, content, int(headers["Content-Length"]) > 100) == (200, b"", True)
        status, headers, _ = ask(port, "/api/v1/incidents", "DELETE")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_a_path_of_nothing_but_slashes_costs_nothing() -> None:
    site = Site({"/static/": Route(lambda request: Answer.text(request.rest[:3]))})
    begun = time.thread_time()
    for path, status in (("/" * 32_000, "404"), ("/static/" + "/" * 32_000, "200"), ("/x" * 16_000, "404")):
        told: list[str] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
        site(environ, lambda line, *_, told=told: told.append(line))
        assert told[0].startswith(status)
    assert time.thread_time() - begun < 0.02
