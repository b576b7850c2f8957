"""A list that a server has: asked for as Prometheus does, and refused whenever something is wrong with it."""

import base64
import gc
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import read_configuration
from exporter.config.listing import HttpListing
from exporter.discovery import groups, http
from exporter.discovery.groups import Broken
from exporter.discovery.http import ServersList
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop, Stopped
from tests.discovery.inventory import Inventory, said
from tests.servers.certificates import Certificates

TARGET = {"url": "postgresql://u@{address}/d"}


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with Inventory() as inventory:
        yield inventory


def servers_list(folder: Path, url: str, stop: Stop | None = None, **more: Any) -> ServersList:
    path = folder / "exporter.yml"
    path.write_text(yaml.safe_dump({"http_sd_configs": [{"url": url, "target": TARGET, **more}]}))
    (listing,) = read_configuration(path).listings
    assert isinstance(listing, HttpListing)
    return ServersList(listing, Resolver(Stop()), stop or Stop())


def wrong(look: ServersList) -> str:
    with pytest.raises(Broken) as caught:
        look()
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_it_is_asked_for_as_prometheus_does(inventory: Inventory, tmp_path: Path) -> None:
    inventory.lists("db1:5432", "db2", team="shop")
    found = servers_list(tmp_path, inventory.url, refresh_interval="90s")()
    assert [one.address for one in found] == ["db1:5432", "db2"]
    assert found[0].labels == {"team": "shop", "__meta_url": inventory.url}
    ((path, headers),) = inventory.asked
    assert path == "/list"
    assert headers["Accept"] == "application/json"
    assert headers["X-Prometheus-Refresh-Interval-Seconds"] == "90"
    assert re.match("conndrop-exporter/", headers["User-Agent"])
    assert headers["Host"] == f"localhost:{inventory.port}"
    assert "Authorization" not in headers
    inventory.answer = said(b"[]", kind='Application/json; charset="UTF-8"')
    assert servers_list(tmp_path, inventory.url)() == []


def test_who_asks(inventory: Inventory, tmp_path: Path) -> None:
    """By a password, from wherever, or by a token; a file is read anew for each look."""
    (tmp_path / "pw").write_text("hunter2hunter2\n")
    basic = "Basic " + base64.b64encode(b"u:hunter2hunter2").decode()
    for more, expected in (
        ({"url": inventory.url.replace("//", "//u:hunter2hunter2@")}, basic),
        ({"basic_auth": {"username": "u", "password": {"file": "pw"}}}, basic),
        ({"basic_auth": {"username": "u"}}, "Basic " + base64.b64encode(b"u:").decode()),
        ({"authorization": {"credentials_file": "pw"}}, "Bearer hunter2hunter2"),
        ({"authorization": {"type": "Token", "credentials": {"file": "pw"}}}, "Token hunter2hunter2"),
    ):
        servers_list(tmp_path, **{"url": inventory.url, **more})()  # type: ignore[arg-type]
        assert inventory.asked[-1][1]["Authorization"] == expected
    look = servers_list(tmp_path, inventory.url, authorization={"credentials_file": "pw"})
    (tmp_path / "pw").write_text("two\r\nX-More: 1")
    assert wrong(look) == "cannot say who asks: the credentials hold what a header cannot"
    (tmp_path / "pw").unlink()
    assert wrong(look) == f"cannot say who asks: {tmp_path / 'pw'} does not exist"
    assert len(inventory.asked) == 5


BREAKS_OFF = "what the server sends is no HTTP, breaks off, or is larger than {} MiB"
GZIP: Any = {"Content-Encoding": "gzip"}
LIST = b'[{"targets": ["db1"]}]'


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (said(b"no", 401), "the server answers with status 401, wanted 200"),
        (said(b"", 204), "the server answers with status 204, wanted 200"),
        (said(LIST, kind="text/html"), "the server sends 'text/html"),
        (said(LIST, kind=""), "the server sends '', wanted application/json"),
        (said(b"<html>"), "is not JSON: Expecting value in line 1"),
        (said(LIST[:-3]), "is not JSON: Expecting ',' delimiter in line 1"),
        (said(b"[\xff]"), "is not UTF-8 text"),
        (said(b"[" * 100_000), "is not JSON that anybody would write"),
        (said(b"{}"), "is no list; it must be [{"),
        (said(b"null"), "is no list; it must be"),
        (said(b"[7]"), "[0]: is no group of targets and labels"),
        (said(b"[{}]"), "[0].targets: is missing, or no list"),
        (said(b'[{"targets": "db1"}]'), "[0].targets: is missing, or no list"),
        (said(b'[{"targets": []}, {"target": []}]'), "[1]: unknown key 'target'; allowed: targets, labels"),
        (said(b'[{"targets": ["a", 7]}]'), "[0].targets[1]: is no text"),
        (said(b'[{"targets": ["a\\u001b[0m"]}]'), "[0].targets[0]: has a control character in it"),
        (said(b'[{"targets": [], "labels": ["a"]}]'), "[0].labels: is no map of names and texts"),
        (said(b'[{"targets": [], "labels": {"a": 1}}]'), "[0].labels.'a': is no text"),
        (said(b'[{"targets": [], "labels": {"a": "\\ud800"}}]'), "[0].labels.'a': has a control character"),
        (said(b"x" * 2000, **GZIP), "is not JSON"),
        (lambda handler: handler.wfile.write(b"garbage\r\n\r\n"), BREAKS_OFF.format(16)),
        (
            lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"),
            BREAKS_OFF.format(16),
        ),
        (lambda _: None, BREAKS_OFF.format(16)),
        (
            lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
            BREAKS_OFF.format(16),
        ),
    ],
)
def test_whatever_is_wrong_is_told(
    inventory: Inventory, tmp_path: Path, answer: Callable[[BaseHTTPRequestHandler], None], told: str
) -> None:
    inventory.answer = answer
    found = wrong(servers_list(tmp_path, inventory.url))
    assert found.startswith(told)
    assert found.isprintable()


def test_a_list_that_is_too_large_is_not_taken_in(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its length is told beforehand or not; and one of too many targets."""
    monkeypatch.setattr(http, "LARGEST", 1 << 20)
    inventory.answer = said(LIST + b" " * (1 << 20))
    assert wrong(servers_list(tmp_path, inventory.url)) == BREAKS_OFF.format(1)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    inventory.answer = endless
    assert wrong(servers_list(tmp_path, inventory.url)) == BREAKS_OFF.format(1)
    monkeypatch.setattr(groups, "MOST", 2)
    inventory.lists("a", "b", "c")
    assert wrong(servers_list(tmp_path, inventory.url)) == "holds more than 2 targets"


def test_a_list_that_is_the_same_is_not_parsed_again(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when it was broken between; a large one holds up all else for as long as that takes."""
    inventory.lists("db1")
    look = servers_list(tmp_path, inventory.url)
    first = look()
    inventory.answer = said(b"[")
    wrong(look)
    inventory.lists("db1")
    with monkeypatch.context() as patched:
        patched.setattr(http, "from_json", lambda _: pytest.fail("was parsed"))
        assert look() is first
    inventory.lists("db2")
    assert [one.address for one in look()] == ["db2"]


def test_a_look_ends_when_its_time_is_up(inventory: Inventory, tmp_path: Path) -> None:
    """However the server drips."""

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.02)

    inventory.answer = dripping
    url = inventory.url.replace("localhost", "127.0.0.1")  # a resolver may take that long, too
    assert wrong(servers_list(tmp_path, url, timeout="300ms")) == "no whole answer within 0.3 s"
    inventory.answer = lambda _: time.sleep(1)
    assert wrong(servers_list(tmp_path, url, timeout="100ms")) == "no whole answer within 0.1 s"


def test_a_look_that_is_no_longer_wanted_ends(
    inventory: Inventory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And lets go of what it had open: reloads may come faster than a server that hangs gives up."""
    stop, ended = Stop(), threading.Event()

    def hanging(handler: BaseHTTPRequestHandler) -> None:
        stop.throw()
        handler.connection.settimeout(10)
        if not handler.connection.recv(1):
            ended.set()

    inventory.answer = hanging
    with pytest.raises(Stopped):
        servers_list(tmp_path, inventory.url, stop, timeout="20s")()
    assert ended.wait(5)
    gc.collect()  # futures that nobody has asked say so when they go
    assert not caplog.records


def test_a_server_that_is_not_there(inventory: Inventory, tmp_path: Path) -> None:
    look = servers_list(tmp_path, inventory.url)
    look()
    inventory.kill()
    assert wrong(look) == f"localhost:{inventory.port} cannot be had: Connection refused"
    by_address = inventory.url.replace("localhost", "u:hunter2hunter2@[::1]")
    assert wrong(servers_list(tmp_path, by_address)).startswith(f"[::1]:{inventory.port} cannot be had: ")
    assert wrong(servers_list(tmp_path, "http://nobody.invalid/")).startswith(
        "the server's name: nobody.invalid: "
    )


def test_redirects(inventory: Inventory, tmp_path: Path) -> None:
    """Followed, but nobody else is told who asks; and not for ever."""
    with Inventory() as other:
        other.lists("db9")
        inventory.answer = said(b"", 302, Location=other.url)
        url = inventory.url.replace("//", "//u:hunter2hunter2@")
        assert [one.address for one in servers_list(tmp_path, url)()] == ["db9"]
        assert "Authorization" in inventory.asked[-1][1]
        assert "Authorization" not in other.asked[-1][1]
        told = wrong(servers_list(tmp_path, url, follow_redirects=False))
        assert told == "the server answers with status 302, wanted 200"
        before = len(inventory.asked)
        inventory.answer = said(b"", 307, Location="list")
        assert wrong(servers_list(tmp_path, url)) == "the server redirects more than 10 times"
        assert len(inventory.asked) == before + 11
        assert all("Authorization" in headers for _, headers in inventory.asked)
    for location in ("", "ftp://x/", "http://:x/", "http://u:p@h/", "http://h:x/", "http://[/", "/\xe4"):
        inventory.answer = said(b"", 301, Location=location)
        assert wrong(servers_list(tmp_path, url)) == "the server redirects to what is no URL to follow"


def test_tls(tmp_path: Path) -> None:
    """A certificate of an authority of our own, judged by the name asked for; and one that nobody knows."""
    certificates = Certificates(tmp_path)
    certificates.install("good", tmp_path / "cert.pem", tmp_path / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    context.load_verify_locations(certificates.ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    ours = {"ca_file": "ca.pem", "cert_file": "cert.pem", "key_file": "key.pem"}
    with Inventory(context) as inventory:
        inventory.lists("db1")
        assert len(servers_list(tmp_path, inventory.url, tls_config=ours)()) == 1
        by_address = inventory.url.replace("localhost", "127.0.0.1")
        assert wrong(servers_list(tmp_path, by_address, tls_config=ours)).startswith(
            f"127.0.0.1:{inventory.port} cannot be had: its certificate: IP address mismatch"
        )
        named = {**ours, "server_name": "localhost"}
        assert len(servers_list(tmp_path, by_address, tls_config=named)()) == 1
        assert inventory.asked[-1][1]["Host"] == f"127.0.0.1:{inventory.port}"
        here = f"localhost:{inventory.port} cannot be had"
        stranger = wrong(servers_list(tmp_path, inventory.url))
        assert stranger == f"{here}: its certificate: self-signed certificate in certificate chain"
        anyone = servers_list(tmp_path, inventory.url, tls_config={"insecure_skip_verify": True})
        assert len(anyone()) == 1
        inventory.answer = said(b"", 302, Location="http://localhost/")
        assert wrong(anyone) == "the server redirects from https to http"
        look = servers_list(tmp_path, inventory.url, tls_config=ours)
        certificates.ca.write_text("broken")
        assert wrong(look).startswith(f"{here}: ")
