"""The composition, as those programs read it that it starts; it is started by hand only."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Final

import pymysql
import pytest
import yaml

from exporter.cli import _parser
from tests.containers.written import COMPOSE, COMPOSITION, ROOT, SERVICES, here, instructions, mounts
from tests.docs.test_snippets import _asked
from tests.servers import Database, MariaDb, Postgres
from tests.servers.releases import RELEASES
from tests.test_cli import told

ODD: Final = r"it's \ a \'; password"
"""What would end a string, or mean something in one."""
MD5: Final = "SET password_encryption TO 'md5'"
"""So that what is stored can be compared."""
COMMANDS: Final = {"prometheus": ("promtool", "check", "config"), "alertmanager": ("amtool", "check-config")}


def test_it_is_a_composition() -> None:
    """By the schema of the Compose Specification, which comes with check-jsonschema."""
    words = [
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE / "compose.yml"),
    ]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    """It may do nothing, writes where it must only, has limits, and is reached from this host alone."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"]
    assert {"mem_limit", "cpus", "pids_limit", "healthcheck", "networks"} <= service.keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not service.keys() & {"privileged", "network_mode", "cap_add", "devices"}
    if "build" not in service:
        assert re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]), "pinned"
    volumes = [mount.partition(":")[0] for mount in service.get("volumes", [])]
    assert {volume for volume in volumes if not volume.startswith(".")} <= COMPOSITION["volumes"].keys()
    assert set(service.get("depends_on", [])) <= SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    for path, there in mounts(name):
        assert path.exists(), there


def test_what_may_be_set_is_told_with_its_default() -> None:
    text = (COMPOSE / "compose.yml").read_text()
    example = (COMPOSE / ".env.example").read_text()
    assert dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE)) == dict(
        re.findall(r"\$\{(\w+):-(\w+)\}", text)
    )


def test_the_image_is_built_as_it_says_and_started_as_it_understands() -> None:
    exporter = SERVICES["exporter"]
    context = (COMPOSE / exporter["build"]["context"]).resolve()
    assert (context, context / exporter["build"]["dockerfile"]) == (
        ROOT, ROOT / "deploy" / "container" / "Containerfile",
    )  # fmt: skip
    _parser().parse_args(exporter["command"])
    _parser().parse_args(exporter["healthcheck"]["test"][2:])
    group = instructions("USER")[0].rest.partition(":")[2]
    assert exporter["sysctls"] == [f"net.ipv4.ping_group_range={group} {group}"]


def test_the_exporters_configuration_is_good(tmp_path: Path) -> None:
    text = (COMPOSE / "conndrop" / "exporter.yml").read_text()
    (tmp_path / "exporter.yml").write_text(here("exporter", text))
    status, said, errors = told("check", str(tmp_path / "exporter.yml"))
    assert (status, said.endswith("good, 2 targets\n")) == (0, True), errors
    hosts = re.findall(r"@(\w+)[:/]", text)
    assert set(hosts) <= SERVICES.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_others_configurations_are_good(name: str, tmp_path: Path) -> None:
    """Both releases take them, rules included."""
    text = (COMPOSE / name / f"{name}.yml").read_text()
    (tmp_path / "here.yml").write_text(here(name, text))
    status, said, errors = _asked(RELEASES.values(), *COMMANDS[name], str(tmp_path / "here.yml"))
    assert status == 0, said + errors
    for service, port in re.findall(r'"(\w+):(\d+)"', text):
        assert any(mapping.endswith(f":{port}") for mapping in SERVICES[service]["ports"])


def test_grafana_finds_what_it_shows() -> None:
    """The source of data is that of deploy/grafana, but for where it is."""
    provisioned = ROOT / "deploy" / "grafana" / "provisioning"
    ours = yaml.safe_load((COMPOSE / "grafana" / "datasources" / "prometheus.yml").read_text())
    theirs = yaml.safe_load((provisioned / "datasources" / "prometheus.yml").read_text())
    theirs["datasources"][0]["url"] = "http://prometheus:9090"
    assert ours == theirs
    dashboards = yaml.safe_load((provisioned / "dashboards" / "conndrop.yml").read_text())
    inside = {there: path for path, there in mounts("grafana")}
    assert inside[dashboards["providers"][0]["options"]["path"]] == ROOT / "grafana"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(here("grafana", home)).exists()


def _script(service: str, file: str, secret: Path) -> str:
    """Give a script that a database runs at its first start, with this secret in place of its own."""
    where = {there: path for path, there in mounts(service)}
    secret.write_text(ODD + "\n")
    return where[f"/docker-entrypoint-initdb.d/{file}"].read_text().replace("/run/secrets/probe", str(secret))


def test_postgres_makes_the_account(servers: Callable[[str], Database], tmp_path: Path) -> None:
    """First that of deploy/grants, then with our password, by psql as its entrypoint does."""
    server = servers("postgresql")
    assert isinstance(server, Postgres)
    grants = next(path for path, there in mounts("postgres") if there.endswith("10-account.sql"))
    password = tmp_path / "password.sql"
    password.write_text(_script("postgres", "20-password.sql", tmp_path / "probe"))
    login = ["-h", str(server.directory), "-p", str(server.port), "-U", "postgres", "-d", "postgres"]
    words = [str(server.programs / "psql"), *login, "-v", "ON_ERROR_STOP=1", "-c", MD5]
    for file in (grants, password):
        done = subprocess.run([*words, "-f", str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    try:
        stored = server.admin("SELECT rolpassword FROM pg_authid WHERE rolname = 'conndrop'")
        assert stored == [("md5" + md5(f"{ODD}conndrop".encode(), usedforsecurity=False).hexdigest(),)]
    finally:
        server.admin("DROP ROLE conndrop")


def test_mariadb_makes_the_account(servers: Callable[[str], Database], tmp_path: Path) -> None:
    """In a shell that has what its entrypoint gives to scripts."""
    server = servers("mariadb")
    assert isinstance(server, MariaDb)
    client = shutil.which("mariadb")
    assert client
    grants = next(path for path, there in mounts("mariadb") if there.endswith("10-account.sql"))
    speaking = f"docker_process_sql() {{ {client} --no-defaults --socket={server.path} -uroot; }}"
    script = _script("mariadb", "20-password.sh", tmp_path / "probe")
    words = f"set -eo pipefail\n{speaking}\ndocker_process_sql < {grants}\n{script}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    try:
        pymysql.connect(
            host="127.0.0.1", port=server.port, user="conndrop", password=ODD, ssl_disabled=True
        ).close()
    finally:
        server.admin("DROP USER 'conndrop'@'%'")


def test_the_scripts_of_the_shell_are_sound() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        assert not os.environ.get("CI"), "shellcheck is missing: tests/prepare installs it"
        pytest.skip("shellcheck is not installed: it comes with the package shellcheck")
    scripts = [*COMPOSE.rglob("*.sh")]
    assert scripts
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
