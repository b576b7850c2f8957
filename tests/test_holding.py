"""Held connections of peers that do what no server should, and of a process that is stopped meanwhile."""

import asyncio
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.model import End
from exporter.net.phases import PhaseClock
from exporter.net.waiting import Stop
from exporter.probes.holding import Death, HeldConnection
from tests.db.test_held_hostile import MY_HEAD, PG_NOTICE, SCHEMES, url
from tests.db.test_hostile import logs_in
from tests.doubles import Script, reset, server
from tests.networks import in_own_network, needs_namespaces, run_inside
from tests.probing import probe_tools
from tests.waiting import LONGEST, in_time, wait_for

T = TypeVar("T")
TIMEOUT = 1.0
WAITS = """
import asyncio
from exporter.net.watcher import Eye

async def main():
    print("waits", flush=True)
    print(await Eye(0).ready(1.0), flush=True)

asyncio.run(main())
"""


def holding(scheme: str, script: Script, use: Callable[[HeldConnection], Awaitable[T]]) -> T:
    """Log in to a double, and hold the connection while `use` does something with it."""

    async def held(port: int) -> T:
        endpoint, _ = read_url(url(scheme, port), None, DIALECTS)
        tools = probe_tools(endpoint)
        session = tools.opener.open([endpoint.host], PhaseClock(10.0, {}, Stop()))
        connection = HeldConnection(session.hold(), session.number, time.monotonic())
        try:
            return await use(connection)
        finally:
            connection.abandon()

    with server(logs_in(scheme, script)) as port:
        return asyncio.run(held(port))


def prattles(data: bytes) -> Script:
    """Say something that is no answer every few milliseconds, whatever is asked."""

    def script(sock: socket.socket) -> None:
        sock.recv(65536)
        while True:
            for byte in data:
                sock.sendall(bytes([byte]))
                time.sleep(0.02)

    return script


@SCHEMES
def test_who_talks_all_the_time_and_does_not_answer_is_silent_all_the_same(scheme: str) -> None:
    """It has as much time for its answer as anybody."""
    talk = {"postgresql": PG_NOTICE, "mysql": MY_HEAD}[scheme]
    death = in_time(
        lambda: holding(scheme, prattles(talk), lambda connection: connection.use("SELECT 1", TIMEOUT)),
        TIMEOUT + 2,
    )
    assert isinstance(death, Death)
    assert (death.end, str(death.cause)) == (End.SILENCE, "server.unresponsive")


def test_a_process_that_was_stopped_sees_what_came_meanwhile() -> None:
    """Once it goes on, its time is up; but that is not the server's fault."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"waits\n"
        state = Path(f"/proc/{process.pid}/stat")
        wait_for(lambda: state.read_text().rpartition(")")[2].split()[0] == "S")
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
        process.stdin.write(b"x")
        process.stdin.flush()
        time.sleep(1.2)  # past its time
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == b"True\n"


@SCHEMES
def test_to_hold_needs_no_further_descriptor(scheme: str) -> None:
    """When there is none left, what is held is held on, and its end is told as ever."""

    async def use(connection: HeldConnection) -> Death | None:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        try:
            connection.keep_alive(30.0)
            return await connection.rest(10.0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    death = holding(scheme, reset, use)
    assert death
    assert death.end is End.RST


@needs_namespaces
def test_a_host_that_has_lost_its_way_says_so() -> None:
    """The question had been acknowledged before the address was taken away."""

    def taken_away(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        run_inside("ip", "address", "flush", "dev", "lo")
        time.sleep(LONGEST)

    def what() -> object:
        return holding("postgresql", taken_away, lambda connection: connection.use("SELECT 1", LONGEST))

    death = in_own_network(what)
    assert isinstance(death, Death)
    assert (death.end, str(death.cause)) == (End.SILENCE, "client.local_network")
