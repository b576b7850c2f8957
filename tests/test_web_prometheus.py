"""The exporter behind TLS and passwords as a process, scraped by real Prometheus servers."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.lab.exporter import only
from tests.servers.certificates import Certificates
from tests.servers.prometheus import Prometheus, Scraping, prometheus_here
from tests.servers.releases import RELEASES, Release
from tests.test_daemon import COMMAND, conndrop
from tests.waiting import wait_for

PASSWORD = "correct horse battery"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
CLIENTS = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
PATIENT = 5
"""Seconds that a scrape may take where the machine is busy, and from one to the next."""
OFTEN = 10
"""Targets that are all the same exporter, so that there are scrapes enough nevertheless."""
USERS = f"basic_auth_users:\n  prometheus: {HASH}\n"


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Release:
    return RELEASES[request.param]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration, certificates, and a client's certificate."""
    certificates = Certificates(tmp_path)
    certificates.install("good", tmp_path / "server.pem", tmp_path / "server.key")
    certificates.install("good", tmp_path / "client.pem", tmp_path / "client.key")
    target = {"name": "a", "url": "mysql://u@127.0.0.1:1/d", "probes": only(tcp={})}
    (tmp_path / "exporter.yml").write_text(json.dumps({"targets": [target]}))
    return tmp_path


def write(folder: Path, *, tls: str = "", rest: str = "") -> None:
    """Write the web configuration, encrypted."""
    pair = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
    (folder / "web.yml").write_text(pair + tls + rest)


@contextlib.contextmanager
def exporter(folder: Path, *words: str) -> Iterator[str]:
    """Run the exporter; gives host and port. What it says may hold neither password nor hash."""
    files = ["--config.file", "exporter.yml", "--web.config.file", "web.yml", "--state.directory", "state"]
    command = [*COMMAND, "run", *files, "--web.listen-address", "127.0.0.1:0", "--log.level", "debug", *words]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        wait_for(lambda: process.poll() is not None or "listening" in log.read_text())
        found = re.search(r"https://(localhost|127\.0\.0\.1):(\d+)/", log.read_text())
        assert found, log.read_text()
        yield f"127.0.0.1:{found[2]}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        said = log.read_text()
        assert PASSWORD not in said
        assert HASH not in said
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait()


def job(name: str, folder: Path, address: str, **told: Any) -> dict[str, Any]:
    """Give a job as Prometheus has it; with `client=True` it shows a certificate."""
    tls = {"ca_file": str(folder / "ca.pem"), "server_name": "localhost"}
    if told.pop("client", False):
        tls |= {"cert_file": str(folder / "client.pem"), "key_file": str(folder / "client.key")}
    static = [{"targets": [address]}]
    return {"job_name": name, "scheme": "https", "tls_config": tls, "static_configs": static} | told


def scraping(release: Release, *jobs: dict[str, Any], every: float = 1) -> AbstractContextManager[Prometheus]:
    return prometheus_here(Scraping(jobs=jobs, scrape=every, itself=False), release)


def up(running: Prometheus) -> dict[str, float]:
    return {labels["job"]: value for labels, value in running.query("up")}


def test_prometheus_scrapes_over_tls_with_a_password(folder: Path, release: Release) -> None:
    write(folder, rest=USERS)
    login = {"username": "prometheus", "password": PASSWORD}
    wrong = login | {"password": "wrong"}
    with exporter(folder) as address:
        jobs = [
            job("right", folder, address, basic_auth=login),
            job("wrong", folder, address, basic_auth=wrong),
            job("nobody", folder, address),
            job("plain", folder, address, basic_auth=login) | {"scheme": "http", "tls_config": {}},
        ]
        with scraping(release, *jobs) as running:
            wait_for(lambda: up(running) == {"right": 1, "wrong": 0, "nobody": 0, "plain": 0})
            wait_for(lambda: running.query("conndrop_build_info"))


def test_prometheus_scrapes_with_a_certificate_of_its_own(folder: Path, release: Release) -> None:
    write(folder, tls=f"{CLIENTS}  client_allowed_sans: [localhost]\n")
    with exporter(folder) as address:
        jobs = [job("right", folder, address, client=True), job("nobody", folder, address)]
        with scraping(release, *jobs) as running:
            wait_for(lambda: up(running) == {"right": 1, "nobody": 0})
            wait_for(lambda: running.query("conndrop_build_info"))


def test_a_rotation_fails_no_scrape(folder: Path, release: Release) -> None:
    """Certificate and key are replaced one after the other, in place; the authority is the same.

    Each scrape has time enough for a busy machine: who takes that long is stuck.
    """
    authority = Certificates(folder)
    authority.install("good", folder / "server.pem", folder / "server.key")
    write(folder)
    with exporter(folder) as address:
        often = [{"targets": [address], "labels": {"turn": str(turn)}} for turn in range(OFTEN)]
        right = job("right", folder, address, static_configs=often)
        with scraping(release, right, every=PATIENT) as running:
            wait_for(lambda: len(running.query("up == 1")) == OFTEN)
            for _ in range(3):
                rotate(authority, folder)
                now = time.time()
                wait_for(lambda now=now: running.query(f"timestamp(up) > {now}"))  # type: ignore[misc]
            shares = running.query("avg_over_time(up[1m])")
        assert [share for _, share in shares] == [1.0] * OFTEN


def rotate(authority: Certificates, folder: Path) -> None:
    """Put another certificate in the place of the server's, and wait until it has been read."""
    before = (folder / "log").read_text().count("read anew")
    authority.install("good", folder / "server.pem", folder / "server.key")
    wait_for(lambda: (folder / "log").read_text().count("read anew") > before)


def test_a_wrong_file_ends_the_start(folder: Path) -> None:
    (folder / "web.yml").write_text(f"basic_auth_users: {{a: {HASH}x}}\nzzz: 1\n")
    words = ("run", "--config.file", "exporter.yml", "--web.config.file", "web.yml")
    done = conndrop(*words, cwd=folder)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["web.yml:1", "web.yml:2"]
    assert HASH not in done.stderr
    demo = conndrop("demo", "--web.config.file", "web.yml", cwd=folder)
    assert (demo.returncode, demo.stderr) == (1, done.stderr)


def test_files_are_checked(folder: Path) -> None:
    write(folder, rest=USERS)
    done = conndrop("check", "exporter.yml", "--web.config.file", "web.yml", cwd=folder)
    assert done.stdout == "exporter.yml: good, 1 target\nweb.yml: good, HTTPS, 1 user\n"
    (folder / "web.yml").write_text("zzz: 1\n")
    done = conndrop("check", "--web.config.file", "web.yml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("web.yml:1: zzz: unknown key")
    assert conndrop("check").returncode == 2


def test_health_is_told_without_credentials_where_that_is_wanted(folder: Path) -> None:
    """As a supervisor asks for it, who knows no password."""
    write(folder, rest=USERS)
    ask = (
        "import ssl,sys,urllib.request as u;"
        "c=ssl.create_default_context(cafile='ca.pem');c.check_hostname=False;"
        "print(u.urlopen(sys.argv[1],context=c).read().decode())"
    )
    with exporter(folder, "--web.healthy-without-credentials") as address:
        url = f"https://{address}/-/healthy"
        done = subprocess.run(
            [sys.executable, "-c", ask, url], cwd=folder, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "Healthy"


def test_the_example_is_good(folder: Path) -> None:
    """All that it shows is switched off; with all of it switched on, it is good as well."""
    example = (Path(__file__).parents[1] / "config" / "web.yml").read_text()
    (folder / "web.yml").write_text(example)
    done = conndrop("check", "--web.config.file", "web.yml", cwd=folder)
    assert done.stdout == "web.yml: good, HTTP, 0 users\n", done.stderr
    (folder / "web.yml").write_text(re.sub(r"(?m)^#(?! \S)", "", example))
    done = conndrop("check", "--web.config.file", "web.yml", cwd=folder)
    assert done.stdout == "web.yml: good, HTTPS, 1 user\n", done.stderr
