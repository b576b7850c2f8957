"""A daemon that is looked at by /probe, and given another configuration meanwhile."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from exporter.app import Daemon, read_configuration
from exporter.web.server import ListenAddress
from tests.blackbox.pages import pages
from tests.lab.exporter import only


class Reloaded:
    """A daemon whose configuration is written anew; it need not probe by itself."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "exporter.yml"
        self.daemon = Daemon(self._written("a"), [ListenAddress("127.0.0.1", 0)])

    def reload(self, *targets: str, **content: Any) -> None:
        """Have these targets, and further content, from now on."""
        self.daemon.reload(self._written(*targets, **content))

    def ask(self, path: str, **query: str) -> tuple[int, str]:
        """Give the status and the text of a page."""
        address = self.daemon.urls[0].removeprefix("http://").removesuffix("/")
        connection = HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", f"{path}?{urlencode(query)}")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _written(self, *targets: str, **content: Any) -> Any:
        blocks = [{"name": name, "url": "mysql://u@127.0.0.1:1/d", "probes": only()} for name in targets]
        self._path.write_text(json.dumps({"targets": blocks, **content}))
        return read_configuration(self._path)


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Reloaded]:
    it = Reloaded(tmp_path)
    it.daemon.start()
    yield it
    it.daemon.stop()


def test_what_may_be_looked_at_follows_the_configuration(it: Reloaded) -> None:
    with pages() as port:
        page = f"127.0.0.1:{port}"
        assert it.ask("/probe", target=page)[0] == 403
        assert it.ask("/probe", target="a", module="ping")[0] == 200
        it.reload("b", probe={"allow": ["127.0.0.1"]}, modules={"mine": {"prober": "http"}})
        assert it.ask("/probe", target=page, module="mine")[0] == 200
        assert it.ask("/probe", target="a", module="icmp")[0] == 403, "no target of ours any more"
        assert it.ask("/probe", target="b", module="ping")[0] == 200
        it.reload("b", vantage="app-1")
        assert it.ask("/probe", target=page, module="mine") == (400, 'Unknown module "mine"\n')
        assert 'probe_success{vantage="app-1"} 1.0\n' in it.ask("/probe", target="b", module="ping")[1]


def test_a_look_goes_on_as_it_began(it: Reloaded) -> None:
    """Whatever is configured meanwhile: none fails, and none is half of one and half of the other."""
    allowed = {"probe": {"allow": ["127.0.0.1"]}}
    with pages() as port, ThreadPoolExecutor(4) as crew:
        it.reload("a", **allowed)
        looks = [crew.submit(it.ask, "/probe", target=f"127.0.0.1:{port}") for _ in range(60)]
        for _ in range(10):
            it.reload("a", **allowed)
            it.reload("a", "b", **allowed)
        assert {look.result()[0] for look in looks} == {200}


def test_results_stand_beside_those_of_probes(it: Reloaded) -> None:
    it.ask("/probe", target="a", module="tcp")
    status, text = it.ask("/logs", target="a", module="tcp")
    assert status == 200
    assert text.startswith("Logs for the probe:\nts=")
    assert "cause=server.down" in text
    assert "Module configuration:\n" in text


def test_the_configuration_in_force_shows_modules(it: Reloaded) -> None:
    it.reload("a", modules={"mine": {"prober": "icmp"}})
    _, text = it.ask("/config")
    assert yaml.safe_load(text)["modules"]["mine"]["prober"] == "icmp"
