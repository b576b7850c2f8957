"""A real name server."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from exporter.net.dns_exchange import Nameserver, ask
from exporter.net.dns_query import Configured
from exporter.net.waiting import Stop
from tests.waiting import wait_for

PROGRAM = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
needs_dnsmasq = pytest.mark.skipif(PROGRAM is None, reason="no dnsmasq; install the package dnsmasq-base")


class Dnsmasq:
    """A name server on loopback that knows a few names below `test`, and of all others that there are none.

    `options` are lines of its configuration. `hosts` are names with their addresses, given out with
    `ttl` seconds, in turns where there are several; they can be changed while it runs.
    """

    def __init__(
        self, *options: str, hosts: dict[str, list[str]] | None = None, ttl: int = 60, port: int = 53
    ) -> None:
        self.nameserver = Nameserver(address="127.0.0.1", port=port)
        self.directory = Path(tempfile.mkdtemp(prefix="conndrop-dnsmasq-"))
        self.directory.chmod(0o755)
        self._hosts = self.directory / "hosts"
        self._write(hosts or {})
        configuration = self.directory / "dnsmasq.conf"
        lines = (
            f"port={port}",
            "listen-address=127.0.0.1,::1",
            "bind-interfaces",
            "no-resolv",
            "no-hosts",
            "local=/test/",
            f"addn-hosts={self._hosts}",
            f"local-ttl={ttl}",
            "user=",
            "pid-file=",
            *options,
        )
        configuration.write_text("\n".join(lines) + "\n")
        assert PROGRAM
        self._command = [PROGRAM, "--keep-in-foreground", f"--conf-file={configuration}"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        wait_for(lambda: self.rcode("nobody.test") == "NXDOMAIN")

    def stop(self) -> None:
        """Let it be gone: from now on its port refuses."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it fall silent, as a name server does that cannot be reached."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def move(self, host: str, *addresses: str) -> None:
        """Give `host`, and it alone, other addresses, and wait until that is what is answered."""
        self._write({host: list(addresses)})
        assert self._process
        self._process.send_signal(signal.SIGHUP)
        wait_for(lambda: set(self.answers(host)) == set(addresses))

    def answers(self, host: str) -> tuple[str, ...]:
        """Ask it for the addresses of `host`."""
        (answer,) = ask(Configured().names(host), [self.nameserver], 1, Stop())
        return answer.addresses

    def rcode(self, host: str) -> str:
        """Ask it how it fares with `host`."""
        (answer,) = ask(Configured().names(host), [self.nameserver], 1, Stop())
        return answer.rcode

    def _write(self, hosts: dict[str, list[str]]) -> None:
        lines = [f"{address} {host}\n" for host, addresses in hosts.items() for address in addresses]
        self._hosts.write_text("".join(lines))
