"""What is asked of /probe, and what is said where it makes no sense: blackbox_exporter's contract."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection

import pytest

from exporter.blackbox.asking import Refused, seconds
from exporter.blackbox.turnstile import Turnstile
from exporter.exposition.families import Families
from exporter.exposition.own import OwnMetrics
from exporter.exposition.registry import new_registry
from tests.blackbox.asking import LOOPBACK, TARGET, asking, served
from tests.blackbox.pages import pages
from tests.doubles import deaf, server
from tests.scraping import parse_openmetrics, samples_in, samples_of
from tests.servers.database import free_port
from tests.waiting import in_time, running, wait_for

SCRAPED = "x-prometheus-scrape-timeout-seconds"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
BAD = {
    "": "Target parameter is missing",
    "module=icmp": "Target parameter is missing",
    "target=h&module=x": 'Unknown module "x"',
    "target=h&auth_module=x": 'Unknown module "x"',
    "target=h&module=icmp&auth_module=dns": "module and auth_module name different modules; one of them is enough",
    "target=h&module=tcp_connect": "target has no port; write it behind the host, as in db.example.com:5432",
    "target=h:0&module=tcp_connect": "target has no port from 1 to 65535 behind its host",
    "target=h:x&module=tcp_connect": "target has no port from 1 to 65535 behind its host",
    "target=h:1:2&module=tcp_connect": "target is neither a host name nor an address",
    "target=[::1]1&module=tcp_connect": "target is neither a host nor a host and a port",
    "target=a..b:1&module=tcp_connect": "target is neither a host name nor an address",
    "target=127.1:1&module=tcp_connect": "target is neither a host name nor an address",
    "target=u:hunter2@h:1&module=tcp_connect": "target has an @ in it; credentials stand in the configuration only",
    "target=http://u:hunter2@h/": "target has an @ in it; credentials stand in the configuration only",
    "target=http://h/a%0d%0ab": "target is no URL of at most 2000 characters of ASCII",
    "target=http://h/a%20b": "target is no URL of at most 2000 characters of ASCII",
    "target=http://[h/": "target is no URL",
    "target=http://h:99999/": "target is no URL",
    "target=ftp://h/": "target is no URL of http or https",
    "target=http://h:0/": "target has port 0; 1 to 65535 is allowed",
    "target=http://127.0.0.1/&hostname=a%0d%0ab": "hostname is neither a host name nor an address",
    "&".join(["target=h"] * 33): "too many parameters",
}  # fmt: skip
SECONDS = [
    # what Prometheus grants, the module's timeout, the offset, what comes of it
    (None, 5.0, 0.5, 5.0),
    (None, 200.0, 0.5, 119.5),
    ("10", 5.0, 0.5, 5.0),
    ("3", 5.0, 0.5, 2.5),
    ("0", 200.0, 0.5, 119.5),
    ("0.2", 5.0, 0.5, 5.0),
    ("-1", 5.0, 0.5, 5.0),
    ("0.5", 5.0, 0.5, 0.0),
]


@pytest.mark.parametrize("query", BAD)
def test_a_request_that_makes_no_sense(query: str) -> None:
    with served(asking().prober) as address:
        connection = HTTPConnection(address, timeout=5)
        connection.request("GET", f"/probe?{query}")
        answer = connection.getresponse()
        assert (answer.status, answer.read().decode()) == (400, f"{BAD[query]}\n")
        connection.close()


@pytest.mark.parametrize(("granted", "module", "offset", "expected"), SECONDS)
def test_the_time_there_is(granted: str | None, module: float, offset: float, expected: float) -> None:
    headers = {} if granted is None else {SCRAPED: granted}
    assert seconds(headers, module, offset) == expected


@pytest.mark.parametrize("granted", ["soon", "nan", "inf", "<script>"])
def test_a_time_that_is_no_number(granted: str) -> None:
    with pytest.raises(Refused) as caught:
        seconds({SCRAPED: granted}, 5, 0.5)
    assert caught.value.answer.status == 500
    assert caught.value.answer.content.startswith(b"Failed to parse timeout from Prometheus header: ")


def test_unknown_modules_are_counted() -> None:
    asked = asking()
    asked.said(target="h", module="x")
    asked.said(target="orders", module="http_2xx")
    asked.said(target="h")
    assert asked.unknown == 2
    registry = new_registry()
    own = OwnMetrics(registry, Families())
    assert registry.get_sample_value("conndrop_probe_module_unknown_total") == 0
    own.module_unknown()
    assert registry.get_sample_value("conndrop_probe_module_unknown_total") == 1


def test_without_a_module_a_page_is_asked_for() -> None:
    with pages() as port:
        assert asking().value("probe_http_status_code", target=f"127.0.0.1:{port}") == 200


def test_a_failure_is_an_answer_like_any_other() -> None:
    port = free_port()
    found = asking().samples(target=f"127.0.0.1:{port}", module="tcp_connect")
    assert found["probe_success", frozenset()] == 0
    labels = frozenset({"phase": "connect", "cause": "server.down"}.items())
    assert found["probe_failure_info", labels] == 1


def test_the_vantage_is_on_everything() -> None:
    asked = asking("vantage: app-1\n" + TARGET + LOOPBACK)
    found = asked.samples(target=f"127.0.0.1:{free_port()}", module="tcp_connect")
    assert all(("vantage", "app-1") in labels for _, labels in found)


def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    with pages() as port:
        asked = asking()
        answer = asked.answer(headers={"accept": OPENMETRICS}, target=f"127.0.0.1:{port}")
    assert answer.kind.startswith("application/openmetrics-text")
    found = samples_of(parse_openmetrics(answer.content.decode()))
    assert found["probe_success", frozenset()] == 1
    (result,) = asked.kept
    assert "# TYPE probe_success gauge\nprobe_success 1.0\n" in result.log
    assert "# EOF" not in result.log


def test_what_is_told_for_debugging() -> None:
    """In three blocks, under the headings that blackbox_exporter has."""
    with pages() as port:
        asked = asking()
        answer = asked.answer(target=f"127.0.0.1:{port}", debug="true")
    text = answer.content.decode()
    assert answer.kind == "text/plain; charset=utf-8"
    logs, metrics, module = text.split("\n\n\n")
    assert logs.startswith("Logs for the probe:\nts=")
    assert f' module=http_2xx target=127.0.0.1:{port} level=info msg="Beginning probe" probe=http' in logs
    assert logs.splitlines()[-1].rpartition(" duration_seconds=")[0].endswith('msg="Probe succeeded"')
    head, _, rest = metrics.removeprefix("\n").partition("\n")
    assert head == "Metrics that would have been returned:"
    assert samples_in(rest)["probe_success", frozenset()] == 1
    assert module.removeprefix("\n").startswith("Module configuration:\nprober: http\ntimeout: 5s\nhttp:\n")
    assert "  valid_status_codes: []\n" in module


def test_every_result_is_kept() -> None:
    with pages() as port:
        asked = asking()
        for path in ("", "/500"):
            asked.answer(target=f"http://127.0.0.1:{port}{path}", module="http_2xx")
    good, bad = asked.kept
    assert (good.target, good.module, good.success) == (f"http://127.0.0.1:{port}", "http_2xx", True)
    assert (bad.target, bad.success) == (f"http://127.0.0.1:{port}/500", False)
    assert "status 500, wanted 2xx" in bad.log
    assert abs(good.started - time.time()) < 60
    assert 0 < good.duration < 5


def test_every_wait_ends_with_what_prometheus_grants() -> None:
    with server(deaf) as port:
        asked = asking(
            LOOPBACK
            + "modules:\n  login: {prober: session, session: {dialect: mysql, auth: {user: u}}}\n"
            + "  greeting: {prober: tcp, tcp: {tls: true, starttls: mysql}}\n"
        )
        for module in ("http_2xx", "tls_connect", "postgresql", "login", "greeting"):
            look = partial(asked.answer, {SCRAPED: "1"}, target=f"127.0.0.1:{port}", module=module)
            answer = in_time(look, 1)
            found = samples_in(answer.content.decode())
            assert found["probe_success", frozenset()] == 0
            assert found["probe_timeout_seconds", frozenset()] == 0.5


def test_a_crowd_is_bounded() -> None:
    """A hundred at once: those for whom there is no room are told to come again, and the others answered."""
    with server(deaf, host="0.0.0.0") as port:  # noqa: S104  for the time of a test
        asked = asking()

        def one(number: int) -> tuple[int, str]:
            host = f"127.0.0.{1 + number // 10}"
            answer = asked.answer(headers={SCRAPED: "2.5"}, target=f"{host}:{port}", module="http_2xx")
            return int(answer.status), dict(answer.headers).get("Retry-After", "")

        with ThreadPoolExecutor(100) as crew:
            found = list(crew.map(one, range(100)))
    assert set(found) == {(200, ""), (503, "1")}
    assert found.count((200, "")) == 32


def test_one_host_is_not_crowded() -> None:
    turnstile = Turnstile(most=4, of_one=1)
    with contextlib.ExitStack() as inside:
        inside.enter_context(turnstile.turn("a"))
        with pytest.raises(Refused, match="1 probes of this host"):
            inside.enter_context(turnstile.turn("a"))
        for host in "bcd":
            inside.enter_context(turnstile.turn(host))
        with pytest.raises(Refused, match="4 probes are under way"):
            inside.enter_context(turnstile.turn("e"))
    with turnstile.turn("a"):
        assert True


def test_a_crowd_at_other_hosts_does_not_blind_us_to_our_targets() -> None:
    turnstile = Turnstile(most=1, of_one=1)
    asked = asking(turnstile=turnstile)
    with turnstile.turn("127.0.0.1"):
        assert asked.said(target="127.0.0.1:1", module="tcp_connect")[0] == 503
        assert asked.failure(target="orders", module="tcp") == ("connect", "server.down")
        with contextlib.ExitStack() as inside:
            for _ in range(8):
                inside.enter_context(turnstile.turn("127.0.0.1", ours=True))
            assert asked.said(target="orders", module="tcp")[0] == 503


@pytest.mark.parametrize(
    ("host", "spelled"),
    [("127.0.0.1", "[::ffff:127.0.0.1]"), ("::1", "[0:0::1]"), ("localhost", "LocalHost.")],
)
def test_one_host_is_not_crowded_by_other_spellings(host: str, spelled: str) -> None:
    turnstile = Turnstile(of_one=1)
    asked = asking(turnstile=turnstile)
    with turnstile.turn(host):
        status, text = asked.said(target=f"{spelled}:1", module="tcp_connect")
    assert (status, text) == (503, "1 probes of this host are under way; try again later\n")


def test_the_end_of_the_daemon_ends_a_look() -> None:
    heard = threading.Event()

    def script(sock: socket.socket) -> None:
        heard.set()
        deaf(sock)

    with server(script) as port:
        asked = asking()
        with running(lambda: asked.said(target=f"127.0.0.1:{port}")) as answer:
            wait_for(heard.is_set)
            asked.tools["orders"].stop.throw()
        assert answer.result(5) == (503, "the exporter is ending; try again later\n")
