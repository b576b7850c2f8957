"""What whoever runs the exporter asks of it over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from exporter.app import read_configuration
from exporter.config import Shown, shown
from exporter.probes import KINDS
from exporter.web.operating import Operating
from exporter.web.server import WebServer
from exporter.web.site import Site
from tests.test_web import LOOPBACK, ask


@dataclass
class Running:
    """A site that notes how often it was told to reload, and says what it is to say of that."""

    port: int = 0
    wrong: str = ""
    reloads: list[None] = field(default_factory=list)

    def reload(self) -> str:
        self.reloads.append(None)
        return self.wrong


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    origins = frozenset({"https://monitoring.example.com"})
    operating = Operating(lambda: True, lambda: "vantage: é\n", running.reload, origins)
    web = WebServer([LOOPBACK], Site(operating.routes))
    running.port = web.addresses[0].port
    yield running
    web.stop()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload(running: Running, method: str) -> None:
    status, _, content = ask(running.port, "/-/reload", method)
    assert (status, content) == (200, b"configuration reloaded\n")
    assert len(running.reloads) == 1


def test_a_reload_that_fails_says_why(running: Running) -> None:
    running.wrong = "exporter.yml:3: no\nexporter.yml:5: neither"
    status, _, content = ask(running.port, "/-/reload", "POST")
    assert status == 500
    assert content == b"failed to reload config: exporter.yml:3: no\nexporter.yml:5: neither\n"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_who_only_reads_reloads_nothing(running: Running, method: str) -> None:
    status, headers, content = ask(running.port, "/-/reload", method)
    assert (status, headers["Allow"]) == (405, "POST, PUT")
    assert content == (b"" if method == "HEAD" else b"This endpoint requires a POST request.\n")
    assert not running.reloads


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Host": ""}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "https://monitoring.example.com"}, 200),
        ({"Origin": "http://here"}, 200),
        ({}, 200),
    ],
)
def test_no_other_site_may_have_a_browser_reload(
    running: Running, headers: dict[str, str], status: int
) -> None:
    """A browser says where a request comes from; who is none does not."""
    if headers.get("Origin") == "http://here":
        headers = {"Origin": f"http://127.0.0.1:{running.port}"}
    assert ask(running.port, "/-/reload", "POST", **headers)[0] == status
    assert len(running.reloads) == (status == 200)


def test_the_configuration_is_plain_text(running: Running) -> None:
    status, headers, content = ask(running.port, "/config")
    assert (status, headers["Content-Type"], content.decode()) == (
        200, "text/plain; charset=utf-8", "vantage: é\n",
    )  # fmt: skip


def test_what_is_not_given_is_not_there() -> None:
    """A daemon whose configuration is in no file has nothing to read anew."""
    assert Operating(lambda: True, str).routes.keys() == {"/-/healthy", "/-/ready", "/config"}


SECRETS = (
    "hunter2hunter2",
    "keyphrase9",
    "guc-hidden",
    "half-hidden",
    "from-env-1",
    "from-file-2",
    "to%40ken",
)
WRITTEN = """\
vantage: app-1
networks: {linode: [172.104.0.0/15]}
diagnosis: {loss: 2.5%, quiet: 1m30s}
defaults: {pool: {pool_recycle: 30m}}
connection_budget: 7
targets:
- name: a
  url: "postgresql+psycopg2://us%40er:hunter2hunter2@[::1]:6432/d%2Fb?sslmode=require&sslpassword=keyphrase9\
&options=-c%20my.password%3Dguc-hidden%5C%20half-hidden%20-c%20statement_timeout%3D5"
  labels: {team: "yes"}
- name: b
  url: mysql://u@db.example.com
  password: {env: SHOWN_PASSWORD}
  connection_budget: 3
  probes:
    ping: false
    session: {interval: 1.5s, phase_timeouts: {dns: 200ms}}
- name: c
  url: mariadb://u@db.example.com/d?charset=utf8mb4
  password: {file: secret}
  probes: {pool: false}
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOWN_PASSWORD", "from-env-1")
    (tmp_path / "secret").write_text("from-file-2\n")
    path = tmp_path / "exporter.yml"
    path.write_text(WRITTEN)
    return path


def test_no_secret_is_shown(path: Path) -> None:
    text = shown(read_configuration(path), KINDS)
    for secret in SECRETS:
        assert secret not in text
    first, second, third = yaml.safe_load(text)["targets"]
    assert first["url"] == (
        "postgresql://us%40er:<secret>@[::1]:6432/d%2Fb?sslmode=require&sslpassword=<secret>"
        "&options=-c%20my.password%3D<secret>%20-c%20statement_timeout%3D5"
    )
    assert "password" not in first
    assert second["password"] == {"env": "SHOWN_PASSWORD"}
    assert third["password"] == {"file": str(path.parent / "secret")}


def test_the_text_is_that_of_the_configuration_in_force(path: Path) -> None:
    """Though it is written once only."""
    first = read_configuration(path)
    path.write_text(path.read_text().replace("app-1", "app-2"))
    second = read_configuration(path)
    text = Shown(KINDS)
    assert text(first) is text(first)
    assert text(second).startswith("vantage: app-2\n")
    assert text(first) == shown(first, KINDS)


def test_what_is_shown_can_be_read_and_means_the_same(path: Path, tmp_path: Path) -> None:
    """With all defaults filled in, and nothing that is off left out."""
    written = read_configuration(path)
    again = tmp_path / "again.yml"
    again.write_text(shown(written, KINDS))
    read = read_configuration(again)
    assert (read.vantage, read.networks, read.diagnosis) == (
        written.vantage, written.networks, written.diagnosis,
    )  # fmt: skip
    for one, other in zip(written.targets, read.targets, strict=True):
        assert one.probes.keys() == other.probes.keys()
        for name, settings in one.probes.items():
            assert settings.model_dump() == other.probes[name].model_dump(), name
        assert one.connection_budget == other.connection_budget
        assert one.target.labels == other.target.labels
        where, there = one.target.endpoint, other.target.endpoint
        assert (where.dialect, where.host, where.port, where.user, where.database) == (
            there.dialect, there.host, there.port, there.user, there.database,
        )  # fmt: skip
    assert shown(read, KINDS) == shown(written, KINDS)
