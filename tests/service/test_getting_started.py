"""What the page "getting-started.md" has people type, typed: where /etc and /usr/local are copies.

Packages are those that the suite has. Services are not started; what they would be started with is looked at.
"""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.docs.reading import ROOT
from tests.networks import needs_namespaces
from tests.servers import Postgres, ServerMissing
from tests.servers.releases import INSTALLED

PAGE: Final = (ROOT / "docs" / "getting-started.md").read_text()
MOST: Final = 10
"""Commands, the clone among them, until a database is watched, scraped and alerted on."""
SECTION: Final = PAGE.partition("## Ten commands")[2].partition("\n## ")[0]
COMMANDS: Final = "".join(re.findall(r"```sh\n(.*?)```", SECTION, flags=re.DOTALL)).splitlines()
COPIES: Final = """\
mount -t tmpfs none "$COPIES"
for place in /etc /usr/local; do
    mkdir -p "$COPIES$place" "$COPIES/work$place"
    mount -t overlay -o "lowerdir=$place,upperdir=$COPIES$place,workdir=$COPIES/work$place" copies "$place"
done
mount -t tmpfs none /run
"""
BEFORE: Final = "echo 'OPTIONS=--log.level=warn' >/etc/default/conndrop-exporter\n"
AFTER: Final = """\
install -D /etc/conndrop/passwords/local /run/credentials/conndrop-exporter.service/password_local
stat -c 'mode=%a %n' /etc/conndrop/passwords
/usr/local/bin/conndrop check /etc/conndrop/exporter.yml
promtool check config /etc/prometheus/prometheus.yml
amtool check-config /etc/prometheus/alertmanager.yml
. /etc/default/prometheus-alertmanager && echo "ARGS is $ARGS"
sed -n 's/^ExecStart=/ExecStart is /p' /usr/local/lib/systemd/system/conndrop-exporter.service
! PYTHON=broken make install
! PYTHON=offline make install
/usr/local/bin/conndrop --version
make uninstall
! ls -d /usr/local/bin/conndrop /usr/local/lib/conndrop* /usr/local/lib/systemd/system/conndrop*
cat /etc/default/conndrop-exporter
ls /etc/conndrop
"""
STANDING_IN: Final = {
    "apt": 'echo "apt $*"',
    "systemctl": 'echo "systemctl $*"',
    "su": 'exec sh -c "$4"',  # as this server's superuser, by PGUSER
    "broken": '[ "$1" = -c ]',  # a Python without venv
    # A Python that can fetch nothing.
    "offline": '[ "$1" = -c ] || { mkdir -p "$5/bin" && ln -s /bin/false "$5/bin/python"; }',
}


def test_they_are_ten_at_most() -> None:
    assert len(COMMANDS) + 1 <= MOST
    assert not [line for line in COMMANDS if re.search(r"&&|;|\|\|", line.replace("(umask 077; ", ""))], (
        "one each"
    )
    for file in re.findall(r"(?<![\w/])(?:deploy|alerts)/[\w./-]+", "\n".join(COMMANDS)):
        assert (ROOT / file).is_file(), file


def test_alerts_are_kept_quiet_as_in_the_larger_example() -> None:
    """The small configuration of Alertmanager differs in who is told, and in nothing else."""
    small, large = (
        yaml.safe_load(path.read_text())
        for path in (
            ROOT / "deploy" / "prometheus" / "alertmanager.yml",
            ROOT / "alerts" / "alertmanager" / "alertmanager.yml",
        )
    )
    assert small["inhibit_rules"] == large["inhibit_rules"]
    assert {name: large["route"][name] for name in ("group_by", "group_wait", "group_interval")} == {
        name: said for name, said in small["route"].items() if name not in ("receiver", "routes")
    }
    (page,) = (one for one in large["route"]["routes"] if one["receiver"] == "databases-page")
    assert small["route"]["routes"] == page["routes"]


def test_what_prometheus_is_given_names_what_others_do() -> None:
    given = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    assert given["rule_files"] == ["/etc/prometheus/conndrop/conndrop-*.yml"]
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in given["scrape_configs"]}
    assert jobs["conndrop"] == ["127.0.0.1:10054"]
    thresholds = yaml.safe_load((ROOT / "config" / "alerts.yml").read_text())
    assert thresholds["exporter_job"] == "conndrop"


@needs_namespaces
def test_the_commands_leave_what_they_say(tmp_path: Path, postgres: Postgres) -> None:
    """Installed, with a role and a password; what is there is kept, what fails half-way changes nothing."""
    try:
        tools = {str(Path(INSTALLED.program(name)).parent) for name in ("promtool", "amtool")}
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    programs, copies = tmp_path / "programs", tmp_path / "copies"
    copies.mkdir()
    programs.mkdir()
    for name, does in STANDING_IN.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    path = [programs, "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", postgres.programs, *tools]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", "\n".join((COPIES + BEFORE, *COMMANDS, AFTER))],
        cwd=ROOT,
        env={
            "COPIES": str(copies),
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(map(str, path)),
            "PGHOST": str(postgres.directory),
            "PGPORT": str(postgres.port),
            "PGUSER": "postgres",
            # What `make install` would fetch is taken from where the tests run.
            "PYTHON": sys.executable,
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_COMPILE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=480,
    )
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        told = done.stdout
        assert "mode=700 /etc/conndrop/passwords\n" in told
        assert told.count("SUCCESS") >= 3, told
        assert "ARGS is --cluster.listen-address=\n" in told
        assert "ExecStart is /usr/local/bin/conndrop run " in told
        assert "systemctl enable --now conndrop-exporter\n" in told
        assert "systemctl restart prometheus prometheus-alertmanager\n" in told
        assert "apt install python3-venv" in done.stderr, "what broken lacks"
        assert told.endswith("OPTIONS=--log.level=warn\nexporter.yml\npasswords\n")
        [(password,)] = postgres.admin("SELECT rolpassword FROM pg_authid WHERE rolname = 'conndrop'")
        assert str(password).startswith("SCRAM-SHA-256$")
    finally:
        postgres.admin("DROP ROLE IF EXISTS conndrop")


def test_taking_it_away_leaves_settings_of_alertmanager_as_they_were(tmp_path: Path) -> None:
    place, file = "/etc/default/prometheus-alertmanager", tmp_path / "alertmanager"
    file.write_text(before := "# ARGS=\nARGS=--log.level=warn\n")
    seen = []
    for line in re.findall(rf"^.*{place}$", PAGE, flags=re.MULTILINE):
        subprocess.run(["sh", "-euc", line.replace(place, str(file))], check=True, timeout=20)
        seen.append(file.read_text())
    assert seen == [f'{before}ARGS="--cluster.listen-address="\n', before]


def test_where_nothing_may_be_written_it_says_what_to_do() -> None:
    done = subprocess.run(
        ["make", "install", "DESTDIR=/dev/null"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "Run this as root, or say by DESTDIR=… where it may write." in done.stderr
