"""Both commands without a terminal: exit statuses, mistakes, passwords, and what programs read."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Final

import pytest
from jsonschema import Draft202012Validator

from exporter.cli import diagnose
from tests.servers import Postgres
from tests.servers.database import PASSWORD, free_port
from tests.terminal.pane import COMMAND, VARIABLE, conndrop
from tests.terminal.test_forms import SCHEMA
from tests.test_cli import told

BRIEF = ("--hold=0", "--only=tcp,session")
URL = "postgresql://u:s3cret@h/d"
STREAMS: Final = {
    "| true": (0, ""),
    ">&-": (0, ""),
    "2>&-": (0, ""),
    "2>&1 >/dev/null | true": (0, ""),
    ">/dev/full": (2, "the report cannot be written: No space left on device"),
}
"""Where the streams go, in a shell's words; the exit status then, and what is said."""


Runs = Mapping[str, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def runs(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Run all commands at the same time, because most of what they do is wait."""
    directory = tmp_path_factory.mktemp("commands")
    secret, path = directory / "secret", directory / "exporter.yml"
    url = f"postgresql://probe@127.0.0.1:{postgres.port}/shop?sslmode=disable"
    secret.write_text(f"{PASSWORD}\n")
    path.write_text(f"targets: [{{name: orders, url: '{url}', password: {{env: {VARIABLE}}}}}]\n")
    silent = ("--ladder=400ms,5s,5100ms", "--hold=30s", "--json")
    commands = {
        "idle": ("idle", url.replace("probe@", "bare@"), f"--password.file={secret}", *silent),
        "named": ("diagnose", "orders", f"--config.file={path}", *BRIEF, "--pool-recycle=-1"),
        "in_url": ("diagnose", postgres.url(postgres.plain), *BRIEF, "--markdown"),
        "none": ("diagnose", url, *BRIEF, "--json"),
        "nobody": ("idle", f"postgresql://u@127.0.0.1:{free_port()}/d", "--hold=3s"),
        "misnamed": ("diagnose", "order", f"--config.file={path}"),
    }
    healthy = ("diagnose", url, f"--password.env={VARIABLE}", "--hold=0", "--only=session")
    postgres.admin("ALTER ROLE bare SET idle_session_timeout = '3s'")
    try:
        with ThreadPoolExecutor(6) as crew:
            begun = {name: crew.submit(conndrop, *words) for name, words in commands.items()}
            begun |= {output: crew.submit(_in_a_shell, *healthy, output=output) for output in STREAMS}
            return {name: each.result() for name, each in begun.items()}
    finally:
        postgres.admin("ALTER ROLE bare RESET idle_session_timeout")


@pytest.mark.parametrize(
    "words",
    [
        ("schema",),
        ("metrics",),
        ("alerts",),
        ("dashboards",),
        ("path", "-rnc1", "-i0.1", "127.0.0.1:1"),
        ("causes",),
    ],
)
def test_what_cannot_be_written_is_said(words: tuple[str, ...]) -> None:
    """On a full disk; `path` has another meaning for the status 1."""
    done = _in_a_shell(*words, output=">/dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "the output cannot be written: No space left on device\n",
    )


def _in_a_shell(*words: str, output: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with its streams going somewhere else; the status is its own."""
    return subprocess.run(
        ["bash", "-c", f"{shlex.join([*COMMAND, *words])} {output}; exit ${{PIPESTATUS[0]}}"],
        check=False, capture_output=True, text=True, timeout=60, env=os.environ | {VARIABLE: PASSWORD},
    )  # fmt: skip


def test_health_in_a_pipe(runs: Runs) -> None:
    """The report and nothing else on standard output, without escape codes."""
    ran = runs["named"]
    assert ran.returncode == 0
    assert ran.stdout.startswith("orders\npostgresql://probe@127.0.0.1:")
    assert "session: open in" in ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr


def test_a_password_in_the_url_works_and_is_warned_of(runs: Runs) -> None:
    ran = runs["in_url"]
    assert ran.returncode == 0
    assert ran.stderr.startswith("warning: who lists processes on this host sees the password in the URL")
    assert ran.stdout.startswith("# Connections to 127.0.0.1\n")
    assert "p%40ss" not in ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr


def test_findings(runs: Runs) -> None:
    """A password that is missing is a finding, and how to give one is said."""
    ran = runs["none"]
    assert ran.returncode == 1
    assert "no password was given: --password.ask, --password.file or --password.env takes one" in ran.stderr
    document = json.loads(ran.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    assert [finding["cause"] for finding in document["findings"]] == ["auth.credentials"]
    assert not document["healthy"]


def test_a_target_that_the_configuration_does_not_have(runs: Runs) -> None:
    assert (runs["misnamed"].returncode, runs["misnamed"].stdout) == (2, "")
    assert "did you mean orders?" in runs["misnamed"].stderr


def test_an_idle_timeout_of_the_server(runs: Runs) -> None:
    ran = runs["idle"]
    assert ran.returncode == 1
    document = json.loads(ran.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["idle"]["way"] == "closed"
    assert "server.idle_timeout" in [finding["cause"] for finding in document["findings"]]
    assert "silence: survived" in ran.stderr


def test_no_silence_came_to_its_end(runs: Runs) -> None:
    assert runs["nobody"].returncode == 2
    assert "  silence  nothing is known of silence yet\n" in runs["nobody"].stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x"], "'x' is no URL; write postgresql://user@host:5432/database"),
        (["x"], "or say with --config.file where a target has that name"),
        (["postgresql://u:s3cret@s3cret@h/d"], "in a URL, a password's @ is written %40"),
        (["u:s3cret@h/d"], "this is no URL; write postgresql://user@host:5432/database"),
        ([URL, "--config.file=x"], "give the name of one of its targets instead of a URL"),
        ([URL, URL], "unrecognized arguments: postgresql://u:***@h/d"),
        ([URL, f"--password.env={VARIABLE}"], "there is a password in the URL, and another beside it"),
        (["--password=s3cret", "x"], "there is no option --password, did you mean --password."),
        (["x", "--password.env=NOT_SET"], "the environment variable 'NOT_SET' is not set"),
        (["x", "--password.env=EMPTY"], "environment variable EMPTY: is empty"),
        (["x", "--password.ask"], "--password.ask needs a terminal; use --password.file or --password.env"),
        (["x", "--password.file=f", "--password.ask"], "not allowed with argument"),
        (["x", "--json", "--markdown"], "not allowed with argument"),
        (["x", "--hold=soon"], "'soon' is not a duration"),
        (["x", "--hold=30s", "--ladder=10,1m"], "--ladder has a silence of 1m, and --hold ends before"),
        (["x", "--ladder=1m,,2m"], "is not a duration"),
        (["x", "--connection-budget=0"], "'0' is no number of connections; 1 to 64 is allowed"),
        (["x", "--only=tcp,sesion"], "there is no side 'sesion'; did you mean session?"),
        (["x", "--skip=zzz"], "there is no side 'zzz'; there are dns, ping, path"),
        (["x", "--skip=dns,ping,path,mtu,tcp,tls,session,server,pool,hold"], "leaves nothing to look at"),
        (["x", "--pool-size=few"], "'few' is no count; write something like 5"),
        (["x", "--pool-recycle=-2"], "'-2' is not a duration"),
        ([URL, "--pool-size=0"], "pool_size: "),
    ],
)
def test_mistakes_are_said_so_that_they_can_be_mended(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whatever may be a password is not repeated."""
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv(VARIABLE, PASSWORD)
    status, output, errors = told("diagnose", *words)
    assert (status, output) == (2, "")
    assert message in errors
    assert "s3cret" not in errors


def test_idle_wants_a_hold() -> None:
    status, _, errors = told("idle", "postgresql://u@h/d", "--hold=0")
    assert status == 2
    assert "--hold 0 leaves no connection silent" in errors


def test_sides_are_read_in_either_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "examined", lambda _, plan, __: pytest.fail(" ".join(sorted(plan.sides))))
    with pytest.raises(pytest.fail.Exception, match=r"^tcp tls$"):
        told("diagnose", URL, "--only=TCP,Tls")


def test_no_password_is_asked_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else is wrong is said before."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("asked"))
    status, _, errors = told("diagnose", "postgresql://u@h:70000/d", "--password.ask")
    assert status == 2
    assert "the URL has port 70000" in errors


@pytest.mark.parametrize("output", STREAMS)
def test_streams_that_take_nothing(runs: Runs, output: str) -> None:
    """Whoever reads may leave, as `| head -1` does; the status is that of the report nevertheless."""
    status, message = STREAMS[output]
    assert runs[output].returncode == status
    assert message in runs[output].stderr
    assert "Traceback" not in runs[output].stderr
