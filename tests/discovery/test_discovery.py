"""Targets that appear and vanish while the daemon runs, without touching others; and sources that break."""

import logging
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import Daemon, read_configuration
from exporter.discovery import files
from exporter.discovery.place import Further
from exporter.web.server import ListenAddress
from tests.discovery.inventory import Inventory, said
from tests.servers import Postgres
from tests.test_reload import Reloaded
from tests.waiting import wait_for

HELD = {"sentinel": {"heartbeat": "100ms"}, "tcp": {"interval": "200ms", "timeout": "200ms"}}
OFF = dict.fromkeys(("ping", "path", "mtu", "dns", "tls", "session", "idle", "server"), False)
NOWHERE = "mysql://u@{address}/d"


class Discovering(Reloaded):
    """A running daemon whose configuration has sources of targets."""

    def begin(self, **content: Any) -> None:
        """Start with this configuration, and nothing discovered."""
        self.put(**content)
        self.daemon = Daemon(read_configuration(self.path), [ListenAddress.parse("127.0.0.1:0")])

    def put(self, **content: Any) -> None:
        self.path.write_text(yaml.safe_dump(content))

    def anew(self, **content: Any) -> None:
        """Reload with this configuration."""
        self.put(**content)
        self.daemon.reload(read_configuration(self.path))

    def of(self, source: str) -> Mapping[str, float | None]:
        """Give what is published of a source."""
        names = ("up", "targets", "refreshes_total", "failures_total", "last_success_timestamp_seconds")
        return {name: self.value(f"conndrop_discovery_{name}", source=source) for name in names}

    def up(self, source: str) -> float | None:
        return self.of(source)["up"]

    def given(self) -> set[str]:
        """Name the targets that there are."""
        return {dict(at)["target"] for name, at in self.samples() if name == "conndrop_target_info"}


@pytest.fixture
def it(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Discovering]:
    monkeypatch.setattr("exporter.probes.sentinel.TELL", 0.1)
    monkeypatch.setattr("exporter.exposition.registry.FRESH", 0.0)
    monkeypatch.setattr(files, "SETTLED", 0.05)
    monkeypatch.setattr(Further, "every", 0.05)
    it = Discovering(tmp_path, postgres)
    yield it
    it.daemon.stop()


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with Inventory() as inventory:
        yield inventory


def http(inventory: Inventory, url: str = NOWHERE, **more: Any) -> dict[str, Any]:
    target = {"url": url, "name": "{host}", "probes": OFF, **more}
    return {"url": inventory.url, "name": "inventory", "refresh_interval": "1s", "target": target}


def told(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [vars(record)["fields"] for record in caplog.records if record.getMessage().startswith(message)]


def counted(it: Discovering) -> float:
    """Give how many connects to our own server there have been."""
    return sum(
        value
        for (name, labels), value in it.samples().items()
        if name == "conndrop_tcp_connects_total" and ("target", "127.0.0.1") in labels
    )


def test_targets_come_and_go_and_others_go_on(
    it: Discovering, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    """A list that breaks changes nothing; what it has lost is gone once it is well again."""
    caplog.set_level(logging.INFO)
    port = it._url.rpartition(":")[2].partition("/")[0]
    url = it._url.replace(f"127.0.0.1:{port}", "{address}")
    inventory.lists(f"127.0.0.1:{port}", team="shop")
    it.begin(http_sd_configs=[http(inventory, url, probes={**OFF, **HELD})])
    nothing = dict.fromkeys(("up", "targets", "refreshes_total", "failures_total"), 0)
    assert it.of("inventory") == {**nothing, "last_success_timestamp_seconds": 0}
    it.daemon.start()
    wait_for(lambda: it.given() == {"127.0.0.1"})
    wait_for(it.holds(1))
    wait_for(lambda: counted(it))
    held, before = it.held(), counted(it)
    inventory.lists(f"127.0.0.1:{port}", "db2", team="shop")
    wait_for(lambda: it.given() == {"127.0.0.1", "db2"})
    assert it.of("inventory")["targets"] == 2
    good = it.of("inventory")["last_success_timestamp_seconds"]
    inventory.answer = said(b"oops", 500)
    wait_for(lambda: (it.of("inventory")["failures_total"] or 0) > 1)
    inventory.kill()
    wait_for(lambda: len(told(caplog, "targets cannot be discovered")) == 2)
    assert [one["detail"] for one in told(caplog, "targets cannot be discovered")] == [
        "the server answers with status 500, wanted 200",
        f"localhost:{inventory.port} cannot be had: Connection refused",
    ]
    assert it.given() == {"127.0.0.1", "db2"}
    assert it.up("inventory") == 0
    with Inventory(port=inventory.port) as again:
        again.lists(f"127.0.0.1:{port}", team="other")
        wait_for(lambda: it.given() == {"127.0.0.1"})
        wait_for(lambda: it.up("inventory") == 1)
        assert 'team="other"' in it.text()
    wait_for(lambda: len(told(caplog, "targets are discovered again")) == 1)
    assert (it.of("inventory")["last_success_timestamp_seconds"] or 0) > (good or 0)
    assert it.held() == held
    assert counted(it) > before
    assert it.text().count('target="db2"') == 0


def test_a_name_is_that_of_one_target(
    it: Discovering, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    """Who had it first keeps it, and the configuration is first; a list is refused as a whole."""
    inventory.lists("a", "b")
    own = {"name": "a", "url": "mysql://u@h/d", "probes": OFF}
    it.begin(targets=[own], http_sd_configs=[http(inventory)])
    it.daemon.start()
    wait_for(lambda: told(caplog, "targets cannot be discovered"))
    (fields,) = told(caplog, "targets cannot be discovered")
    assert fields["detail"] == "a is the name of a target of the configuration already; names must differ"
    assert it.given() == {"a"}
    inventory.lists("b", "c")
    wait_for(lambda: it.given() == {"a", "b", "c"})
    (it.path.parent / "list.json").write_text('[{"targets": ["c:1", "d:1", "d:1"]}]')
    other = {"files": ["list.json"], "target": {"url": NOWHERE, "name": "{host}", "probes": OFF}}
    it.anew(targets=[own], http_sd_configs=[http(inventory)], file_sd_configs=[other])
    wait_for(lambda: it.of("file_sd_configs[0]")["failures_total"])
    assert told(caplog, "targets cannot")[-1]["detail"].startswith("c is the name of a target of inventory ")
    it.anew(targets=[own, {**own, "name": "c"}], http_sd_configs=[http(inventory)], file_sd_configs=[other])
    assert it.given() == {"a", "b", "c"}
    assert it.of("inventory")["targets"] == 1
    wait_for(lambda: it.up("inventory") == 0)
    it.anew(targets=[own], file_sd_configs=[other])
    wait_for(lambda: it.given() == {"a", "c", "d"})
    assert 'source="inventory"' not in it.text()
    inventory.lists("x", "x:1")
    it.anew(http_sd_configs=[http(inventory)])
    wait_for(lambda: it.up("inventory") == 0)
    wait_for(lambda: told(caplog, "targets cannot")[-1]["detail"].startswith("x is the name of two targets"))


def test_a_reload_keeps_what_was_found(
    it: Discovering, inventory: Inventory, caplog: pytest.LogCaptureFixture
) -> None:
    """Though the server is dead: under the same template, another, and one that makes no target.

    A list in another order is the same list.
    """
    caplog.set_level(logging.INFO)
    inventory.lists("a", "b", team="shop")
    it.begin(http_sd_configs=[http(inventory)])
    it.daemon.start()
    wait_for(lambda: it.given() == {"a", "b"})
    source = it.daemon._discovery._sources[0]
    inventory.lists("b", "a", team="shop")
    source.ask()
    wait_for(lambda: it.of("inventory")["refreshes_total"] == 2)
    assert len(told(caplog, "targets discovered")) == 1
    inventory.kill()
    begun = it.daemon._core.watches.of("a")
    it.anew(http_sd_configs=[http(inventory)], vantage="here")
    assert it.daemon._discovery._sources[0] is source
    it.anew(http_sd_configs=[http(inventory, labels={"new": "{team}"})])
    assert it.given() == {"a", "b"}
    assert it.daemon._core.watches.of("a") is begun
    assert it.text().count('new="shop"') == 2
    it.anew(http_sd_configs=[http(inventory, labels={"new": "{none}"})])
    assert it.text().count('new="shop"') == 2
    wait_for(lambda: it.up("inventory") == 0)
    it.anew(http_sd_configs=[{**http(inventory), "url": inventory.url + "/2"}])
    assert it.given() == set()


def test_a_look_that_is_no_longer_wanted_tells_nothing(it: Discovering, inventory: Inventory) -> None:
    """It ends long after a reload; the source that looks in its place has its name."""
    late = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if len(inventory.asked) == 1:
            late.wait(10)
            said(b"", 500)(handler)
        else:
            inventory.listing([{"targets": ["a"]}])(handler)

    inventory.answer = answer
    it.begin(http_sd_configs=[http(inventory)])
    it.daemon.start()
    wait_for(lambda: len(inventory.asked) == 1)
    it.anew(http_sd_configs=[http(inventory, labels={"new": "x"})])
    wait_for(lambda: it.given() == {"a"})
    late.set()
    wait_for(lambda: [each.name for each in threading.enumerate()].count("discover inventory") == 1)
    assert it.of("inventory")["failures_total"] == 0


def test_files_of_targets_are_watched(
    it: Discovering, inventory: Inventory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sound at the start, or there is none; later a mistake leaves all as it was."""
    monkeypatch.setattr("exporter.discovery.place.AGAIN", 0.0)
    folder = it.path.parent / "more"
    folder.mkdir()
    (folder / "one.yml").write_text("- {name: a, url: 'mysql://u@h/d', probes: {ping: false}}\n")
    inventory.lists("z")
    it.begin(target_files=["more/*.yml"], http_sd_configs=[http(inventory)])
    assert it.given() == {"a"}
    assert list(it.of("target_files").values())[:4] == [1, 1, 1, 0]
    it.daemon.start()
    begun = it.daemon._core.watches.of("a")
    (folder / "two.yml").write_text("- {name: b, url: 'mysql://u@h/d'}\n")
    wait_for(lambda: it.given() == {"a", "b", "z"})
    (folder / "two.yml").write_text("- {name: a, url: 'mysql://u@h/d', password: {file: pw}}\n")
    wait_for(lambda: it.up("target_files") == 0)
    detail = told(caplog, "targets cannot be discovered")[0]["detail"]
    assert f"{folder}/two.yml:1: [0].name: 'a' is the name of another target already" in detail
    assert f"{folder}/two.yml:1: [0].password.file: " in detail
    (folder / "two.yml").write_text("- {name: c, url: 'mysql://u@h/d', password: {file: pw}}\n")
    wait_for(lambda: len(told(caplog, "targets cannot be discovered")) == 2)
    assert it.given() == {"a", "b", "z"}
    (folder / "pw").write_text("mended")
    wait_for(lambda: it.given() == {"a", "c", "z"})
    assert it.value("conndrop_config_last_reload_successful") == 1
    (folder / "two.yml").unlink()
    wait_for(lambda: it.given() == {"a", "z"})
    assert it.daemon._core.watches.of("a") is begun


def test_what_cannot_be_put_into_force_is_told_and_tried_again(
    it: Discovering, inventory: Inventory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not ready before each source has been looked at, with or without success; at the end nothing begins."""
    caplog.set_level(logging.DEBUG)
    inventory.lists("a")
    it.begin(http_sd_configs=[http(inventory)])
    assert not it.daemon._discovery.looked
    with monkeypatch.context() as patched:
        patched.setattr(it.daemon._core.watches, "prepare", lambda _: _broken())
        it.daemon.start()
        wait_for(lambda: it.up("inventory") == 0 and it.of("inventory")["failures_total"])
        wait_for(lambda: it.daemon._discovery.looked)
    (fields,) = told(caplog, "targets cannot be discovered")
    assert fields["detail"] == "cannot be put into force: RuntimeError: mysql://u:<secret>@h"
    wait_for(lambda: it.given() == {"a"})
    it.daemon._discovery.stop()
    inventory.lists("b")
    it.daemon._core.watches.halt()
    monkeypatch.setattr("exporter.app.watch.Watch.begin", lambda _: pytest.fail("was begun"))
    it.anew(targets=[{"name": "late", "url": "mysql://u@h/d"}], http_sd_configs=[http(inventory)])
    asked = len(inventory.asked)
    for source in it.daemon._discovery._sources:
        source.ask()
    assert it.given() == {"a", "late"}
    assert len(inventory.asked) <= asked + 1


def test_a_source_that_had_no_thread_is_begun_by_the_next_reload(
    it: Discovering, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory.lists("a")
    fixed = [{"name": "fixed", "url": "mysql://u@h/d", "probes": OFF}]
    it.begin(targets=fixed)
    it.daemon.start()
    begin = threading.Thread.start

    def full(thread: threading.Thread) -> None:
        if thread.name.startswith("discover "):
            raise RuntimeError("can't start new thread")
        begin(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        with pytest.raises(RuntimeError):
            it.anew(targets=fixed, http_sd_configs=[http(inventory)])
    it.anew(targets=fixed, http_sd_configs=[http(inventory)])
    wait_for(lambda: it.given() == {"fixed", "a"})


def _broken() -> None:
    raise RuntimeError("mysql://u:hunter2@h")
