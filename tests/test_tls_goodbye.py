"""A server that counts broken connections, and blocks the hosts they come from: we are never among them."""

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conftest import SERVERS, started
from tests.networks import in_own_network, needs_namespaces, run_inside
from tests.probing import handshake, tls_probe, verdict
from tests.servers import Certificates, Database
from tests.servers.mysql import MysqlFamily
from tests.waiting import wait_for

pytestmark = needs_namespaces

T = TypeVar("T")
ADDRESS = "10.77.0.1"
"""An address that is none of loopback's: those are never blocked."""
NAME = "application.test"
RUNS = 30
CLONE_NEWNS = 0x20000


@pytest.fixture(params=["mariadb", "mysql"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextlib.contextmanager
def counting(kind: str, certificates: Certificates, most: int, *options: str) -> Iterator[Database]:
    """Start a server that resolves names and blocks a host at its `most`-th broken connection."""
    server = started(SERVERS[kind], certificates)
    assert isinstance(server, MysqlFamily)
    given = server.options
    unwanted = ("--skip-name-resolve", "--bind-address")
    kept = [option for option in given() if not option.startswith(unwanted)]
    server.options = lambda: [*kept, "--bind-address=*", f"--max-connect-errors={most}", *options]  # type: ignore[method-assign]
    with server:
        server.admin(f"CREATE USER somebody@'{NAME}'")
        yield server


def in_the_network(what: Callable[[], T], hosts: Path, seconds: float = 60.0) -> T:
    """Run `what` where the address has a name, as far as anybody in there can tell."""
    hosts.write_text(f"127.0.0.1 localhost\n::1 localhost\n{ADDRESS} {NAME}\n")

    def inside() -> T:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        run_inside("mount", "--make-rprivate", "/")
        run_inside("mount", "--bind", str(hosts), "/etc/hosts")
        run_inside("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
        return what()

    return in_own_network(inside, seconds=seconds)


def counted(database: Database) -> tuple[int, int]:
    """Errors that count toward the blocking of our host, and times it was blocked, as the server has them."""
    columns = "sum(sum_connect_errors), sum(count_host_blocked_errors)"
    ((errors, blocked),) = database.admin(f"SELECT {columns} FROM performance_schema.host_cache")
    return int(str(errors or 0)), int(str(blocked or 0))


def known(database: Database) -> bool:
    return database.admin(
        "SELECT count(*) FROM performance_schema.host_cache WHERE host_validated = 'YES'"
    ) == [(1,)]


WAYS: dict[str, tuple[str, Callable[[Database], Mapping[str, str]], tuple[str, str] | None]] = {
    "good": ("good", lambda database: database.verified(), None),
    "expired": ("expiring", lambda database: database.verified(), ("tls", "tls.certificate")),
    "other name": ("other_name", lambda database: database.verified(), ("tls", "tls.certificate")),
    "unknown authority": ("good", lambda _: {"ssl_mode": "verify_identity"}, ("tls", "tls.certificate")),
    "nothing demanded": ("good", lambda _: {}, None),
}


def url(database: Database, params: Mapping[str, str]) -> str:
    return database.url(params, host="localhost")


@pytest.mark.parametrize("most", [3, 10])
def test_thirty_runs_leave_the_host_unblocked(
    family: str, certificates: Certificates, tmp_path: Path, most: int
) -> None:
    """Whatever the certificate is worth."""

    def inside() -> None:
        with counting(family, certificates, most) as database:
            for kind, params, expected in WAYS.values():
                with database.certificate_of(kind):
                    probe = tls_probe(url(database, params(database)), answers=[ADDRESS])
                    for _ in range(RUNS):
                        assert verdict(probe.run()[0]) == expected
                assert known(database)
                assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


def test_a_server_without_tls(family: str, certificates: Certificates, tmp_path: Path) -> None:
    """The same goodbye, in plain; with a URL that requires TLS it is a failure, as for a session."""
    option = "--skip-ssl" if family == "mariadb" else "--tls-version="

    def inside() -> None:
        with counting(family, certificates, 3, option) as database:
            for params, expected in (({}, None), ({"ssl_mode": "required"}, ("tls", "auth.not_allowed"))):
                probe = tls_probe(url(database, params), answers=[ADDRESS])
                for _ in range(RUNS):
                    (seen,) = probe.run()
                    assert verdict(seen) == expected
                    assert (seen.handshake, seen.version, seen.verified) == (None, "", False)
            assert known(database)
            assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


def test_a_way_to_log_in_that_wants_an_answer_of_its_length(
    certificates: Certificates, tmp_path: Path
) -> None:
    """MariaDB asks a user that is not there for what one of its accounts would have to answer."""

    def inside() -> None:
        with counting("mariadb", certificates, 3) as database:
            database.admin("INSTALL SONAME 'auth_ed25519'")
            for number in range(40):
                database.admin(f"CREATE USER e{number}@localhost IDENTIFIED VIA ed25519 USING PASSWORD('x')")
            probe = tls_probe(url(database, {}), answers=[ADDRESS])
            for _ in range(RUNS):
                assert verdict(probe.run()[0]) is None
            assert known(database)
            assert counted(database) == (0, 0)

    in_the_network(inside, tmp_path / "hosts")


def test_an_account_for_everybody(certificates: Certificates, tmp_path: Path) -> None:
    """Where anybody is let in, we leave as one does who is in."""

    def inside() -> None:
        with counting("mariadb", certificates, 3) as database:
            database.admin("CREATE USER ''@'%'")
            before = database.aborted()
            for _ in range(RUNS):
                assert verdict(handshake(url(database, {}), answers=[ADDRESS])) is None
            assert database.aborted() == before

    in_the_network(inside, tmp_path / "hosts")


def test_a_handshake_that_fails_is_not_tried_again_soon(
    family: str, certificates: Certificates, tmp_path: Path
) -> None:
    """It cannot but be counted: so the host would be blocked by as many runs as the server allows errors."""
    only_old = ["--tls-version=TLSv1.2"]
    params = {"ssl_mode": "required"}

    def inside() -> None:
        with counting(
            family, certificates, 3, *only_old, "--ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384"
        ) as database:
            probe = tls_probe(url(database, params), answers=[ADDRESS])
            assert verdict(probe.run()[0]) == ("tls", "tls.handshake")
            for _ in range(RUNS):
                assert probe.run() == ()
            wait_for(lambda: counted(database) == (1, 0))  # it says what is wrong before it counts it
            for _ in range(2):
                assert verdict(handshake(url(database, params), answers=[ADDRESS])) == (
                    "tls",
                    "tls.handshake",
                )
            wait_for(lambda: counted(database) == (3, 0))
            blocked = handshake(url(database, params), answers=[ADDRESS])
            assert verdict(blocked) == ("auth", "server.host_blocked")
            assert blocked.failure
            assert blocked.failure.code == "1129"

    in_the_network(inside, tmp_path / "hosts")
