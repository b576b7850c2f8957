"""The exporters that rules in `alerts/compat` are about have the series that the rules name."""

import contextlib
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg2
import pytest
import trustme

from tests.alerts.foreign import FOREIGN
from tests.lab.fronts import KEEPER, PgBouncer
from tests.servers import Postgres
from tests.servers.database import PASSWORD, free_port
from tests.waiting import wait_for

SECONDS: Final = 5
NAME: Final = re.compile(r"^([a-zA-Z_:]+)", flags=re.MULTILINE)
TLS: Final = "{prober: tcp, tcp: {tls: true, tls_config: {insecure_skip_verify: true}}}"
COLUMNS: Final = {
    "SHOW POOLS": {
        "database", "user", "cl_waiting", "maxwait",
        "sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login",
    },
    "SHOW DATABASES": {
        "name", "host", "port", "database", "force_user", "pool_mode", "pool_size", "current_connections",
        "max_connections",
    },
}  # fmt: skip
"""What pgbouncer_exporter makes its series and their labels of."""


@contextlib.contextmanager
def running(program: str, port: int, *words: str) -> Iterator[None]:
    """Have an exporter listen on loopback."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: it comes with the package of that name")
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def shown(port: int, path: str = "/metrics") -> set[str]:
    """Names of the series on a page; none while nobody listens yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=SECONDS) as answer:
            return set(NAME.findall(answer.read().decode()))
    except urllib.error.URLError:
        return set()


def test_node_exporter() -> None:
    port = free_port()
    with running("prometheus-node-exporter", port, "--collector.conntrack"):
        wait_for(lambda: shown(port))
        absent = set(FOREIGN["compat/node_exporter.yml"] - shown(port))
    if not Path("/proc/pressure").exists():
        absent = {name for name in absent if "pressure" not in name}
    if not Path("/proc/sys/net/netfilter/nf_conntrack_max").exists():
        absent = {name for name in absent if "conntrack" not in name}
    assert absent == set()


def test_smokeping_prober() -> None:
    port = free_port()
    with running("prometheus-smokeping-prober", port, "127.0.0.1"):
        wait_for(lambda: FOREIGN["compat/smokeping_prober.yml"] <= shown(port))


def test_blackbox_exporter(tmp_path: Path) -> None:
    """Its probe of a port with TLS, which stands for a database's."""
    settings, encryption = tmp_path / "blackbox.yml", tmp_path / "web.yml"
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    encryption.write_text("tls_server_config: {cert_file: both.pem, key_file: both.pem}")
    settings.write_text(f"modules: {{database: {TLS}}}")
    port, target = free_port(), free_port()
    path = f"/probe?module=database&target=127.0.0.1:{target}"
    with (
        running("prometheus-node-exporter", target, f"--web.config.file={encryption}"),
        running("prometheus-blackbox-exporter", port, f"--config.file={settings}"),
    ):
        wait_for(lambda: FOREIGN["compat/blackbox_exporter.yml"] <= shown(port, path))


def test_pgbouncer_has_the_columns_that_its_exporter_reads(postgres: Postgres) -> None:
    port = free_port()
    with PgBouncer(None, postgres, port=port):
        console = psycopg2.connect(
            host="127.0.0.1", port=port, user=KEEPER, password=PASSWORD, dbname="pgbouncer"
        )
        with contextlib.closing(console):
            console.autocommit = True
            cursor = console.cursor()
            for command, columns in COLUMNS.items():
                cursor.execute(command)
                assert {column.name for column in cursor.description or ()} >= columns
            for command, wanted in (("SHOW LISTS", "used_clients"), ("SHOW CONFIG", "max_client_conn")):
                cursor.execute(command)
                assert wanted in {row[0] for row in cursor.fetchall()}
