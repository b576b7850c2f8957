"""The daemon as a whole, as a process: from a file to a scrape, and to its end."""

import contextlib
import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from exporter.model import Cause
from exporter.net.icmp import why_unavailable
from tests.doubles import deaf, server
from tests.networks import needs_namespaces
from tests.servers import Postgres
from tests.servers.database import PASSWORD
from tests.waiting import wait_for

COMMAND = [sys.executable, "-m", "exporter"]


class Daemon:
    """A running `conndrop run`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_for(lambda: self.process.poll() is not None or any("listening" in line for line in self.lines))
        said = "\n".join(self.lines)
        found = re.search(r"http://[^ \"]+", said)
        assert found, said
        self.url = found[0]

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310  our own URL
            return str(answer.read().decode())

    def value(self, name: str, **labels: str) -> float | None:
        for family in parse(self.get("metrics")):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def ready(self) -> bool:
        """Tell whether every probe has run."""
        try:
            return self.get("-/ready") == "Ready\n"
        except urllib.error.HTTPError:
            return False

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and give the seconds until the process was gone.

        They are the processor's seconds of who does nothing but look: where others want the processor, too,
        it goes as slowly for us as for the process.
        """
        begun = time.thread_time()
        self.process.send_signal(number)
        while self.process.poll() is None:
            assert time.thread_time() - begun < 10
        seconds = time.thread_time() - begun
        self._reader.join(5)
        return seconds


@contextlib.contextmanager
def daemon(tmp_path: Path, configuration: str, *options: str, before: Sequence[str] = ()) -> Iterator[Daemon]:
    path = tmp_path / "exporter.yml"
    path.write_text(configuration)
    arguments = ["run", "--config.file", str(path), "--web.listen-address", "127.0.0.1:0", *options]
    process = subprocess.Popen([*before, *COMMAND, *arguments], stderr=subprocess.PIPE, text=True)
    try:
        yield Daemon(process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


def test_from_a_file_to_a_scrape(tmp_path: Path, postgres: Postgres) -> None:
    """A real server, a password in a file: series within moments, ready after the first round."""
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    where = f"postgresql://probe@127.0.0.1:{postgres.port}/shop"
    text = (
        f"vantage: app-1\ntargets:\n- name: orders\n  url: {where}\n"
        "  password: {file: secret}\n  labels: {team: shop}\n"
    )
    with daemon(tmp_path, text) as running:
        wait_for(lambda: running.value("conndrop_up", target="orders", vantage="app-1") == 1)
        wait_for(lambda: running.value("conndrop_session_phase_seconds_count", phase="auth") == 1)
        assert running.value("conndrop_target_info", team="shop", dialect="postgresql") == 1
        assert running.value("conndrop_config_last_reload_successful") == 1
        if not why_unavailable():
            wait_for(lambda: (running.value("conndrop_ping_rtt_seconds_count", target="orders") or 0) > 1)
        wait_for(running.ready, 20)
        assert "The target is well" in running.get("")
        page = running.get("targets/orders")
        assert all(f'id="{part}"' in page for part in ("session", "held", "server", "probes"))
        assert "pool: it is switched off" in page
        assert "dns: 127.0.0.1 is an address" in page
        assert "phase auth: " in running.get("logs?target=orders&module=session")
        assert running.end() < 2
        assert running.process.returncode == 0
    assert PASSWORD not in "\n".join(running.lines)


def test_without_a_descriptor_left_it_still_says_so(tmp_path: Path, postgres: Postgres) -> None:
    """More targets than it may hold connections of; nobody has visited it before."""
    targets = "".join(f"- {{name: t{number}, url: '{postgres.url()}'}}\n" for number in range(12))
    with daemon(tmp_path, f"targets:\n{targets}", before=["prlimit", "--nofile=24:24"]) as running:
        wait_for(lambda: "cause=client.resources" in "\n".join(running.lines))
        wait_for(lambda: '"cause": "client.resources"' in running.get("api/v1/incidents"))
        assert running.value("conndrop_up", target="t0") is not None
        for page in ("", "targets/t0", "incidents"):
            assert "client.resources" in running.get(page)
        assert running.value("process_max_fds") in (24, None), "there may be none left to ask that"
        assert running.end() < 2
        assert running.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_two_seconds_with_every_worker_stuck(tmp_path: Path, number: int) -> None:
    """Forty targets that accept and never answer, each with a long timeout."""
    connected: list[socket.socket] = []

    def script(sock: socket.socket) -> None:
        connected.append(sock)
        deaf(sock)

    with server(script) as port:
        text = "defaults: {session: {interval: 1s, timeout: 1s}, ping: {interval: 1h}}\ntargets:\n"
        for index in range(40):
            scheme = ("postgresql", "mysql")[index % 2]
            text += f"- {{name: t{index}, url: '{scheme}://u@127.0.0.1:{port}/d'}}\n"
        with daemon(tmp_path, text) as running:
            wait_for(lambda: len(connected) >= 40)
            assert running.end(number) < 2
            assert running.process.returncode == 0


def test_whoever_goes_on_to_ask_for_a_reload_does_not_spoil_the_end(tmp_path: Path) -> None:
    """Python, as it ends, gives signals back to the system, which ends a process for SIGHUP."""
    with daemon(tmp_path, "targets:\n- {name: a, url: 'mysql://u@127.0.0.1:9/d'}\n") as running:
        running.process.send_signal(signal.SIGTERM)
        wait_for(lambda: any("stopping" in line for line in running.lines))
        while running.process.poll() is None:
            running.process.send_signal(signal.SIGHUP)
        assert running.process.returncode == 0


def test_two_signals_at_once_end_it_as_well(tmp_path: Path) -> None:
    """The second must not be lost on the first, nor the first on the second."""
    with daemon(tmp_path, "targets:\n- {name: a, url: 'mysql://u@127.0.0.1:9/d'}\n") as running:
        running.process.send_signal(signal.SIGINT)
        assert running.end(signal.SIGTERM) < 2


def test_a_failure_is_one_line_with_all_that_matters(tmp_path: Path) -> None:
    with daemon(
        tmp_path,
        "targets:\n- {name: a, url: 'mysql://u@db.invalid/d', probes: {ping: false}}\n",
        "--log.format",
        "json",
    ) as running:
        wait_for(lambda: any("probe failed" in line and '"session"' in line for line in running.lines))
        events = [json.loads(line) for line in running.lines]
        failed = next(
            event for event in events if event["msg"] == "probe failed" and event["probe"] == "session"
        )
        assert (failed["target"], failed["probe"], failed["phase"]) == ("a", "session", "dns")
        assert failed["cause"] == "dns.failure"
        assert float(failed["duration"]) > 0
        assert running.value("conndrop_session_failures_total", phase="dns", cause="dns.failure") == 1


def test_an_incident_is_told_everywhere_in_the_same_words_and_outlives_a_restart(tmp_path: Path) -> None:
    """A port at which nobody listens, for as long as the test lasts."""
    options = ("--state.directory", str(tmp_path / "state"), "--log.format", "json")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        text = f"targets:\n- {{name: orders, url: 'mysql://u@127.0.0.1:{taken.getsockname()[1]}/d'}}\n"
        with daemon(tmp_path, text, *options) as running:
            wait_for(lambda: told(running, "incident named"), 40)
            (incident,) = json.loads(running.get("api/v1/incidents?active=true"))["incidents"]
            named = told(running, "incident named")[-1]
            for key in ("id", "target", "cause", "severity", "summary"):
                assert incident[key] == named[key]
            assert incident["evidence"]
            assert named["evidence"]  # not the same any more, where something was seen since
            assert running.value("conndrop_incident_active", cause=incident["cause"]) == 1
            for page in ("", "targets/orders", "incidents", f"incidents/{incident['id']}"):
                assert html.escape(incident["summary"]) in running.get(page), page
            assert running.value("conndrop_incidents_total", cause=incident["cause"]) == 1
            assert running.end() < 2
        with daemon(tmp_path, text, *options) as running:
            wait_for(lambda: running.value("conndrop_sentinel_open_failures_total", cause="server.down"))
            (again,) = json.loads(running.get("api/v1/incidents"))["incidents"]
            assert (again["id"], again["started"], again["ended"]) == (
                incident["id"],
                incident["started"],
                None,
            )
            assert not told(running, "incident opened")


def told(running: Daemon, message: str) -> list[dict[str, str]]:
    """Give what the log has said of this kind."""
    events = [json.loads(line) for line in running.lines]
    return [event for event in events if event["msg"] == message]


def test_a_silent_client_does_not_delay_a_scrape(tmp_path: Path) -> None:
    with daemon(tmp_path, "targets:\n- {name: a, url: 'mysql://u@127.0.0.1:9/d'}\n") as running:
        port = int(running.url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as silent:
            assert "conndrop_build_info" in running.get("metrics")
            silent.setblocking(False)
            with pytest.raises(BlockingIOError):
                silent.recv(1)  # it has not been let go, and nobody has waited for that


@needs_namespaces
def test_where_no_echo_may_be_sent_everything_else_runs(tmp_path: Path) -> None:
    """Without privileges and with the system's defaults: a clear warning, and no series of pings."""
    path = tmp_path / "exporter.yml"
    path.write_text(
        "targets:\n" + "".join(f"- {{name: {name}, url: 'mysql://u@127.0.0.1:9/d'}}\n" for name in "ab")
    )
    options = f"run --config.file {path} --web.listen-address 127.0.0.1:0"
    without = "setpriv --bounding-set -net_raw --inh-caps -net_raw"
    inside = f"ip link set lo up && exec {without} {' '.join(COMMAND)} {options}"
    with subprocess.Popen(
        ["unshare", "-n", "sh", "-c", inside],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stderr
        lines: list[str] = []
        try:
            for line in process.stderr:
                lines.append(line)
                if url := re.search(r"http://[^ ]+", line):
                    break
            assert url, lines
            in_there = ["nsenter", "-t", str(process.pid), "-n", sys.executable, "-c"]
            fetch = f"import urllib.request; print(urllib.request.urlopen('{url[0]}metrics').read().decode())"
            content = subprocess.run(
                [*in_there, fetch], capture_output=True, text=True, check=True, timeout=20
            ).stdout
            process.terminate()
            process.wait(10)
        finally:
            process.kill()
    warnings = [line for line in lines if "probe not available" in line]
    assert len(warnings) == 1, "said once, not for each target"
    assert "ping_group_range" in warnings[0]
    assert "conndrop_session_attempts_total" in content
    assert "conndrop_ping" not in content


def environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}


def conndrop(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=environment(),
        **options,
    )


def test_check_prints_every_mistake_and_says_so_by_its_status(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.yml", tmp_path / "good.yml"
    bad.write_text(
        "vantage: [1]\ntargets:\n- name: a\n  url: nonsense\n  probes:\n    session:\n      interval: 5\n"
        "      quer: x\n- name: a\n  url: mysql://u@h/d\n"
    )
    good.write_text("targets:\n- {name: a, url: 'mysql://u@h/d'}\n")
    done = conndrop("check", str(bad), str(good))
    assert done.returncode == 1
    assert done.stdout == f"{good}: good, 1 target\n"
    assert [line.removeprefix(f"{bad}:").split(": ")[:2] for line in done.stderr.splitlines()] == [
        ["1", "vantage"],
        ["4", "targets[0].url"],
        ["7", "targets[0].probes.session.interval"],
        ["8", "targets[0].probes.session.quer"],
        ["9", "targets[1].name"],
    ]
    assert conndrop("check", str(good)).returncode == 0


def test_run_with_a_bad_file_says_why_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text("targets: []")
    done = conndrop("run", "--config.file", str(path))
    assert (done.returncode, done.stderr) == (
        1,
        f"{path}:1: no targets; write at least one with a name and a url\n",
    )


OPEN = {
    "id": "a-1",
    "cause": "server.down",
    "severity": "critical",
    "started": 1.0,
    "ended": None,
    "seen": 2.0,
    "summary": "a is down",
    "evidence": [],
    "fix": [],
    "confidence": 0.9,
    "candidates": [],
}
"""An incident as an earlier run has left it, long ago."""


def test_run_with_an_address_in_use_says_why_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "good.yml"
    path.write_text("targets:\n- {name: a, url: 'mysql://u@h/d'}\n")
    stored = tmp_path / "learnt.json"
    stored.write_text(json.dumps({"version": 1, "targets": {"incidents a": {"incidents": [OPEN]}}}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        options = ("--web.listen-address", address, "--state.directory", str(tmp_path))
        done = conndrop("run", "--config.file", str(path), *options)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"cannot listen on {address}: Address already in use"]


def test_usage() -> None:
    assert conndrop("--version").stdout.startswith("conndrop-exporter ")
    assert "check" in conndrop("--help").stdout
    assert conndrop().returncode == 2
    done = conndrop("run", "--config.file", "x", "--web.listen-address", "nonsense")
    assert done.returncode == 2
    assert "'nonsense' is not an address; write host:port, [::1]:port or :port" in done.stderr


def test_the_schema_is_printed() -> None:
    assert json.loads(conndrop("schema").stdout)["title"] == "conndrop-exporter configuration"


def test_the_causes_are_listed_and_told() -> None:
    rows = [re.split(" {2,}", line, maxsplit=2) for line in conndrop("causes").stdout.splitlines()]
    assert [row[0] for row in rows] == list(Cause)
    assert ["server.idle_timeout", "warning", "The server ends idle sessions"] in rows
    told = conndrop("causes", "server.idle_timeout").stdout
    assert told.startswith("server.idle_timeout (warning)\n\nThe server ends idle sessions\n")
    assert "What to do:" in told
    assert conndrop("causes", "--markdown").stdout.startswith("# Causes\n")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("server.idle_timout", "did you mean server.idle_timeout?"), ("?", "`conndrop causes` lists them")],
)
def test_a_cause_that_there_is_not_is_a_mistake_in_the_command(word: str, hint: str) -> None:
    done = conndrop("causes", word)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"there is no cause '{word}'; {hint}")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    with subprocess.Popen(
        [*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
