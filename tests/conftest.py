"""What the tests share: one set of real servers for the whole run."""

import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.lab.site import Site
from tests.probing import STOPS
from tests.servers import Certificates, Database, MariaDb, MySql, Place, Postgres, Postgres18, ServerMissing
from tests.servers.database import LOOPBACK

HERE: Final = Path(__file__).parent
LONG: Final = (
    "test_sentinel.py",
    "dashboards/test_queries.py",
    "test_idle.py",
    "examination/test_silence.py",
    "examination/test_healthy.py",
    "test_daemon.py",
    "paging/test_quiet.py",
    "demo/test_demo.py",
    "terminal/test_pane.py",
    "terminal/test_commands.py",
    "terminal/test_path_live.py",
    "db/test_footprint.py",
    "test_faults.py",
    "test_web_prometheus.py",
    "vantages/test_verdicts.py",
    "test_remote_storage.py",
    "service/test_getting_started.py",
    "test_reload.py",
    "browser/test_pages.py",
    "test_named.py",
    "alerts/test_rules.py",
    "paging/test_page.py",
    "test_server.py",
    "test_bench.py",
    "test_wire.py",
    "test_tls_goodbye.py",
    "paging/test_messages.py",
    "test_mtu.py",
    "test_local_network.py",
)
"""Files that take more than half a minute, the longest first."""
SERVERS: dict[str, type[Database]] = {"postgresql": Postgres, "mariadb": MariaDb, "mysql": MySql}


def pytest_configure() -> None:
    """Have what tests begin heed signals: what is ignored here, as under `nohup`, is ignored there, too."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, lambda *_: None)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: begun last, it would be waited for alone."""
    places = {HERE / name: number for number, name in enumerate(LONG)}
    assert all(file.exists() for file in places), "a long file has another name now"
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(autouse=True)
def end_of_all_tools() -> Iterator[None]:
    yield
    while STOPS:
        STOPS.pop().throw()


@pytest.fixture(scope="session", autouse=True)
def no_state_of_a_person() -> Iterator[None]:
    """Keep what a daemon learns in a test from whoever runs the tests, and the other way round."""
    with tempfile.TemporaryDirectory(prefix="conndrop-state-") as directory:
        os.environ["XDG_STATE_HOME"] = directory
        os.environ.pop("STATE_DIRECTORY", None)
        yield


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    directory = Path(tempfile.mkdtemp(prefix="conndrop-certificates-"))
    directory.chmod(0o755)  # the servers run as somebody else
    yield Certificates(directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def servers(certificates: Certificates) -> Iterator[Callable[[str], Database]]:
    """Give a server by its name; it is started when it is wanted first, and stays to the end."""
    with ExitStack() as stack:
        yield functools.cache(lambda name: stack.enter_context(started(SERVERS[name], certificates)))


@pytest.fixture(scope="session", params=SERVERS)
def database(request: pytest.FixtureRequest, servers: Callable[[str], Database]) -> Database:
    """Each of the databases in turn."""
    return servers(request.param)


@pytest.fixture(scope="session")
def postgres(certificates: Certificates) -> Iterator[Postgres]:
    """Start a PostgreSQL beside the one of `database`, for tests that need this one only."""
    server = started(Postgres, certificates)
    assert isinstance(server, Postgres)
    with server:
        yield server


@pytest.fixture(scope="session")
def postgres18(certificates: Certificates) -> Iterator[Postgres18]:
    """Start a PostgreSQL 18, which knows more than the one that is installed."""
    server = started(Postgres18, certificates)
    assert isinstance(server, Postgres18)
    with server:
        yield server


@pytest.fixture(scope="session")
def site(certificates: Certificates) -> Iterator[Site]:
    """Build a client, a router, and a server with each of the databases on it."""
    try:
        made = Site(certificates, *SERVERS.values())
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    with made:
        yield made


def started(kind: type[Database], certificates: Certificates, place: Place = LOOPBACK) -> Database:
    """Make a server of `kind`; skip the test where it is not installed, but never so in CI."""
    try:
        return kind(certificates, place)
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """What signals do is as before after each test: a command run in this process may have changed it."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)
