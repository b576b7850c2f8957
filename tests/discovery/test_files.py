"""Files that hold lists of targets: read when they have changed, and never half written."""

import os
from pathlib import Path

import pytest

from exporter.app import read_configuration
from exporter.config.document import LARGEST
from exporter.config.listing import FileListing
from exporter.config.target_files import TargetFiles
from exporter.config.template import Found
from exporter.discovery import files
from exporter.discovery.files import ListFiles, read_file
from exporter.discovery.groups import Broken
from exporter.discovery.place import Further, listed
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop, Stopped
from tests.config.test_discovery import read

NAMED = (
    "file_sd_configs: [{files: ['*.json'], target: {name: '{team}-{host}', url: 'mysql://u@{address}/d'}}]"
)
ENTRY = "file_sd_configs: [{files: %s, target: {url: 'mysql://u@{address}/d'}}]"


class Slow(Stop):
    """Time, in which somebody writes a piece of a file each time that it passes; then it ends or goes on."""

    def __init__(self, path: Path, *pieces: str, ends: bool = False) -> None:
        super().__init__()
        self._path, self._pieces, self._ends = path, list(pieces), ends

    def sleep(self, seconds: float) -> bool:  # noqa: ARG002  the base class's signature
        if not self._pieces:
            return self._ends
        with self._path.open("a") as file:
            file.write(self._pieces.pop(0))
        return False


def list_files(folder: Path, patterns: str, stop: Stop | None = None) -> ListFiles:
    (listing,) = read(folder, ENTRY % patterns).listings
    assert isinstance(listing, FileListing)
    return ListFiles(listing, stop or Slow(folder))


def wrong(look: ListFiles) -> str:
    with pytest.raises(Broken) as caught:
        look()
    return str(caught.value)


def test_json_and_yaml_in_files_that_patterns_find(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff[{"targets": ["db1"], "labels": {"team": "shop"}}]')
    (tmp_path / "b.YML").write_text("- targets: [db2:1]\n  labels:\n")
    look = list_files(tmp_path, "['*.json', b.YML, a.json]")
    one, two = look()
    assert (one.address, one.labels) == ("db1", {"team": "shop", "__meta_filepath": str(tmp_path / "a.json")})
    assert (two.address, two.labels) == ("db2:1", {"__meta_filepath": str(tmp_path / "b.YML")})
    (tmp_path / "a.json").unlink()
    assert wrong(look) == "a.json: is no file"
    (tmp_path / "a.json").write_text("[]")
    assert [found.address for found in look()] == ["db2:1"]
    assert list_files(tmp_path, "['none/*.json']")() == []


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what is sound nor what is not."""
    path = tmp_path / "x.json"
    path.write_text("[]")
    look = list_files(tmp_path, "[x.json]")
    first = look()
    assert look() is first
    path.write_text("[")
    told = wrong(look)
    monkeypatch.setattr(files, "read_file", lambda _: pytest.fail("was read"))
    assert wrong(look) == told == f"{path}: is not JSON: Expecting value in line 1"
    with pytest.raises(Broken) as first_time:
        look()
    with pytest.raises(Broken) as again:
        look()
    assert again.value is not first_time.value  # lest it gather what was under way at each raise


def test_a_file_that_is_half_written_is_waited_for(tmp_path: Path) -> None:
    """Half a list may be sound, and then targets would be lost for a moment."""
    path = tmp_path / "x.yml"
    path.write_text("- targets: [db0]\n")
    look = list_files(tmp_path, "[x.yml]", Slow(path, *(f"- targets: [db{n}]\n" for n in range(1, 5))))
    assert len(look()) == 1
    path.write_text("")
    assert [found.address for found in look()] == [f"db{n}" for n in range(1, 5)]
    ending = list_files(tmp_path, "[x.yml]", Slow(path, ends=True))
    assert ending()
    path.write_text("")
    with pytest.raises(Stopped):
        ending()


def test_a_file_that_is_written_to_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.yml"
    path.write_text("- targets: [db0]\n")
    look = list_files(tmp_path, "[x.yml]", Slow(path))
    assert [found.address for found in look()] == ["db0"]

    def begun(path: Path) -> list[Found]:
        path.write_text("")
        monkeypatch.undo()
        return read_file(path)

    path.write_text("- targets: [db1]\n")
    monkeypatch.setattr("exporter.discovery.files.read_file", begun)
    assert [found.address for found in look()] == ["db0"]
    path.write_text("- targets: [db2]\n")
    assert [found.address for found in look()] == ["db2"]


def test_files_of_targets_that_are_written_to_while_they_are_read_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they are read once more only because something was wrong."""
    monkeypatch.setattr("exporter.discovery.place.AGAIN", 0.0)
    (tmp_path / "exporter.yml").write_text("target_files: [more.yml]\n")
    path = tmp_path / "more.yml"
    path.write_text("- {name: a, url: 'mysql://u@h/d'}\n")
    targets = read_configuration(tmp_path / "exporter.yml").files
    assert targets
    further = Further(targets, Slow(path))
    path.write_text("- {name: b}\n")
    with pytest.raises(Broken, match="url"):
        further.look()

    def begun(files: TargetFiles) -> TargetFiles:
        path.write_text("")
        monkeypatch.undo()
        return files.read()

    monkeypatch.setattr(TargetFiles, "read", begun)
    with pytest.raises(Broken, match="url"):
        further.look()
    path.write_text("- {name: c, url: 'mysql://u@h/d'}\n")
    assert [target.target.name for target in further.look()] == ["c"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.yml", "- targets: [a", "x.yml:1: is not YAML: expected ',' or ']'"),
        ("x.yml", "", "x.yml: is no list; it must be"),
        ("x.yml", "- targets: [a]\n- targets: [!x b]\n", "x.yml:2: [1].targets[0]: is neither text"),
        ("x.yml", "- targets: [a]\n  labels: {n: 1}\n", "x.yml: [0].labels.'n': is no text"),
        ("x.json", " " * (LARGEST + 1), "x.json: is larger than 16 MiB"),
    ],
)
def test_whatever_is_wrong_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    assert told in wrong(list_files(tmp_path, f"[{name}]"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"targets": ["db 2"]}]', "'db 2' is no address; write db1.example.com:5432"),
        ('[{"targets": ["u:hunter2@db2"]}]', "what has an @ in it is no address; write db1.example.com:5432"),
        ('[{"targets": ["db2"]}]', "db2: the template has {team}, and the list no label team"),
        (
            '[{"targets": ["db1:1"], "labels": {"team": "shop"}}]',
            "shop-db1 is the name of two targets; target: name: says how it is made",
        ),
    ],
)
def test_which_of_many_files_makes_no_target_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.json").write_text('[{"targets": ["db1"], "labels": {"team": "shop"}}]')
    (tmp_path / "b.json").write_text(content)
    (listing,) = read(tmp_path, NAMED).listings
    with pytest.raises(Broken) as caught:
        listed(listing, Resolver(Stop()), Stop()).look()
    assert str(caught.value) == f"{tmp_path / 'b.json'}: {told}"


def test_what_is_no_file(tmp_path: Path) -> None:
    """Opening a pipe could wait for ever."""
    os.mkfifo(tmp_path / "x.json")
    assert wrong(list_files(tmp_path, "[x.json]")).endswith("x.json: is no file that can be read")
    assert wrong(list_files(tmp_path, "[/proc/self/mem.json]")) == "/proc/self/mem.json: is no file"
    (tmp_path / "y.json").symlink_to("/proc/self/mem")
    assert wrong(list_files(tmp_path, "[y.json]")).endswith("y.json: cannot be read: Input/output error")
