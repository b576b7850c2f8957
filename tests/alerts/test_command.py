"""`conndrop alerts`, run as a user runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter.alerts import BOOK, Thresholds, defaults, printed
from exporter.config import ConfigurationError, load_block
from tests.alerts.promtool import PROMTOOLS, promtool


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "exporter", "alerts", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_alerts_are_listed_with_how_severe_they_can_be() -> None:
    done = run()
    assert done.returncode == 0
    ours = done.stdout.partition("compat/")[0]
    lines = {line.split()[0]: line for line in ours.splitlines() if line.startswith("  ")}
    assert not re.search(r"[{}<>$]", ours)
    assert "critical or warning  Packets to TARGET get lost" in lines["DatabasePacketLoss"]
    assert "see `conndrop causes`" in lines["DatabaseConnectionsDropping"]
    assert "DatabaseIncidentRemembered" not in lines


def test_the_runbook_of_an_alert_is_shown() -> None:
    done = run("DatabasePacketLoss")
    assert done.stdout.startswith("# DatabasePacketLoss\n\n## Meaning\n")


def test_an_alert_that_is_misspelt_is_guessed() -> None:
    done = run("DatabasePacketLos")
    assert done.returncode == 2
    assert "there is no alert 'DatabasePacketLos'; did you mean DatabasePacketLoss?" in done.stderr
    assert "`conndrop alerts` lists them" in run("Nothing like it").stderr


def test_the_defaults_are_a_file_of_thresholds(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text(run("--defaults").stdout)
    assert printed(BOOK, load_block(file, Thresholds)) == printed(BOOK, Thresholds())
    assert file.read_text() == defaults()


def test_rules_are_written_with_the_thresholds_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text(
        "packet_loss_warning: 2.5%\nlatency: 250ms\nrunbooks_url: https://wiki.example.com/runbooks\n"
    )
    folder = tmp_path / "new" / "rules"
    done = run("--thresholds", file, "--directory", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(folder / name) for name in BOOK]
    wanted = printed(BOOK, load_block(file, Thresholds))
    assert {name: (folder / name).read_text() for name in BOOK} == wanted
    groups = yaml.safe_load((folder / "conndrop-network.yml").read_text())["groups"]
    loss = next(rule for group in groups for rule in group["rules"] if rule.get("for") == "10m")
    assert "> 0.025" in loss["expr"]
    assert "more than 2.5 % is too many" in loss["annotations"]["evidence"]
    assert loss["annotations"]["runbook_url"] == "https://wiki.example.com/runbooks/DatabasePacketLoss"


def test_rules_are_written_for_prometheus_operator(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text("latency: 250ms\n")
    done = run("--prometheus-operator", "--thresholds", file, "--directory", tmp_path / "rules")
    assert done.returncode == 0, done.stderr
    plain = printed(BOOK, load_block(file, Thresholds))
    for name, text in plain.items():
        written = yaml.safe_load((tmp_path / "rules" / name).read_text())
        assert (written["apiVersion"], written["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        assert re.fullmatch(r"conndrop-[a-z]+(-[a-z]+)*", written["metadata"]["name"])
        assert written["spec"] == yaml.safe_load(text)


@pytest.mark.parametrize("options", [["--prometheus-operator"], ["--thresholds", "x.yml"]])
def test_what_changes_only_files_wants_to_know_where_they_are(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("latency: 250ms\n")
    done = run(*(tmp_path / word if word == "x.yml" else word for word in options))
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{options[0]} changes nothing but the files of rules: say where to with --directory" in done.stderr
    )


@pytest.mark.parametrize("release", PROMTOOLS)
def test_a_pattern_is_taken_as_it_is_written(tmp_path: Path, release: str) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text("host_job: 'db\\.prod-\\d+|\"db\"'\nexporter_job: 'the \"exporter\"'\n")
    done = run("--thresholds", file, "--directory", tmp_path)
    assert done.returncode == 0, done.stderr
    checked = subprocess.run(
        [promtool(release), "check", "rules", *(tmp_path / name for name in BOOK)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert r'{job=~"db\\.prod-\\d+|\"db\"",mode' in (tmp_path / "compat/node_exporter.yml").read_text()


def test_a_text_names_no_threshold(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text("exporter_url: https://example.com/<target>\n")
    done = run("--thresholds", file)
    assert done.returncode == 1
    assert f"{file}:1: exporter_url: has angle brackets" in done.stderr


def test_mistakes_in_thresholds_are_all_told_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text("packet_loss_waring: 2%\nlatency: 250\njitter: 1d1\n")
    done = run("--thresholds", file, "--directory", tmp_path / "rules")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert len(told) == 3
    assert "did you mean packet_loss_warning?" in done.stderr
    assert f"{file}:2: latency: 250 has no unit" in done.stderr
    assert not (tmp_path / "rules").exists()


def test_files_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    missing = run("--thresholds", tmp_path / "no.yml")
    assert (missing.returncode, "cannot be read: No such file" in missing.stderr) == (1, True)
    (tmp_path / "file").write_text("")
    blocked = run("--directory", tmp_path / "file")
    assert blocked.returncode == 1
    assert "cannot be written" in blocked.stderr
    (tmp_path / "conndrop-records.part").symlink_to("/dev/full")
    full = run("--directory", tmp_path)
    assert full.returncode == 1
    assert f"{tmp_path}: cannot be written: No space left" in full.stderr


def test_thresholds_without_a_folder_are_a_mistake(tmp_path: Path) -> None:
    """Nothing would come of them, and who wrote them would not notice."""
    (tmp_path / "thresholds.yml").write_text("latency: 250ms\n")
    for further in ((), ("--defaults",), ("DatabaseLatencyHigh",)):
        done = run("--thresholds", tmp_path / "thresholds.yml", *further)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--directory DIR" in done.stderr


def test_all_files_are_written_even_if_nobody_reads_their_names(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "exporter", "alerts", "--directory", str(tmp_path)]
    with os.fdopen(writer, "wb") as nobody:
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"")
    assert all((tmp_path / name).exists() for name in BOOK)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("packet_loss_warning: 10%", "packet_loss_warning is above packet_loss_critical"),
        ("certificate_warning: 1d", "certificate_critical is above certificate_warning"),
        ("exporter_url: conndrop.example.com", "exporter_url: must begin with http:// or https://"),
        ("exporter_url: 'http://{{ $labels.instance'", "exporter_url: must begin with http:// or https://"),
        ("runbooks_url: https://<latency>/", "runbooks_url: has angle brackets"),
        ("runbooks_url: https://me:secret1@wiki.example.com", "runbooks_url: must not hold an account"),
        ("host_job: node(", "host_job: is no regular expression"),
        ("host_job: (?P<kind>node)", "host_job: has angle brackets"),
    ],
)
def test_thresholds_that_make_no_good_rules_are_refused(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "thresholds.yml").write_text(written + "\n")
    with pytest.raises(ConfigurationError) as refused:
        load_block(tmp_path / "thresholds.yml", Thresholds)
    assert told in str(refused.value)
    assert "secret1" not in str(refused.value)


def test_links_of_messages_have_one_slash_and_may_name_labels(tmp_path: Path) -> None:
    (tmp_path / "thresholds.yml").write_text("exporter_url: 'https://example.com/{{ $labels.job }}/'\n")
    found = printed(BOOK, load_block(tmp_path / "thresholds.yml", Thresholds))
    link = "https://example.com/{{ $labels.job }}/runbooks/DatabasePacketLoss"
    assert f"runbook_url: {link}\n" in found["conndrop-network.yml"]


def test_an_empty_file_of_thresholds_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "thresholds.yml").write_text("# nothing yet\n")
    assert load_block(tmp_path / "thresholds.yml", Thresholds) == Thresholds()


def test_files_of_another_version_are_named_and_left(tmp_path: Path) -> None:
    (tmp_path / "conndrop-former.yml").write_text("groups: []\n")
    (tmp_path / "mine.yml").write_text("groups: []\n")
    for _ in range(2):
        done = run("--directory", tmp_path)
        assert done.returncode == 0
        assert done.stderr == (
            f"{tmp_path}/conndrop-former.yml is no file of this version: "
            "remove it, lest its alerts be told twice\n"
        )
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("**/*.*")}
    assert found == {*BOOK, "conndrop-former.yml", "mine.yml"}
