"""What outlives the daemon: the file of what was learnt."""

import contextlib
import fcntl
import json
import logging
import os
import threading
from pathlib import Path

import pytest

from exporter.probes import memory
from exporter.probes.experiment import Experiments
from exporter.probes.memory import LOCK, NAME, VERSION, Memory
from tests.waiting import running

LEARNT = {"killed": 350.0, "survived": 345.0}


def test_what_was_learnt_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Memory(tmp_path / "state" / "deep")
    first.keep("orders", LEARNT)
    first.save()
    assert Memory(tmp_path / "state" / "deep").recall("orders") == LEARNT
    assert {path.name for path in (tmp_path / "state" / "deep").iterdir()} == {NAME, LOCK}


def test_one_that_is_stopped_while_it_writes_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PATIENCE", 0.1)
    known = Memory(tmp_path)
    known.keep("orders", LEARNT)
    with (tmp_path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known.save()
    (line,) = caplog.records
    assert vars(line)["fields"]["detail"] == "another process keeps it locked; a restart will learn anew"
    known.save()
    assert Memory(tmp_path).recall("orders") == LEARNT


def test_two_may_share_a_directory(tmp_path: Path) -> None:
    """Each writes what it has learnt itself, and keeps what the other has written."""
    first, second = Memory(tmp_path), Memory(tmp_path)
    first.keep("orders", LEARNT)
    first.save()
    second.keep("stock", {"killed": 60.0})
    second.save()
    first.keep("orders", {"killed": 30.0})
    first.save()
    third = Memory(tmp_path)
    assert third.recall("orders") == {"killed": 30.0}
    assert third.recall("stock") == {"killed": 60.0}


def test_only_so_much_is_kept_and_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets may come and go for years; also of those that others have in the same directory."""
    monkeypatch.setattr(memory, "MOST", 3)
    first = Memory(tmp_path)
    for number in range(3):
        first.keep(f"orders-{number}", {"killed": number})
    assert first.recall("orders-0") == {"killed": 0}
    first.keep("orders-3", {"killed": 3})
    assert first.recall("orders-1") == {}
    first.save()
    assert list(Memory(tmp_path)._known) == ["orders-2", "orders-0", "orders-3"]
    second = Memory(tmp_path)
    assert second.recall("orders-2") == {"killed": 2}
    first.keep("orders-2", {"killed": 20})
    first.save()
    second.keep("stock", LEARNT)
    second.save()
    third = Memory(tmp_path)
    assert third._known == {"orders-3": {"killed": 3}, "orders-2": {"killed": 20}, "stock": LEARNT}


def test_without_a_directory_it_lasts_for_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Memory()
    kept.keep("orders", LEARNT)
    kept.save()
    assert kept.recall("orders") == LEARNT
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_when_nothing_is_new(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    kept.keep("orders", LEARNT)
    kept.save()
    (tmp_path / NAME).unlink()
    kept.keep("orders", dict(LEARNT))
    kept.save()
    assert not (tmp_path / NAME).exists()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "state")
    kept.keep("orders", LEARNT)
    kept.save()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": 1}',
        '{"version": 1, "targets": []}',
        '{"version": 1, "targets": {"orders": 3}}',
        json.dumps({"version": VERSION + 1, "targets": {"orders": LEARNT}}),
        "\udcff",
    ],
)
def test_a_file_that_makes_no_sense_is_put_aside(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost: whoever wants to can look at it."""
    raw = content.encode(errors="surrogateescape")
    (tmp_path / NAME).write_bytes(raw)
    kept = Memory(tmp_path)
    assert kept.recall("orders") == {}
    assert (tmp_path / f"{NAME}.unreadable").read_bytes() == raw
    assert [record.message for record in caplog.records] == ["state not readable"]
    kept.keep("orders", LEARNT)
    kept.save()
    assert Memory(tmp_path).recall("orders") == LEARNT


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST", 10)
    (tmp_path / NAME).write_text(json.dumps({"version": VERSION, "targets": {"orders": LEARNT}}))
    assert Memory(tmp_path).recall("orders") == {}


def test_a_place_that_cannot_be_written_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    caplog.set_level(logging.INFO)
    kept = Memory(tmp_path / "file")
    for killed in (1, 2):
        kept.keep("orders", {"killed": killed})
        kept.save()
    assert kept.recall("orders") == {"killed": 2}
    assert [record.message for record in caplog.records].count("state not writable") == 1


def test_a_lock_that_cannot_be_had_keeps_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    kept = Memory(tmp_path)
    kept.keep("orders", LEARNT)
    kept.save()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            assert not one.readlink().is_relative_to(tmp_path)


def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    """Also when nothing new is learnt until then: a disk may be full for a while."""
    place = tmp_path / "state"
    place.write_text("")
    kept = Memory(place)
    kept.keep("orders", LEARNT)
    kept.save()
    place.unlink()
    kept.save()
    assert Memory(place).recall("orders") == LEARNT


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert Memory(tmp_path).recall("orders") == {}
    (tmp_path / NAME).symlink_to("/dev/zero")
    assert Memory(tmp_path).recall("orders") == {}


@pytest.mark.parametrize("killed", [10**400, float("inf"), float("nan"), -1, "3", None])
def test_a_timeout_that_nobody_can_have_measured_is_forgotten(killed: object) -> None:
    known = {"killed": killed, "timeouts": [["server.idle_timeout", killed]]}
    if killed == "3":
        known["timeouts"] = [["no.such_cause", 3]]
    assert Experiments.remembered(known).known() == {}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    kept.keep("orders", LEARNT)
    kept.save()
    kept.keep("orders", {"killed": object()})
    with pytest.raises(TypeError):
        kept.save()
    assert Memory(tmp_path).recall("orders") == LEARNT
    assert {path.name for path in tmp_path.iterdir()} == {NAME, LOCK}


def test_nobody_waits_for_a_slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds connections remembers at once; what is kept while it is written is written next."""
    writing, healed = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        writing.set()
        assert healed.wait(10)

    monkeypatch.setattr("os.fsync", slow)
    kept = Memory(tmp_path)
    kept.keep("orders", LEARNT)
    with running(kept.save) as saving:
        assert writing.wait(10)
        with running(lambda: kept.keep("orders", {"killed": 1})) as keeping:
            keeping.result(5)
        assert kept.recall("orders") == {"killed": 1}
        healed.set()
        saving.result(10)
    assert Memory(tmp_path).recall("orders") == LEARNT
    kept.save()
    assert Memory(tmp_path).recall("orders") == {"killed": 1}
