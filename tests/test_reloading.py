"""The configuration, read anew: what is a change, what is told, and what a failure leaves as it was."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from exporter.app import read_configuration
from exporter.app.reloading import Reloader, Source
from exporter.config import Configuration
from exporter.config.sources import digest
from exporter.exposition.families import Families
from exporter.exposition.own import OwnMetrics
from exporter.exposition.registry import new_registry
from tests.waiting import wait_for

NOTED = "conndrop_config_last_reload_success"
SOON = 0.05
"""Seconds between two looks at the files, in these tests."""


def target(name: str) -> str:
    return f"- {{name: {name}, url: 'mysql://u@h/d'}}\n"


def several(*names: str) -> str:
    return "targets:\n" + "".join(map(target, names))


def put(path: Path, text: str) -> None:
    """Write a file at one go: nobody ever sees a part of it."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


class Running:
    """Something that runs by a configuration, and what has been said of its reloads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.registry = new_registry()
        self.own = OwnMetrics(self.registry, Families())
        self.own.configured()
        self.breaks: Exception | None = None
        source = Source(path, read_configuration)
        self.configuration = source.read()
        self.reloader = Reloader(source, self.apply, self.own, self.announced)
        self.announcements: list[str] = []
        self.applied = 0

    def apply(self, configuration: Configuration) -> dict[str, int]:
        if self.breaks is not None:
            raise self.breaks
        self.configuration = configuration
        self.applied += 1
        return {"targets": len(configuration.targets)}

    @contextlib.contextmanager
    def announced(self) -> Iterator[None]:
        self.announcements.append("begins")
        yield
        self.announcements.append("ends")

    @property
    def names(self) -> list[str]:
        return [probed.target.name for probed in self.configuration.targets]

    @property
    def successful(self) -> float | None:
        return self.registry.get_sample_value(f"{NOTED}ful")

    @property
    def stamp(self) -> float:
        return self.registry.get_sample_value(f"{NOTED}_timestamp_seconds") or 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    path = tmp_path / "exporter.yml"
    path.write_text(several("a"))
    running = Running(path)
    yield running
    running.reloader.stop()


def test_a_reload_puts_what_is_written_into_force(running: Running) -> None:
    before = running.stamp
    running.path.write_text(several("a", "b"))
    assert running.reloader.reload() == ""
    assert running.names == ["a", "b"]
    assert running.successful == 1
    assert running.stamp > before
    assert running.announcements == ["begins", "ends"]


def test_a_reload_that_fails_changes_nothing_and_tells_every_mistake(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    before = running.stamp
    running.path.write_text("targets:\n- {name: b, url: nonsense}\n- {name: b, url: 'mysql://u@h', x: 1}\n")
    wrong = running.reloader.reload()
    assert len(wrong.splitlines()) == 3
    assert wrong.startswith(f"{running.path}:2: targets[0].url")
    assert running.names == ["a"]
    assert (running.successful, running.stamp) == (0, before)
    assert [record.fields["detail"] for record in caplog.records] == wrong.splitlines()  # type: ignore[attr-defined]
    running.path.write_text(several("a", "b"))
    assert running.reloader.reload() == ""
    assert running.successful == 1
    assert running.names == ["a", "b"]


def test_what_cannot_be_put_into_force_is_told_without_its_password(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    running.breaks = RuntimeError("no thread for mysql://u:hunter2hunter2@h/d")
    wrong = running.reloader.reload()
    assert wrong == "cannot be put into force: RuntimeError: no thread for mysql://u:<secret>@h/d"
    assert running.successful == 0
    assert "Traceback" in caplog.text


def test_one_reload_at_a_time(running: Running) -> None:
    """Who comes meanwhile waits, and reads what is there by then."""
    inside, go_on = threading.Event(), threading.Event()
    swap = running.apply

    def slow(configuration: Configuration) -> dict[str, int]:
        inside.set()
        assert go_on.wait(10)
        return swap(configuration)

    running.reloader._apply = slow
    threads = [threading.Thread(target=running.reloader.reload) for _ in range(2)]
    threads[0].start()
    assert inside.wait(10)
    inside.clear()
    running.path.write_text(several("a", "b"))
    threads[1].start()
    assert not inside.wait(0.1)
    assert running.reloader.reload(0.01) == "another reload is under way, and takes long"
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert running.applied == 2
    assert running.names == ["a", "b"]


def test_nothing_is_reloaded_while_all_ends(running: Running) -> None:
    """One that is under way comes to its end first; who comes or waits is told, and nothing is announced."""
    inside, go_on, told = threading.Event(), threading.Event(), []
    swap = running.apply

    def slow(configuration: Configuration) -> dict[str, int]:
        inside.set()
        assert go_on.wait(10)
        return swap(configuration)

    running.reloader._apply = slow
    threads = [threading.Thread(target=lambda: told.append(running.reloader.reload())) for _ in range(2)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    ending = threading.Thread(target=running.reloader.stop)
    ending.start()
    ending.join(0.1)
    assert ending.is_alive()
    go_on.set()
    for thread in (*threads, ending):
        thread.join(10)
    assert told == ["", "the exporter is ending"]
    assert running.reloader.reload() == "the exporter is ending"
    assert running.applied == 1
    assert running.announcements == ["begins", "ends"]
    assert running.successful == 1


def test_who_asks_does_not_wait(running: Running) -> None:
    running.reloader.start()
    running.path.write_text(several("a", "b"))
    running.reloader.ask()
    wait_for(lambda: running.names == ["a", "b"])


def test_without_an_interval_nobody_looks_at_the_files(running: Running) -> None:
    running.reloader.start()
    put(running.path, several("a", "b"))
    running.reloader.ask()
    wait_for(lambda: running.applied == 1)
    put(running.path, several("a", "b", "c"))
    assert not running.reloader._ended.wait(0.2)
    assert running.applied == 1


def test_a_file_that_changes_is_read_anew(running: Running) -> None:
    """Files of targets are watched by others."""
    (running.path.parent / "one.yml").write_text(target("b"))
    running.reloader.start(SOON)
    put(running.path, several("a") + "target_files: [one.yml]\n")
    wait_for(lambda: running.names == ["a", "b"])
    put(running.path.parent / "one.yml", target("c"))
    running.path.touch()
    assert not running.reloader._ended.wait(5 * SOON)
    assert running.applied == 1, "nothing has changed in the file itself"
    running.path.unlink()
    wait_for(lambda: running.successful == 0)


class Writer(threading.Event):
    """Time, in which somebody writes a piece of a file each time that it passes; then it `ends` or not."""

    def __init__(self, path: Path, pieces: Sequence[str], *, ends: bool = False) -> None:
        super().__init__()
        self._path, self._pieces, self._ends = path, list(pieces), ends

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  the base class's signature
        if not self._pieces:
            return self._ends
        with self._path.open("a") as file:
            file.write(self._pieces.pop(0))
        return False


def test_a_file_that_is_half_written_is_waited_for(running: Running) -> None:
    """Half a file may be sound, and then targets would be lost for a moment."""
    running.path.write_text("targets:\n")
    running.reloader._ended = Writer(running.path, [target(name) for name in "abcdefg"])
    running.reloader._look(1)
    assert running.names == list("abcdefg")
    assert (running.applied, running.successful) == (1, 1)


def test_who_waits_for_a_file_is_not_kept_from_ending(running: Running) -> None:
    running.path.write_text("targets:\n")
    running.reloader._ended = Writer(running.path, [], ends=True)
    running.reloader._look(1)
    assert running.applied == 0


def test_what_is_wrong_is_told_once_and_tried_again(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not in any of the files may have mended it: here the file of a password."""
    running.reloader.start(SOON)
    put(running.path, "targets:\n- {name: a, url: 'mysql://u@h/d', password: {file: pw}}\n")
    wait_for(lambda: running.successful == 0)
    wait_for(lambda: len(running.announcements) > 6)
    assert len(caplog.records) == 1
    put(running.path.parent / "pw", "hunter2hunter2")
    wait_for(lambda: running.successful == 1)


def test_files_that_cannot_be_read_are_told_apart_from_others(tmp_path: Path) -> None:
    """A folder in place of a file, none, one that breaks when it is read, and one that holds something."""
    path = tmp_path / "exporter.yml"
    nothing = digest([path])
    path.write_text(several("a"))
    assert (
        len({nothing, digest([path]), digest([tmp_path]), digest([Path("/proc/self/mem")]), digest([])}) == 5
    )
    assert digest([path]) == digest([path])
