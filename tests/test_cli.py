"""The flags of the command line, as other exporters have them, with real processes where it matters."""

import contextlib
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from exporter import __version__, cli
from exporter.app import read_configuration
from exporter.cli.running import options
from tests.servers.prometheus import Prometheus, Scraping, prometheus_here
from tests.test_daemon import conndrop, daemon
from tests.test_web import ask
from tests.waiting import wait_for

ROOT = Path(__file__).parents[1]
TARGETS = "targets:\n- {name: a, url: 'mysql://u@127.0.0.1:9/d'}\n"
FURTHER = "- {name: b, url: 'mysql://u@127.0.0.1:9/d'}\n"


def told(*words: str) -> tuple[int, str, str]:
    """Read a command line; give the status, and what was said on both streams."""
    output, errors, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            parsed = cli._parser().parse_args(words)
            status = parsed.command(parsed)
        except SystemExit as end:
            status = int(end.code or 0)
    return status, output.getvalue(), errors.getvalue()


@pytest.mark.parametrize("words", [["--version"], ["run", "--version"], ["demo", "--version"]])
def test_the_version(words: Sequence[str]) -> None:
    assert told(*words) == (0, f"conndrop-exporter {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--config.fil=x"], "there is no option --config.fil, did you mean --config.file?"),
        (["run", "-config.file", "x"], "there is no option -config.file, did you mean --config.file?"),
        (
            ["run", "--config.file=x", "--web.listen-adress", ":1", "--log.leve=debug"],
            "there is no option --web.listen-adress, did you mean --web.listen-address?; "
            "there is no option --log.leve, did you mean --log.level?",
        ),
        (["run", "--config.file=x", "--zzzzzz"], "there is no option --zzzzzz"),
        (["demo", "--web.listn-address=:1"], "there is no option --web.listn-address, did you mean"),
        (["--verson"], "there is no option --verson, did you mean --version?"),
        (["alerts", "--directry", "x"], "there is no option --directry, did you mean --directory?"),
        (["run"], "the following arguments are required: --config.file"),
        (["run", "--config.file=x", "y"], "unrecognized arguments: y"),
        (["run", "--config.file=x", "--log.level=loud"], "invalid choice: 'loud'"),
        (["run", "--config.file=x", "--web.listen-address=x"], "'x' is not an address; write host:port"),
        (["run", "--config.file=x", "--timeout-offset=-1"], "'-1' is no number of seconds; write something"),
        (["run", "--config.file=x", "--timeout-offset=x"], "'x' is no number of seconds; write something"),
        (["run", "--config.file=x", "--history.limit", "-5"], "'-5' is no count; write something like 100"),
        (["run", "--config.file=x", "--history.limit=1000001"], "is out of range; 1000000 is the most"),
        (["run", "--config.file=x", f"--history.limit={'9' * 5000}"], "is out of range; 1000000 is the most"),
        (["run", "--config.file=x", "--config.auto-reload-interval=500ms"], "1s to 365d is allowed"),
        (["run", "--config.file=x", "--config.auto-reload-interval=x"], "'x' is not a duration"),
        (["run", "--config.file=x", "--vantage=$(NODE_NAME)"], "'$(NODE_NAME)' is not a name; letters,"),
        (["check", "--", "--no"], "--no:1: cannot be read"),
    ],
)  # fmt: skip
def test_mistakes_are_said_so_that_they_can_be_mended(words: Sequence[str], message: str) -> None:
    status, _, errors = told(*words)
    assert status == (1 if words[0] == "check" else 2)
    assert message in errors


@pytest.mark.parametrize(
    ("external", "prefix", "message"),
    [
        ("mon.example.com/x", None, "is no URL of a page; write something like https://host/conndrop"),
        ("https://u:p@host/", None, "is no URL of a page"),
        ("https://host:x/", None, "is no URL of a page"),
        ("https://[x/", None, "is no URL of a page"),
        ("https://host/?q=1", None, "is no URL of a page"),
        ("https://host/a b", None, "is no URL of a page"),
        ("https://host/", "/a b", "'/a b' is no path; write something like /conndrop"),
        ("", "/x?y", "'/x?y' is no path"),
    ],
)
def test_urls_that_are_none(tmp_path: Path, external: str, prefix: str | None, message: str) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(TARGETS)
    words = ["run", f"--config.file={path}", f"--web.external-url={external}"]
    status, _, errors = told(*words, *([] if prefix is None else [f"--web.route-prefix={prefix}"]))
    assert status == 2
    assert message in errors


@pytest.mark.parametrize(
    ("words", "every"),
    [
        ([], None),
        (["--config.auto-reload-interval=5s"], None),
        (["--config.enable-auto-reload"], 30),
        (["--config.enable-auto-reload", "--config.auto-reload-interval=90"], 90),
        (["--config.enable-auto-reload", "--config.auto-reload-interval", "1m30s"], 90),
    ],
)
def test_when_files_are_looked_at(words: Sequence[str], every: float | None) -> None:
    parsed = cli._parser().parse_args(["run", "--config.file=x", *words])
    read = options(parsed)
    assert (read.reload_every, read.timeout_offset, read.history_limit) == (every, 0.5, 100)


def test_all_that_others_have_is_understood() -> None:
    words = (
        "run --config.file=x --timeout-offset=0.25 --history.limit=7 --web.systemd-socket --log.level=warn"
    )
    parsed = cli._parser().parse_args(words.split())
    assert (options(parsed).timeout_offset, options(parsed).history_limit, parsed.passed) == (0.25, 7, True)


def test_a_vantage_of_the_command_line_wins(tmp_path: Path) -> None:
    """Many exporters share a file; a further reading of it changes nothing of that."""
    path = tmp_path / "exporter.yml"
    for text in (TARGETS, f"vantage: everywhere\n{TARGETS}"):
        path.write_text(text)
        assert read_configuration(path, "node-1").vantage == "node-1"
    assert read_configuration(path).vantage == "everywhere"


def test_files_are_checked_and_nothing_runs(tmp_path: Path) -> None:
    good, bad, web = (tmp_path / name for name in ("good.yml", "bad.yml", "web.yml"))
    good.write_text(TARGETS)
    bad.write_text("vantage: [1]\ntargets:\n- {name: a, url: nonsense}\n")
    web.write_text("basic_auth_user: {}\n")
    check = "--config.check"
    assert told("run", f"--config.file={good}", check) == (0, f"{good}: good, 1 target\n", "")
    status, _, errors = told("run", f"--config.file={bad}", check, f"--web.config.file={web}")
    assert status == 1
    assert [line.split(": ")[0] for line in errors.splitlines()] == [f"{bad}:1", f"{bad}:3", f"{web}:1"]


def test_sockets_that_nobody_passes(tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(TARGETS)
    done = conndrop("run", f"--config.file={path}", "--web.systemd-socket")
    assert (done.returncode, done.stderr) == (
        1, "systemd has passed no socket; start this by a .socket unit\n",
    )  # fmt: skip


def watched(tmp_path: Path, port: int) -> contextlib.AbstractContextManager[Prometheus]:
    """Run a Prometheus with the alerts that are shipped on the exporter, but without their patience."""
    rules = tmp_path / "rules.yml"
    rules.write_text((ROOT / "alerts" / "conndrop-exporter.yml").read_text().replace("for: 1m", "for: 0s"))
    job = {
        "job_name": "conndrop",
        "metrics_path": "/conn/drop/metrics",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    told = Scraping(jobs=[job], rules=[rules], scrape=1, evaluation=1, itself=False)
    return prometheus_here(told)


def firing(running: Prometheus) -> list[str]:
    return [one["labels"]["alertname"] for one in running.alerts() if one["state"] == "firing"]


def test_a_reload_from_the_file_to_the_alert(tmp_path: Path) -> None:
    """Below a prefix: a new file that a pattern finds is read; a mistake in it fails a reload, and ends."""
    options = ("--config.enable-auto-reload", "--config.auto-reload-interval=1s")
    url = ("--web.external-url=https://monitoring.example.com/conn/drop/",)
    text = f"{TARGETS}target_files: [more/*.yml]\n"
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(daemon(tmp_path, text, *options, *url))
        port = int(running.url.split(":")[2].partition("/")[0])
        eyes = stack.enter_context(watched(tmp_path, port))
        assert running.url == f"http://127.0.0.1:{port}/conn/drop/"
        links = re.findall(r'(?:href|src|action)="(/[^"]*)', running.get(""))
        assert links
        wait_for(lambda: ask(port, "/conn/drop/-/ready")[0] == 200)  # which is linked, too
        for link in links:
            assert link.startswith("/conn/drop/"), link
            assert ask(port, link)[0] == 200, link
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "b.yml").write_text(FURTHER)
        wait_for(lambda: running.value("conndrop_target_info", target="b") == 1)
        stamp = running.value("conndrop_config_last_reload_success_timestamp_seconds")
        (tmp_path / "more" / "b.yml").write_text(FURTHER.replace("url", "ulr"))
        wait_for(lambda: running.value("conndrop_discovery_up", source="target_files") == 0)
        assert running.value("conndrop_target_info", target="b") == 1
        assert running.value("conndrop_config_last_reload_successful") == 1
        assert running.value("conndrop_config_last_reload_success_timestamp_seconds") == stamp
        status, _, content = ask(port, "/conn/drop/-/reload", "POST")
        assert status == 500
        assert content.startswith(b"failed to reload config: " + bytes(tmp_path / "more" / "b.yml") + b":1: ")
        wait_for(lambda: sum("configuration not reloaded" in line for line in running.lines) == 2)
        wait_for(lambda: running.value("conndrop_config_last_reload_successful") == 0)
        wait_for(lambda: "ConndropReloadFailed" in firing(eyes))
        (tmp_path / "more" / "b.yml").unlink()
        wait_for(lambda: running.value("conndrop_config_last_reload_successful") == 1)
        wait_for(lambda: running.value("conndrop_target_info", target="b") is None)
        assert (running.value("conndrop_config_last_reload_success_timestamp_seconds") or 0) > (stamp or 0)
        wait_for(lambda: "ConndropReloadFailed" not in firing(eyes))
        assert "- name: a\n  url: mysql://u@127.0.0.1:9/d\n" in running.get("config")
        assert running.end() < 2
