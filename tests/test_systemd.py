"""What systemd and the daemon tell each other, with processes that have its environment and real sockets."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from exporter.runtime.systemd import NoSockets, Systemd, passed_sockets
from exporter.runtime.vitals import Vitals, Watchdog
from exporter.web.pulse import Pulse, visited
from exporter.web.server import ListenAddress, WebServer
from tests.servers.database import free_port
from tests.test_daemon import COMMAND, Daemon
from tests.test_web import LOOPBACK, site
from tests.waiting import wait_for

TARGETS = "targets:\n- {name: a, url: 'mysql://u@127.0.0.1:9/d'}\n"


class Manager:
    """The end of systemd to which services tell how they are."""

    def __init__(self, address: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(address)
        self.environment = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        self.told: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while words := self._sock.recv(4096):
                self.told.append(words.decode())

    def lines(self) -> list[str]:
        return [line for words in list(self.told) for line in words.splitlines()]

    def heard(self, beginning: str) -> list[str]:
        return [line for line in self.lines() if line.startswith(beginning)]

    def close(self) -> None:
        self._sock.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(
        str(tmp_path / "notify") if request.param == "file" else f"\0conndrop-{os.getpid()}-{tmp_path.name}"
    )
    yield manager
    manager.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_words_arrive(manager: Manager) -> None:
    systemd = Systemd(manager.environment)
    systemd.tell("READY=1", "STATUS=é")
    wait_for(lambda: manager.told)
    assert manager.told == ["READY=1\nSTATUS=é"]
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    with pytest.raises(ZeroDivisionError), systemd.reloading():
        raise ZeroDivisionError
    wait_for(lambda: len(manager.told) == 3)
    reloading, stamp = manager.told[1].splitlines()
    assert reloading == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= before + 20e6
    assert manager.told[2] == "READY=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "@"},
        {"NOTIFY_SOCKET": "relative"},
        {"NOTIFY_SOCKET": "vsock:1"},
    ],
)
def test_where_nobody_listens_nothing_is_said(environment: Mapping[str, str]) -> None:
    systemd = Systemd(environment)
    assert not systemd.listening
    systemd.tell("READY=1")


@pytest.mark.parametrize("address", ["/nowhere/at/all", "/" + "long" * 50])
def test_an_address_that_nobody_has_harms_nobody(address: str) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": address})
    assert systemd.listening
    systemd.tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "patience"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "9" * 400}, None),
        ({"WATCHDOG_USEC": "9" * 5000}, None),
    ],
)
def test_for_how_long_systemd_waits(environment: Mapping[str, str], patience: float | None) -> None:
    assert Systemd(environment).patience == patience


def test_a_loop_hangs_once_it_has_not_come_round_for_long() -> None:
    now = 100.0
    vitals = Vitals(lambda: now)
    turned = vitals.loop("one")
    now = 103.0
    assert vitals.hanging(3) == []
    assert vitals.hanging(2.9) == ["one"]
    vitals.turned("other")
    turned()
    assert vitals.hanging(0) == []
    now = 104.0
    assert vitals.hanging(0.5) == ["one", "other"]


def test_alive_is_told_only_while_no_loop_hangs(listening: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """Within 0.4 s of a time that is 0.8 s; the status is told when it changes, in any case."""
    systemd = Systemd({**listening.environment, "WATCHDOG_USEC": "800000"})
    vitals, status = Vitals(), ["well"]
    turned = vitals.loop("web")
    watchdog = Watchdog(systemd, vitals, lambda: status[0])
    watchdog.start()

    def heard_while_it_turns(count: int) -> bool:
        turned()
        return len(listening.heard("WATCHDOG=1")) > count

    wait_for(lambda: heard_while_it_turns(2))
    wait_for(lambda: vitals.hanging(0.4))
    status[0] = "ill"
    wait_for(lambda: listening.heard("STATUS=ill"))
    assert listening.told[-1] == "STATUS=ill", "and nothing else"
    assert "hangs, and will be started again" in caplog.text
    count = len(listening.heard("WATCHDOG=1"))
    wait_for(lambda: heard_while_it_turns(count))
    watchdog.stop()
    wait_for(lambda: listening.lines()[-1] == "STOPPING=1")
    assert listening.lines()[0] == "READY=1"
    assert listening.heard("STATUS=well") == ["STATUS=well"]


def test_a_visitor_is_let_go_by_a_server_that_goes_on() -> None:
    """One that accepts nobody is no longer well, though the kernel lets everybody in."""
    turns: list[None] = []
    web = WebServer([LOOPBACK], site())
    pulse = Pulse(web, lambda: turns.append(None))
    pulse.start(0.01)
    wait_for(lambda: len(turns) > 2)
    pulse.stop()
    everywhere = WebServer([ListenAddress("0.0.0.0", 0)], site())  # noqa: S104  as users do
    assert visited(everywhere.addresses[0])
    everywhere.stop()
    address = web.addresses[0]
    web.stop()
    assert visited(address) is False
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        assert visited(ListenAddress("127.0.0.1", hanging.getsockname()[1]), 0.1) is False


def test_without_descriptors_it_is_enough_that_the_loop_goes_on(manager: Manager) -> None:
    """Nobody is ended because nobody can come to see how he is; and words are sent all the same."""
    turns: list[None] = []
    systemd, web = Systemd(manager.environment), WebServer([LOOPBACK], site())
    pulse = Pulse(web, lambda: turns.append(None))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, hard))
    try:
        assert visited(web.addresses[0]) is None
        pulse.start(0.01)
        wait_for(lambda: len(turns) > 2)
        systemd.tell("READY=1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        pulse.stop()
        web.stop()
        last.close()
    assert not web.turns(0.05)
    wait_for(lambda: manager.told == ["READY=1"])


def test_a_visitor_waits_for_nobody_who_has_the_last_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """He is let in in vain, while the loop goes on."""
    monkeypatch.setattr("exporter.web.pulse.visited", lambda _: False)
    turns: list[None] = []
    web = WebServer([LOOPBACK], site())
    pulse = Pulse(web, lambda: turns.append(None))
    assert not pulse._lives()
    web._clients._short = time.monotonic()
    assert pulse._lives()
    web.stop()


def started(
    words: Sequence[str], environment: Mapping[str, str], *passed: socket.socket
) -> "subprocess.Popen[str]":
    """Start something as systemd does: sockets from descriptor 3 on, for this process and no other."""
    numbers = [sock.fileno() for sock in passed]
    # By way of high numbers, lest one is overwritten before it is copied.
    high = [f"{50 + place}<&{number}" for place, number in enumerate(numbers)]
    low = [f"{3 + place}<&{50 + place} {50 + place}<&-" for place in range(len(numbers))]
    script = f'exec {" ".join([*high, *low])}\nexport LISTEN_PID=$$ LISTEN_FDS={len(numbers)}\nexec "$@"'
    return subprocess.Popen(
        ["bash", "-c", script if numbers else 'exec "$@"', "bash", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        pass_fds=numbers,
    )


@contextlib.contextmanager
def service(tmp_path: Path, environment: Mapping[str, str], *passed: socket.socket) -> Iterator[Daemon]:
    """Run the daemon as a service, with a configuration that can be read anew."""
    path = tmp_path / "exporter.yml"
    path.write_text(TARGETS)
    words = [*COMMAND, "run", "--config.file", str(path), "--web.route-prefix=x"]
    words += ["--web.systemd-socket"] if passed else ["--web.listen-address=127.0.0.1:0"]
    process = started(words, environment, *passed)
    try:
        yield Daemon(process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


def meters_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "exporter.meter" in line]


def meter_of(pid: int) -> int:
    """Find the process that measures for a daemon, once it is there."""
    wait_for(lambda: meters_of(pid))
    return meters_of(pid)[0]


def test_the_life_of_a_service(tmp_path: Path, listening: Manager) -> None:
    """Ready, alive though its database is down, reloaded well and badly, hanging and not, and stopped."""
    with contextlib.ExitStack() as sockets:
        passed = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        urls = [f"http://127.0.0.1:{sock.getsockname()[1]}/x/" for sock in passed]
        environment = {**listening.environment, "WATCHDOG_USEC": "6000000"}
        with service(tmp_path, environment, *passed) as running:
            assert running.url == urls[0]
            wait_for(lambda: any(urls[1] in line for line in running.lines))
            wait_for(lambda: listening.heard("READY=1"))
            wait_for(lambda: listening.heard("STATUS=1 target, 1 with trouble"))
            running.url = urls[1]
            assert running.get("-/healthy") == "Healthy\n"
            with (tmp_path / "exporter.yml").open("a") as file:
                file.write("- {name: b, url: 'mysql://u@127.0.0.1:9/d'}\n")
            running.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(listening.heard("READY=1")) == 2)
            assert running.value("conndrop_target_info", target="b") == 1
            assert running.value("conndrop_config_last_reload_successful") == 1
            (tmp_path / "exporter.yml").write_text("targets: []")
            running.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(listening.heard("READY=1")) == 3)
            wait_for(lambda: running.value("conndrop_config_last_reload_successful") == 0)
            assert running.value("conndrop_target_info", target="b") == 1
            assert [line[:-2] for line in listening.lines() if line.endswith(("READY=1", "ING=1"))] == [
                "READY", "RELOADING", "READY", "RELOADING", "READY",
            ]  # fmt: skip
            wait_for(lambda: listening.heard("WATCHDOG=1"))
            meter = meter_of(running.process.pid)
            os.kill(meter, signal.SIGSTOP)
            wait_for(
                lambda: any(
                    'msg="hangs, and will be started again" loops=meter' in line for line in running.lines
                )
            )
            count = len(listening.heard("WATCHDOG=1"))
            os.kill(meter, signal.SIGCONT)
            wait_for(lambda: len(listening.heard("WATCHDOG=1")) > count)
            assert running.end() < 2
            assert running.process.returncode == 0
            wait_for(lambda: listening.lines()[-1] == "STOPPING=1")


def test_a_hang_up_of_the_whole_group_leaves_the_meter_alone(tmp_path: Path) -> None:
    """As a terminal that is closed sends it, and `systemctl kill`."""
    with service(tmp_path, {}) as running:
        meter = meter_of(running.process.pid)
        os.kill(meter, signal.SIGHUP)
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: any("configuration reloaded" in line for line in running.lines))
        assert meter_of(running.process.pid) == meter
        assert running.end() < 2
    assert not any("meter died" in line for line in running.lines)


TAKE = """\
import sys
from exporter.runtime.systemd import *
try:
    print(len(passed_sockets()), file=sys.stderr)
except NoSockets as error:
    print(error, file=sys.stderr)
"""


def taken(*passed: socket.socket) -> str:
    with started([sys.executable, "-c", TAKE], {}, *passed) as process:
        return process.communicate(timeout=20)[1].strip()


def test_what_is_passed_must_listen_on_tcp() -> None:
    with (
        socket.socket() as deaf,
        socket.socket(socket.AF_UNIX) as local,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        local.bind("")
        local.listen()
        for sock in (deaf, local, udp):
            assert taken(sock) == (
                "descriptor 3, passed by systemd, does not listen on TCP;"
                " write ListenStream=HOST:PORT, and Accept=no"
            )
    with Path("/dev/null").open() as file:
        said = taken(file)  # type: ignore[arg-type]  # it has a number
        assert said == "descriptor 3, passed by systemd, is no socket: Socket operation on non-socket"
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
        socket.create_server(("127.0.0.1", 0)) as four,
    ):
        assert taken(six, four) == "2"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "x", "LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "9" * 5000, "LISTEN_PID": str(os.getpid())},
    ],
)
def test_no_socket_is_said_in_words(environment: Mapping[str, str]) -> None:
    with pytest.raises(NoSockets, match=r"systemd has passed no socket; start this by a \.socket unit"):
        passed_sockets(environment)


def test_who_does_not_take_what_systemd_listens_on_is_told_how(tmp_path: Path) -> None:
    """As with a .socket unit that is enabled, and no word of it among the options."""
    path = tmp_path / "exporter.yml"
    path.write_text(TARGETS)
    with socket.create_server(("127.0.0.1", 0)) as passed:
        address = f"127.0.0.1:{passed.getsockname()[1]}"
        words = ["run", "--config.file", str(path), f"--web.listen-address={address}"]
        with started([*COMMAND, *words], {}, passed) as process:
            said = process.communicate(timeout=60)[1].strip()
    assert process.returncode == 1
    assert said == (
        f"cannot listen on {address}: Address already in use;"
        " systemd listens, and --web.systemd-socket takes its socket"
    )


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        assert not os.environ.get("CI"), f"{program} is missing: tests/prepare installs it"
        pytest.skip(f"{program} is not installed: it comes with the package systemd")
    return found


def test_systemds_own_activation_starts_it(tmp_path: Path) -> None:
    """systemd-socket-activate listens, and starts the daemon once somebody comes."""
    path = tmp_path / "exporter.yml"
    path.write_text(TARGETS)
    port = free_port()
    words = [*COMMAND, "run", "--config.file", str(path), "--web.systemd-socket"]
    activate = [
        needs("systemd-socket-activate"),
        "-l",
        f"127.0.0.1:{port}",
        *(f"-E{name}" for name in os.environ),
    ]
    with subprocess.Popen([*activate, *words], stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: visited_or_refused(port))
            running = Daemon(process)
            assert running.url == f"http://127.0.0.1:{port}/"
            assert running.get("-/healthy") == "Healthy\n"
            assert running.end() < 2
        finally:
            process.kill()


def visited_or_refused(port: int) -> bool:
    """Come by, and tell whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False
