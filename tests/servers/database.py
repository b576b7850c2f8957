"""What all database servers of the suite have in common."""

import contextlib
import datetime
import errno
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote, urlencode

from tests.servers.certificates import Certificates

USER = "probe"
PASSWORD = "p@ss:w/ord"
NOBODY = 65534
START_SECONDS = 60.0


class ServerMissing(Exception):
    """A server's programs are not on this machine; the text says how to get them."""


PORTS: Final = range(20_000, 32_000)
"""Below those that the kernel hands out: what is free stays so until a server binds it."""
WORKERS: Final = 6
"""Workers whose ports are apart."""


def _ports() -> Iterator[int]:
    """Give the ports of this worker, in turn, beginning anywhere."""
    each = len(PORTS) // WORKERS
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    begin = os.getpid() % each
    return (PORTS[worker * each + number % each] for number in itertools.count(begin))


_PORTS: Final = _ports()


def free_port() -> int:
    """Find a loopback port that nothing listens on, over IPv4 and IPv6; another each time."""
    for port in itertools.islice(_PORTS, len(PORTS)):
        try:
            socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise OSError("no port is free")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server runs: its addresses, whether it lets others in than loopback, and how to get there."""

    addresses: tuple[str, ...] = ("127.0.0.1", "::1")
    open: bool = False
    entered: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext


LOOPBACK = Place()


class Database(ABC):
    """A database server with a probing account, with and without TLS, at a place: loopback, if no other."""

    name: ClassVar[str]
    scheme: ClassVar[str]
    # Parameters of the URL that say how to encrypt.
    plain: ClassVar[Mapping[str, str]]
    encrypted: ClassVar[Mapping[str, str]]
    ending: ClassVar[signal.Signals] = signal.SIGTERM
    """The signal upon which the server ends in good order, without waiting for its clients."""

    def __init__(self, certificates: Certificates, place: Place = LOOPBACK) -> None:
        self.certificates = certificates
        self.place = place
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix=f"conndrop-{self.name}-"))
        self.directory.chmod(0o755)
        self.certificate = self.directory / "server.crt"
        self.key = self.directory / "server.key"
        self.log = self.directory / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, str] = {}
        """What it is told when it starts, over the suite's own settings, by the names it has for them."""

    def __enter__(self) -> Self:
        try:
            self.own(self.directory)
            self.write_certificate("good")
            self.initialise()
            self.start()
            self.create_account()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def initialise(self) -> None:
        """Make an empty data directory."""

    @abstractmethod
    def command(self) -> list[str]:
        """Give the command line that runs the server in the foreground."""

    @abstractmethod
    def create_account(self) -> None:
        """Make the probing account and its database."""

    @abstractmethod
    def connect(self) -> Any:
        """Open a superuser's connection (PEP 249)."""

    @abstractmethod
    def admin(self, sql: str) -> list[tuple[object, ...]]:
        """Run SQL as the superuser and return the rows."""

    @abstractmethod
    def reload_certificate(self) -> None:
        """Make the running server take the certificate files anew."""

    @abstractmethod
    def verified(self) -> Mapping[str, str]:
        """Parameters of the URL that demand a valid certificate for the host's name."""

    @abstractmethod
    def aborted(self) -> int:
        """Sum of the server's counters for connections that did not end well."""

    @abstractmethod
    def admitting_six(self) -> contextlib.AbstractContextManager[None]:
        """Let the account `six`, and only it, in from ::1."""

    @abstractmethod
    def kill_sessions(self) -> bool:
        """Kill the sessions of the probing account that are at work; tell whether there were any."""

    @abstractmethod
    def numbers(self) -> list[int]:
        """Give the numbers of the sessions of the probing account, oldest first."""

    @abstractmethod
    def kill(self, number: int) -> None:
        """End one session."""

    @abstractmethod
    def limited(self, setting: str, seconds: int) -> contextlib.AbstractContextManager[None]:
        """Let a timeout of the server hold for those sessions of the account that begin in the block."""

    @abstractmethod
    def sleep(self, seconds: float) -> str:
        """SQL that takes so long and costs nothing."""

    @property
    @abstractmethod
    def busy(self) -> str:
        """SQL that would go on for minutes."""

    @property
    @abstractmethod
    def sessions(self) -> str:
        """SQL that lists the programs whose sessions are open."""

    @abstractmethod
    def full(self) -> contextlib.AbstractContextManager[None]:
        """Every slot that the probing account could have is taken."""

    def answers(self) -> bool:
        """Whether the superuser gets in."""
        with contextlib.suppress(Exception):
            self.admin("SELECT 1")
            return True
        return False

    def start(self, ready: Callable[[], bool] | None = None) -> None:
        """Start the server and wait until it answers, or until it is `ready` in another sense."""
        with self.log.open("ab") as log, self.place.entered():
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self.identity()
            )
        deadline = time.monotonic() + START_SECONDS
        while not (ready or self.answers)():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-4000:]}"
                )
            time.sleep(0.05)

    def halt(self, number: signal.Signals | None = None) -> None:
        """End the server, in good order if no other signal is asked for; it can be started again."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number or self.ending)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop(self) -> None:
        """End the server and remove its files."""
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(
        self,
        params: Mapping[str, str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        user: str = USER,
        password: str = PASSWORD,
        database: str = "shop",
    ) -> str:
        """Write the server's URL the way a user would."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        where = f"[{host}]" if ":" in host else host
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.scheme}://{login}@{where}:{port or self.port}/{database}{query}"

    def write_certificate(self, kind: str) -> datetime.datetime | None:
        """Put a certificate of `kind` where the server looks for it; return when it expires, if soon."""
        until = self.certificates.install(kind, self.certificate, self.key)
        self.key.chmod(0o600)
        self.own(self.certificate)
        self.own(self.key)
        return until

    @contextlib.contextmanager
    def certificate_of(self, kind: str) -> Iterator[None]:
        """Let the running server show the certificate of `kind`."""
        until = self.write_certificate(kind)
        self.reload_certificate()
        try:
            if until:
                # A second is valid to its end, and the clock that OpenSSL reads is a tick behind.
                time.sleep(max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds() + 1.1))
            yield
        finally:
            self.write_certificate("good")
            self.reload_certificate()

    def identity(self) -> dict[str, Any]:
        """Run as nobody where the suite runs as root: no server likes to be root."""
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}

    def own(self, path: Path) -> None:
        """Give a file to the user the server runs as."""
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def run(self, *command: str) -> None:
        """Run a preparing command as the server's user; show what it said if it fails."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, **self.identity()
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
