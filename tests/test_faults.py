"""The faults of the lab do what they say: real databases, plain connections, and what reaches the client."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
import pytest

from exporter.net.dns_exchange import Nameserver as Asked
from exporter.net.dns_exchange import ask as dns_ask
from exporter.net.dns_query import Configured
from exporter.net.waiting import Stop
from tests.lab.application import Application
from tests.lab.balancer import Balancer, Farewell
from tests.lab.capture import Capture
from tests.lab.detour import detour
from tests.lab.firewall import Refusal, Way
from tests.lab.fronts import Haproxy, PgBouncer
from tests.lab.link import Conditions
from tests.lab.menu import COMMANDS, Menu
from tests.lab.nameserver import Nameserver
from tests.lab.processes import family
from tests.lab.resetter import Resetter
from tests.lab.site import PORTS, Reached, Site
from tests.lab.truth import arrivals
from tests.networks import needs_capture, needs_faults, needs_namespaces
from tests.servers.database import PASSWORD, USER
from tests.waiting import ATTEMPTS, in_time, unspoilt, wait_for

pytestmark = [needs_namespaces, needs_capture, needs_faults]

PATIENCE = 10.0
SILENCE = 0.5
"""Seconds after which an answer that takes a millisecond is taken to be lost."""
EARLY, LATE = 0.05, 1.0
"""Seconds by which an end may come before its time, and after it, on a busy machine now and then excepted."""
QUERY = b"SELECT 1"
SERVER = Asked(address="127.0.0.1", port=53)
SAID = {
    "postgresql": b"Q\0\0\0\x0d" + QUERY + b"\0",
    "mariadb": b"\x09\0\0\0\3" + QUERY,
    "mysql": b"\x09\0\0\0\3" + QUERY,
}


class Held:
    """A session at rest, and its socket looked at behind the driver's back."""

    def __init__(self, site: Site, name: str, via: Reached | None = None, host: str | None = None) -> None:
        self.name = name
        login: dict[str, Any] = {
            "host": via.host if via else host or site.host,
            "port": via.port if via else PORTS[name],
            "user": USER, "password": PASSWORD, "database": "shop", "connect_timeout": 3,
        }  # fmt: skip
        with site.client.entered():
            if name == "postgresql":
                self.connection: Any = psycopg2.connect(sslmode="disable", **login)
                self.connection.autocommit = True
                number = self.connection.fileno()
            else:
                self.connection = pymysql.connect(ssl_disabled=True, autocommit=True, **login)
                number = self.connection._sock.fileno()
        self.socket = socket.socket(fileno=os.dup(number))
        self.port: int = self.socket.getsockname()[1]
        self.run("SELECT 1")

    def run(self, sql: str) -> None:
        self.began = time.monotonic()
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
        self.since = time.monotonic()

    def end(self, seconds: float = PATIENCE) -> str:
        """Give what comes first: `said`, `fin` or `rst`; or `nothing` within so long."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        events = poll.poll(seconds * 1000)
        if not events:
            return "nothing"
        if events[0][1] & select.POLLERR:
            return "rst"
        return "said" if self.socket.recv(1, socket.MSG_PEEK) else "fin"

    def use(self, seconds: float = PATIENCE) -> str:
        """Send a query and give what came of it (see `within`)."""
        try:
            self.socket.send(SAID[self.name])
        except ConnectionResetError:
            return "rst"  # an acknowledgement that was still under way had met it already
        return self.end(seconds)

    def rest(self, seconds: float) -> None:
        """Wait for so long without a packet."""
        assert self.end(max(0.0, self.since + seconds - time.monotonic())) == "nothing"

    def close(self) -> None:
        self.socket.close()
        with contextlib.suppress(psycopg2.Error, pymysql.Error):
            self.connection.close()


Hold = Callable[..., Held]


@pytest.fixture
def hold(site: Site) -> Iterator[Hold]:
    """Open sessions at rest; they end with the test."""
    with contextlib.ExitStack() as stack:

        def opened(*words: Any, **options: Any) -> Held:
            return stack.enter_context(contextlib.closing(Held(site, *words, **options)))

        yield opened
    for database in site.databases.values():
        for number in database.numbers():  # what died in silence
            database.kill(number)
        wait_for(lambda: not database.numbers())  # noqa: B023  asked at once


BOTH = pytest.mark.parametrize("name", ["postgresql", "mariadb"])
EITHER_REFUSAL = pytest.mark.parametrize(
    ("name", "refusal", "end"), [("postgresql", "silent", "nothing"), ("mariadb", "rst", "rst")]
)
ALL = pytest.mark.parametrize("name", PORTS)


def host_of(site: Site, version: int) -> str:
    return site.host if version == 4 else site.host_six


def within(end: str) -> float:
    """Say how long to wait for such an end: that nothing comes is known soon, and all else may be late."""
    return SILENCE if end == "nothing" else PATIENCE


def timely(hold: Callable[[], Held], seconds: float, end: str) -> Held:
    """Give one that was held until such an end, which came about so long after its last packet.

    It never comes early. A busy machine is late now and then, at a login as well, and then another is held;
    an end that comes late by a fault is late each time.
    """
    for _ in range(ATTEMPTS):
        with late(time.monotonic() + seconds):
            held = hold()
            assert held.end() == end
            ended = time.monotonic()
            assert ended > held.began + seconds - EARLY
            if ended < held.since + seconds + LATE:
                return held
    raise AssertionError(f"did not come after {seconds} s, but later each time")


@contextlib.contextmanager
def late(at: float) -> Iterator[None]:
    """Let a driver fail, but not before a moment."""
    try:
        yield
    except (psycopg2.Error, pymysql.Error):
        if time.monotonic() < at - EARLY:
            raise


@ALL
@pytest.mark.parametrize("version", [4, 6])
def test_a_database_is_reached_through_the_router_only(
    site: Site, hold: Hold, name: str, version: int
) -> None:
    held = hold(name, host=host_of(site, version))
    assert held.use() == "said"
    assert site.firewall.known(PORTS[name]) >= (version == 4)
    assert site.url(name, version=version).count(f":{PORTS[name]}/")


@EITHER_REFUSAL
def test_an_idle_connection_is_forgotten(
    site: Site, hold: Hold, name: str, refusal: Refusal, end: str
) -> None:
    """Short of the timeout it lives, beyond it does not, and the server still lists it."""
    with site.firewall.idle(PORTS[name], 3, refusal):
        held = hold(name)
        held.rest(1.8)
        held.run("SELECT 1")
        held.rest(1.8)
        held.run("SELECT 1")
        held.rest(3.3)
        assert held.use(within(end)) == end
        assert len(site.databases[name].numbers()) == 1
        assert hold(name).use() == "said"


def test_an_idle_connection_over_ipv6_is_forgotten_as_well(site: Site, hold: Hold) -> None:
    with site.firewall.idle(5432, 1):
        held = hold("postgresql", host=site.host_six)
        held.rest(1.2)
        assert held.use(SILENCE) == "nothing"


def test_ports_have_timeouts_of_their_own_and_healing_ends_them(site: Site, hold: Hold) -> None:
    with site.firewall.idle(3306, 6):
        with site.firewall.idle(5432, 1):
            short, long = hold("postgresql"), hold("mariadb")
            long.rest(1.3)
            assert (short.use(SILENCE), long.use()) == ("nothing", "said")
        assert short.end() == "said"  # the query that was lost, sent again


def test_keepalive_keeps_a_connection_known(site: Site, hold: Hold) -> None:
    with site.firewall.idle(5432, 2):
        held = hold("postgresql")
        held.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        held.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        held.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        held.rest(2.5)
        assert held.use() == "said"


def test_a_new_mapping_is_reset_by_the_server(site: Site, hold: Hold) -> None:
    """The reset carries the server's time to live, less one for the router."""
    with site.firewall.remapped(5432, 1), Capture("to-client", "tcp", inside=site.router) as capture:
        held = hold("postgresql")
        held.rest(1.2)
        assert held.use() == "rst"
        (packet,) = (one for one in capture.stop() if arrivals([one], to=held.port) and one.data[33] & 4)
        assert packet.data[8] == 63


@BOTH
@pytest.mark.parametrize(("refusal", "version"), [("silent", 4), ("rst", 4), ("rst", 6)])
def test_a_firewall_that_lost_its_state(
    site: Site, hold: Hold, name: str, refusal: Refusal, version: int
) -> None:
    held, other = hold(name, host=host_of(site, version)), hold("mysql")
    with site.firewall.forgotten(PORTS[name], refusal):
        end = {"silent": "nothing", "rst": "rst"}[refusal]
        assert held.use(within(end)) == end
        assert hold(name).use() == other.use() == "said"


@pytest.mark.parametrize(
    ("ways", "held_only"),
    [(("there",), False), (("back",), False), (("there", "back"), True)],
)
def test_a_black_hole_and_its_healing(site: Site, hold: Hold, ways: tuple[Way, ...], held_only: bool) -> None:
    """One way only is as silent; with `held` a new connection passes, and else none does."""
    held = hold("postgresql")
    with site.firewall.black_hole(5432, ways, held=held_only):
        assert held.use(SILENCE) == "nothing"
        with site.client.run(socket.socket) as sock:
            sock.settimeout(PATIENCE if held_only else SILENCE)
            with contextlib.nullcontext() if held_only else pytest.raises(TimeoutError):
                sock.connect((site.host, 5432))
    assert held.end() == "said"


def test_a_masquerade_heals(site: Site, hold: Hold) -> None:
    """What was forgotten is known again as soon as the client says more."""
    with site.firewall.masqueraded(5432, 1):
        held = hold("postgresql")
        known = site.firewall.known(5432)
        wait_for(lambda: site.firewall.known(5432) < known)
        assert held.use() == "said"


def test_a_detour_makes_the_way_longer(site: Site, hold: Hold) -> None:
    """Both what was there before and what is new go over it, and the old way afterwards."""
    with detour(site) as link:
        link.set(there=Conditions(delay=0.2))
        began = time.monotonic()
        assert hold("mariadb").use() == "said"
        assert time.monotonic() - began > 0.6  # a handshake, a login and a query
    assert in_time(lambda: hold("mariadb").use(), 0.5) == "said"


def test_a_name_server_fails_to_order(site: Site) -> None:
    def ask(seconds: float = PATIENCE) -> tuple[str, set[str]]:
        names = Configured().names("db.test")
        answers = site.client.run(lambda: dns_ask(names, [SERVER], seconds, Stop()))
        (answer,) = answers
        return answer.rcode, set(answer.addresses)

    with Nameserver(site.client, site.host, site.host_six) as server:
        assert ask() == ("NOERROR", {site.host, site.host_six})
        server.answer(rcode="SERVFAIL")
        assert ask()[0] == "SERVFAIL"
        server.answer(["10.9.9.1"], ["10.9.9.2"])
        assert ask()[1] | ask()[1] == {"10.9.9.1", "10.9.9.2"}
        server.fall_silent()
        assert ask(SILENCE) == ("", set())


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_an_application_comes_and_goes(site: Site, name: str) -> None:
    with Application(site, name) as application:
        before = len(site.databases[name].numbers())
        assert application.open(3) == 3
        assert len(site.databases[name].numbers()) == before + 3
        assert application.refused() == 3
        assert application.close() == 0
        wait_for(lambda: len(site.databases[name].numbers()) == before)
        aborted = site.databases[name].aborted()
        application.open(1)
        application.vanish()
        wait_for(lambda: site.databases[name].aborted() > aborted)


def test_a_black_hole_for_everything(site: Site, hold: Hold) -> None:
    held = [hold(name) for name in PORTS]
    with site.firewall.black_hole():
        assert [one.use(SILENCE) for one in held] == ["nothing"] * 3
    assert [one.end() for one in held] == ["said"] * 3


@BOTH
def test_a_resetter_resets_both_ends_at_its_time(site: Site, hold: Hold, name: str) -> None:
    """The client hears it when it happens, and the server's session is gone as well."""

    def silent() -> float:
        """Give the seconds from the last packet but one to the reset."""
        with (
            Resetter(site.router, PORTS[name], idle=1),
            Capture("to-r1", "tcp", inside=site.client) as capture,
        ):
            held = timely(lambda: hold(name), 1, "rst")
            wait_for(lambda: not site.databases[name].numbers())
            told = arrivals(capture.stop(), to=held.port, source=PORTS[name])
        assert [one.rst for one in told][-2:] == [False, True]
        seconds = (told[-1].at - told[-2].at) / 1e9
        assert seconds > 0.8
        return seconds

    unspoilt(silent, lambda seconds: seconds < 1.2)


def test_a_resetter_counts_age_and_takes_orders(site: Site, hold: Hold) -> None:
    with Resetter(site.router, 5432, age=1.5) as resetter:
        aged(lambda: hold("postgresql", host=site.host_six), 1.5)
        resetter.set()
        held = hold("postgresql")
        assert resetter.reset() == 1
        assert held.end() == "rst"


def aged(hold: Callable[[], Held], seconds: float) -> None:
    """Use one now and then; it is reset at such an age, and never sooner.

    As in `timely`, a busy machine is late now and then, also to read what it has asked for before the reset.
    """
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        with late(began + seconds):
            held = hold()
            while (end := held.end(0.3)) == "nothing":
                held.run("SELECT 1")
            assert end == "rst"
            ended = time.monotonic()
            assert ended > began + seconds - EARLY
            if ended < began + seconds + LATE:
                return
    raise AssertionError(f"was not reset at {seconds} s, but later each time")


@pytest.mark.parametrize(
    ("name", "farewell"), [("postgresql", "rst"), ("mariadb", "fin"), ("postgresql", "mute")]
)
def test_a_balancer_ends_what_is_idle(site: Site, hold: Hold, name: str, farewell: Farewell) -> None:
    with Balancer(site, site.databases[name], idle=1, farewell=farewell) as balancer:
        if farewell == "mute":
            held = hold(name, balancer)
            held.rest(1.2)
            assert held.use(SILENCE) == "nothing"
            return
        timely(lambda: hold(name, balancer), 1, farewell)
        wait_for(lambda: not site.databases[name].numbers())


def test_a_balancer_counts_age_and_takes_orders(site: Site, hold: Hold) -> None:
    with Balancer(site, site.databases["postgresql"], age=1) as balancer:
        aged(lambda: hold("postgresql", balancer), 1)
        balancer.set()
        held = hold("postgresql", balancer)
        balancer.freeze()
        assert held.use(SILENCE) == "nothing"
        balancer.thaw()
        assert held.end() == "said"
        held = hold("postgresql", balancer)
        assert balancer.end("fin") == 2
        assert held.end() == "fin"


@pytest.mark.parametrize(("name", "side"), [("postgresql", "client"), ("mariadb", "server")])
def test_haproxy_closes_what_is_idle(site: Site, hold: Hold, name: str, side: str) -> None:
    with Haproxy(site, site.databases[name], **{side: 1}) as front:
        timely(lambda: hold(name, front), 1, "fin")


def test_pgbouncer_closes_what_is_idle_and_says_so(site: Site, hold: Hold) -> None:
    with PgBouncer(site, site.databases["postgresql"], pooling="transaction", client_idle=1) as front:
        held = timely(lambda: hold("postgresql", front), 1, "said")
        assert b"client_idle_timeout" in held.socket.recv(1000)


def test_pgbouncer_keeps_a_session_that_it_has_given_out(site: Site, hold: Hold) -> None:
    with PgBouncer(site, site.databases["postgresql"], client_idle=1) as front:
        hold("postgresql", front).rest(1.7)


def test_a_front_is_frozen_killed_and_started_again(site: Site, hold: Hold) -> None:
    with Haproxy(site, site.databases["postgresql"]) as front:
        held = hold("postgresql", front)
        with front.frozen():
            assert held.use(SILENCE) == "nothing"
        assert held.end() == "said"
        other = hold("postgresql", front)
        front.kill()
        assert other.end() == "fin"
        with pytest.raises(psycopg2.OperationalError, match="refused"):
            hold("postgresql", front)
        front.start()
        assert hold("postgresql", front).use() == "said"


LIMITS = {
    "postgresql": ("idle_session_timeout", "said"),
    "mariadb": ("wait_timeout", "rst"),
    "mysql": ("wait_timeout", "said"),
}


@ALL
def test_a_server_ends_idle_sessions(site: Site, hold: Hold, name: str) -> None:
    setting, end = LIMITS[name]
    with site.databases[name].limited(setting, 1):
        timely(lambda: hold(name), 1, end)
    hold(name).rest(1.2)


def test_postgresql_ends_idle_transactions(site: Site, hold: Hold) -> None:

    def begun() -> Held:
        held = hold("postgresql")
        held.run("BEGIN")
        return held

    with site.databases["postgresql"].limited("idle_in_transaction_session_timeout", 1):
        idle = hold("postgresql")
        timely(begun, 1, "said")
        assert idle.use() == "said"


def test_a_firewall_and_a_server_at_once(site: Site, hold: Hold) -> None:
    """The firewall forgets before the server ends the session: its words do not arrive."""
    database = site.databases["postgresql"]
    with site.firewall.idle(5432, 1), database.limited("idle_session_timeout", 2):
        held = hold("postgresql")
        wait_for(lambda: not database.numbers())
        assert time.monotonic() - held.began > 2 - EARLY
        assert held.use(SILENCE) == "nothing"


@ALL
def test_one_session_is_killed(site: Site, hold: Hold, name: str) -> None:
    held = hold(name)
    (number,) = site.databases[name].numbers()
    other = hold(name)
    site.databases[name].kill(number)
    assert held.end() in {"said", "fin"}
    assert other.use() == "said"


@BOTH
@pytest.mark.parametrize("crash", [False, True])
def test_a_restart_ends_all_sessions(site: Site, hold: Hold, name: str, crash: bool) -> None:
    held = hold(name)
    with site.down(name, crash=crash):
        assert held.end() in {"said", "fin"}
        with pytest.raises((psycopg2.OperationalError, pymysql.OperationalError), match="refused"):
            hold(name)
    assert hold(name).use() == "said"


@BOTH
def test_a_frozen_server_is_silent_and_thaws(site: Site, hold: Hold, name: str) -> None:
    held = hold(name)
    with site.frozen(name):
        assert held.use(SILENCE) == "nothing"
    assert held.end() == "said"


def test_one_backend_is_frozen(site: Site, hold: Hold) -> None:
    held = hold("postgresql")
    (number,) = site.databases["postgresql"].numbers()
    other = hold("postgresql")
    with site.frozen("postgresql", number):
        assert (held.use(SILENCE), other.use()) == ("nothing", "said")
    assert held.end() == "said"


TYPED = {
    "nat": "nat 5 rst",
    "blackhole": "blackhole back held",
    "reset": "reset 5",
    "balancer": "balancer 5 fin",
    "haproxy": "haproxy 5",
    "pgbouncer": "pgbouncer 5 transaction",
    "limit": "limit idle_session_timeout 5",
    "on": "on postgresql",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_obeyed(site: Site, hold: Hold, command: str) -> None:
    """Nothing holds any more when the menu is closed."""
    held, port = hold("postgresql"), site.databases["postgresql"].port
    before = site.router.command("nft", "list", "ruleset")
    with contextlib.closing(Menu(site)) as menu:
        said = menu.obey(TYPED.get(command, command))
        assert f"{command} {COMMANDS[command][0]}:" not in said
        assert "There is no" in menu.obey("nonsense")
        assert "nat SECONDS" in menu.obey("nat soon")
    assert site.router.command("nft", "list", "ruleset") == before
    assert held.port != port


def test_mistyped_commands_are_said_to_be_so(site: Site) -> None:
    """Nor does a frozen database hold up whoever types."""
    with contextlib.closing(Menu(site)) as menu:
        assert "nonsense" in menu.obey("limit nonsense 5")
        assert "sideways" in menu.obey("blackhole sideways")
        menu.obey("on mariadb")
        assert "PostgreSQL only" in menu.obey("pgbouncer 5")
        menu.obey("freeze")
        assert "heal it first" in menu.obey("kill")
        assert "sessions: frozen" in menu.obey("status")
        assert "faults: none" in menu.obey("heal")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_lab_by_hand_leaves_nothing_behind(number: signal.Signals) -> None:
    """Whether it is asked to end or killed: no process, and so no network, and no file."""
    directory = Path(tempfile.mkdtemp(prefix="conndrop-lab-"))
    directory.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "postgresql"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(directory)},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    said = b""
    while not said.endswith(b"> "):
        said += process.stdout.read(1)
    assert b"nsenter --net=/proc/" in said
    process.stdin.write(b"balancer 5\nhaproxy 5\nfreeze\n")
    process.stdin.flush()
    while said.count(b"> ") < 4:
        said += process.stdout.read(1)
    started = family(process.pid)
    assert len(started) > 8
    process.send_signal(number)
    assert process.wait(PATIENCE) == (-number if number == signal.SIGKILL else 0)
    process.stdin.close()
    process.stdout.close()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
    directory.rmdir()
