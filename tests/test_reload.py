"""Another configuration while the daemon runs: what is as before goes on, and what is gone leaves nothing."""

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import Daemon, read_configuration
from exporter.model import Cause, Failure, Observation
from exporter.net.watcher import Watcher
from exporter.web.server import ListenAddress
from tests.scraping import Samples, parse_text, samples_of
from tests.servers import Postgres
from tests.waiting import wait_for

OURS = "SELECT pid, backend_start FROM pg_stat_activity WHERE application_name = 'conndrop-exporter'"
PROBES: Mapping[str, Any] = {
    "ping": {"interval": "200ms", "timeout": "200ms"},
    "tcp": {"interval": "200ms", "timeout": "200ms"},
    "session": {"interval": "300ms", "timeout": "300ms"},
    "sentinel": {"heartbeat": "100ms"},
    "idle": {"ladder": ["30m"], "connections": 1},
    "server": {"interval": "1s", "timeout": "1s"},
    **dict.fromkeys(("path", "mtu", "dns", "tls"), False),
}


class Reloaded:
    """A running daemon, and what it is told and says."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.path = folder / "exporter.yml"
        self._url = postgres.url(postgres.plain)
        self._postgres = postgres
        self.content: dict[str, Any] = {"targets": []}

    def target(self, name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "url": self._url, "connection_budget": 12, "probes": dict(PROBES), **more}

    def start(self, *targets: dict[str, Any], **content: Any) -> None:
        self.write(*targets, **content)
        self.daemon = Daemon(read_configuration(self.path), [ListenAddress.parse("127.0.0.1:0")])
        self.daemon.start()

    def write(self, *targets: dict[str, Any], **content: Any) -> None:
        self.path.write_text(yaml.safe_dump({"targets": list(targets), **content}))

    def reload(self, *targets: dict[str, Any], **content: Any) -> None:
        self.write(*targets, **content)
        self.daemon.reload(read_configuration(self.path))

    def text(self) -> str:
        address = self.daemon._web.addresses[0]
        with contextlib.closing(HTTPConnection(address.host, address.port, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def samples(self) -> Samples:
        return samples_of(parse_text(self.text()))

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, frozenset(labels.items())))

    def targets(self) -> set[str]:
        return {dict(labels)["target"] for _, labels in self.samples() if "target" in dict(labels)}

    def held(self) -> set[tuple[object, ...]]:
        """Give our sessions that last."""
        before = set(self._postgres.admin(OURS))
        time.sleep(0.6)  # longer than any visit
        return before & set(self._postgres.admin(OURS))

    def holds(self, sessions: int) -> Callable[[], bool]:
        return lambda: len(self.held()) == sessions

    def holding(self, sessions: int) -> set[tuple[object, ...]]:
        """Wait until so many of our sessions last, and the same once more: a visit may be drawn out."""
        found = [self.held()]

        def the_same() -> bool:
            found.append(self.held())
            return found[-1] == found[-2] and len(found[-1]) == sessions

        wait_for(the_same)
        return found[-1]


@pytest.fixture
def it(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloaded]:
    monkeypatch.setattr("exporter.probes.sentinel.TELL", 0.1)
    monkeypatch.setattr("exporter.probes.sentinel.COLLECT", 0.2)
    monkeypatch.setattr("exporter.probes.idle.PAUSE", 0.1)
    monkeypatch.setattr("exporter.exposition.registry.FRESH", 0.0)
    it = Reloaded(tmp_path, postgres)
    yield it
    it.daemon.stop()
    wait_for(lambda: not postgres.admin(OURS))


HELD = 3
"""Connections that last: a sentinel, one left silent, and the one of the server's view."""


def test_a_target_comes_and_goes(it: Reloaded) -> None:
    """Its series begin at 0 and vanish; what it held is closed with a goodbye; the other notices nothing."""
    it.start(it.target("a"))
    stays = it.holding(HELD)
    it.reload(it.target("a"), it.target("b", labels={"team": "shop"}))
    assert it.targets() == {"a", "b"}
    wait_for(lambda: it.value("conndrop_ping_sent_total", target="b"))
    wait_for(it.holds(2 * HELD))
    goodbyes = it._postgres.aborted()
    it.reload(it.target("a"))
    assert it.targets() == {"a"}
    wait_for(lambda: it.held() == stays)
    assert it.targets() == {"a"}
    assert it._postgres.aborted() == goodbyes


def test_what_is_as_before_goes_on(it: Reloaded) -> None:
    """No counter falls, no connection is opened anew, whatever becomes of others; forty times."""
    it.start(it.target("a"), it.target("b"))
    wait_for(it.holds(2 * HELD))
    it.reload(it.target("a"))
    stays, before = it.holding(HELD), it.samples()
    for round_ in range(40):
        it.reload(it.target("a"), *([it.target("b")] if round_ % 2 else []))
        now = it.samples()
        for key in ((name, labels) for name, labels in before if ("target", "a") in labels):
            if key[0].endswith(("_total", "_count", "_bucket")):
                assert now[key] >= before[key], key
    it.reload(it.target("a"))
    wait_for(lambda: it.held() == stays)
    assert it.value("conndrop_meter_restarts_total") == 0


def test_only_the_probe_begins_anew_whose_settings_have_changed(it: Reloaded) -> None:
    it.start(it.target("a"))
    before, sent = it.holding(HELD), it.value("conndrop_ping_sent_total", target="a")
    assert sent is not None
    faster = {**PROBES, "ping": {"interval": "100ms", "timeout": "100ms"}}
    it.reload(it.target("a", probes=faster))
    wait_for(lambda: (it.value("conndrop_ping_sent_total", target="a") or 0) > sent + 10)
    wait_for(lambda: it.held() == before)
    more = {**faster, "sentinel": {"heartbeat": "100ms", "connections": 2}}
    it.reload(it.target("a", probes=more))
    wait_for(lambda: it.value("conndrop_held_connections", target="a", probe="sentinel") == 1)
    wait_for(it.holds(HELD))
    assert len(it.held() & before) == HELD - 1


def test_a_probe_that_is_switched_off_leaves_nothing(it: Reloaded) -> None:
    """Neither series nor connections; switched on again it begins at 0, and the others have gone on."""
    it.start(it.target("a"))
    wait_for(it.holds(HELD))
    it.reload(it.target("a", probes={**PROBES, "sentinel": False, "session": False, "server": False}))
    text = it.text()
    assert "conndrop_session_attempts_total{" not in text
    assert 'probe="sentinel",target="a"' not in text
    assert 'conndrop_held_connections{probe="idle",target="a"}' in text
    wait_for(it.holds(1))
    begun = time.monotonic()
    it.reload(it.target("a"))
    attempts = it.value("conndrop_session_attempts_total", target="a") or 0
    assert attempts <= 1 + (time.monotonic() - begun) / 0.3, "its interval"
    wait_for(it.holds(HELD))


def test_a_target_that_is_reached_in_another_way_begins_anew(it: Reloaded) -> None:
    it.start(it.target("a"))
    before = it.holding(HELD)
    it.reload(it.target("a", url=it._url.replace("127.0.0.1", "localhost")))
    wait_for(lambda: it.value("conndrop_target_info", **_info(it, "localhost")) == 1)
    wait_for(lambda: len(it.held() - before) == HELD)
    assert not it.held() & before
    it.reload(it.target("a", connection_budget=1))
    wait_for(it.holds(0))


def _info(it: Reloaded, host: str) -> dict[str, str]:
    port = it._url.rpartition(":")[2].partition("/")[0]
    return {"target": "a", "dialect": "postgresql", "host": host, "port": port}


def test_labels_vantage_and_thresholds_change_under_way(it: Reloaded) -> None:
    it.start(it.target("a"))
    before = it.holding(HELD)
    sent = it.value("conndrop_ping_sent_total", target="a")
    diagnosis = {"quiet": "5s", "loss": "5%"}
    it.reload(it.target("a", labels={"team": "shop"}), vantage="here", diagnosis=diagnosis)
    assert it.value("conndrop_target_info", **_info(it, "127.0.0.1"), vantage="here", team="shop") == 1
    now = it.value("conndrop_ping_sent_total", target="a", vantage="here")
    assert now is not None
    assert sent is not None
    assert now >= sent
    samples = it.samples()
    assert all(("vantage", "here") in labels for _, labels in samples)
    wait_for(lambda: it.held() == before)
    it.reload(it.target("a"))
    assert it.value("conndrop_ping_sent_total", target="a") is not None


def test_incidents_of_a_target_that_is_gone_end_and_come_back_with_it(it: Reloaded) -> None:
    """Those of a target that stays go on, though the thresholds have become others."""
    down = {"url": "postgresql://u@127.0.0.1:1/d"}
    it.start(it.target("a", **down), it.target("b", **down))
    listed = it.daemon._core.diagnosis.history.listed

    def active(target: str, cause: Cause = Cause.SERVER_DOWN) -> bool:
        return any(one.target == target and one.cause is cause and one.ended is None for one in listed())

    wait_for(lambda: active("a") and active("b"))
    (before,) = (one.id for one in listed() if one.target == "b")
    it.reload(it.target("b", **down), diagnosis={"quiet": "30s"})
    assert {one.target for one in listed()} == {"b"}
    assert 'target="a"' not in it.text()
    wait_for(lambda: active("b"))
    assert [one.id for one in listed()] == [before]
    it.reload(it.target("b", **down), it.target("a", **down))
    assert any(one.target == "a" and one.ended is not None for one in listed())
    wait_for(lambda: active("a"))


def test_what_comes_late_of_a_target_that_is_gone_is_not_heard(it: Reloaded) -> None:
    """Neither of a probe that was under way, nor of the meter, nor of the host."""
    it.start(it.target("a"), it.target("b"))
    wait_for(it.daemon._core._hands.readers.__len__)
    watch = it.daemon._core.watches.of("a")
    assert watch is not None
    duty = it.daemon._core.runner.duty("a", "session")
    job = next(iter(it.daemon._core._hands.readers))
    it.reload(it.target("b"))
    duty.end()
    full = Failure(phase=None, cause=Cause.SERVER_SATURATED, detail="x")
    late = Observation(target="a", probe="session", started=1.0, duration=0.1, failure=full)
    duty.report([late])
    duty.run(lambda: pytest.fail("was run"))
    it.daemon._core._hands.deliver(job, {})
    it.daemon._core._keeper.locate(job, ["127.0.0.1"], None)
    it.daemon._core._keeper.hurry(job)
    for sink in (it.daemon._core._heed, it.daemon._core._desk.record):
        sink(late)
    assert it.targets() == {"b"}
    assert it.value("conndrop_meter_restarts_total") == 0
    sent = it.value("conndrop_ping_sent_total", target="b")
    wait_for(lambda: it.value("conndrop_ping_sent_total", target="b") != sent)


def test_a_reload_that_fails_changes_nothing(it: Reloaded, monkeypatch: pytest.MonkeyPatch) -> None:
    it.start(it.target("a"))
    before = it.holding(HELD)
    monkeypatch.setattr(it.daemon._core.watches, "_equip", partial(_breaks, it.daemon._core.watches._equip))
    with pytest.raises(ZeroDivisionError):
        it.reload(it.target("good"), it.target("bad"), vantage="there", networks={"x": ["10.0.0.0/8"]})
    wait_for(lambda: it.held() == before)
    assert it.targets() == {"a"}
    assert not any(("vantage", "there") in labels for _, labels in it.samples())


def _breaks(equip: Callable[[Any], Any], probed: Any) -> Any:
    if probed.target.name == "bad":
        raise ZeroDivisionError
    return equip(probed)


def test_nothing_piles_up(it: Reloaded) -> None:
    """Under scrapes all the time: threads, descriptors, vigils, jobs and hosts are as many as before."""
    it.start(it.target("a"), it.target("b"))
    wait_for(it.holds(2 * HELD))

    def counted() -> tuple[int, ...]:
        daemon = it.daemon
        return (
            len(list(Path("/proc/self/fd").iterdir())),
            len(daemon._core._watcher._tasks),
            len(daemon._core._scheduler._scheduler.get_jobs()),
            len(daemon._core._hands.readers),
            len(daemon._core._keeper._orders),
            len(daemon._core._book._entries),
            len(daemon._core.runner._on_duty),
        )

    before = counted()
    with ExitStack() as stack:
        stack.enter_context(_scraping(it))
        for _ in range(15):
            it.reload(it.target("a"), it.target("c", url=it._url.replace("127.0.0.1", "localhost")))
            it.reload(it.target("a"), it.target("b"))
    wait_for(it.holds(2 * HELD))
    wait_for(lambda: all(now <= most + 2 for now, most in zip(counted(), before, strict=True)))
    wait_for(lambda: counted()[1:] == before[1:])
    assert it.targets() == {"a", "b"}


@contextmanager
def _scraping(it: Reloaded) -> Iterator[None]:
    over = threading.Event()
    failed: list[Exception] = []

    def scrape() -> None:
        while not over.is_set():
            try:
                it.samples()
            except Exception as error:  # noqa: BLE001  whatever it is, it is told below
                failed.append(error)

    threads = [threading.Thread(target=scrape) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failed


def test_a_vigil_may_be_given_up_before_it_has_begun() -> None:
    watcher, begun = Watcher(), threading.Event()

    async def vigil() -> None:
        begun.set()

    watcher.keep(vigil)()
    watcher.keep(vigil)
    watcher.start()
    assert begun.wait(10)
    begun.clear()
    done = threading.Event()
    watcher.keep(vigil)
    watcher.call(done.set)
    assert done.wait(10)
    watcher.stop()
    gc.collect()
