"""What stands between the application and its PostgreSQL: a middlebox of our own, or else a relay."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import exporter
from exporter.demo import network
from exporter.demo.ending import START_WITHIN, DemoError, own_group, undisturbed
from exporter.demo.forwarding import HOST, SERVER

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 5432
"""Of the PostgreSQL, where nobody else can have it."""
GOODBYE: Final = 2.0
"""Seconds that a process gets to end by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Where the server is to listen, and where clients find it; `limits` says why it is no more than a relay.

    `module` is what runs in between, with these `words` and the descriptor that it is given.
    """

    listens: str
    port: int
    host: str
    visible: int
    module: str
    words: tuple[str, ...]
    descriptor: int
    limits: str = ""


def between(forget: float, *, relay: bool = False) -> Between:
    """Choose what stands in between, and enter a network of our own for it where this host allows that.

    `relay` is for hosts that do, and have to do without nevertheless. Threads must not run yet.
    """
    why = "" if relay else network.why_impossible()
    return _relay(forget, why) if relay or why else middlebox(forget)


def middlebox(forget: float) -> Between:
    """Enter a network of our own, with a middlebox in it; raises OSError where that cannot be."""
    tun = network.enter()
    return Between(
        listens=f"{LOOPBACK},{HOST}",
        port=PORT,
        host=str(SERVER),
        visible=PORT,
        module="middlebox",
        words=(str(forget),),
        descriptor=tun,
    )


def _relay(forget: float, why: str) -> Between:
    listener, port = socket.create_server((LOOPBACK, 0)), _free_port()
    return Between(
        listens=LOOPBACK,
        port=port,
        host=LOOPBACK,
        visible=listener.getsockname()[1],
        module="relay",
        words=(str(port), str(forget)),
        descriptor=listener.detach(),
        limits=why,
    )


@contextmanager
def standing(what: Between) -> Iterator[None]:
    """Have it run; raises DemoError where it does not begin to."""
    descriptors, words = [what.descriptor], (str(what.descriptor), *what.words)
    with running(what.module, *words, stdout=subprocess.PIPE, pass_fds=descriptors) as process:
        os.close(what.descriptor)
        assert process.stdout is not None  # noqa: S101  piped
        # Who was not waited for would be found to be slow, and that is another story.
        heard, _, _ = select.select([process.stdout], [], [], START_WITHIN)
        if not heard or not process.stdout.readline():
            raise DemoError(f"the {what.module} of the demo did not start")
        yield


@contextmanager
def running(module: str, *words: str, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a module of the demo as a process, which ends when its standard input does."""
    paths = [str(Path(exporter.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-P", "-m", f"exporter.demo.{module}", *words]
    with own_group(command, stdin=subprocess.PIPE, env=environment, **options) as process:
        try:
            yield process
        finally:
            with undisturbed(), suppress(BrokenPipeError, subprocess.TimeoutExpired):
                assert process.stdin is not None  # noqa: S101  piped
                process.stdin.close()
                process.wait(GOODBYE)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as sock:
        return int(sock.getsockname()[1])
