"""Our series under the names of other exporters, beside those exporters, at the same servers."""

import contextlib
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

import pytest

from exporter.alerts.compat.postgres_exporter import OWN
from exporter.db.dialect import Session
from exporter.exposition.compatible import CompatibleMetrics
from exporter.exposition.families import Families
from exporter.model import ProbeError
from tests.alerts import foreign
from tests.db.holding import SECONDS, opened, talking
from tests.scraping import Samples, samples_in
from tests.servers import Database, Postgres
from tests.servers.database import PASSWORD, USER, free_port
from tests.waiting import wait_for

AT_WORK: Final = {
    "mysql_global_status_threads_cached": 2,
    "mysql_global_status_threads_connected": 1,
    "mysql_global_status_threads_running": 2,
    "pg_stat_activity_count": 1,
    "pg_stat_activity_max_tx_duration": 5,
}
"""How far these may be apart: each of us sees itself at work."""
LATER: Final = {
    "pg_postmaster_start_time_seconds",
    "pg_roles_connection_limit",
    "pg_database_connection_limit",
}
"""What only later versions of postgres_exporter have."""


class Peer:
    """The other exporter, looking at a server as the same account."""

    def __init__(self, database: Database) -> None:
        postgres = isinstance(database, Postgres)
        name = "prometheus-postgres-exporter" if postgres else "prometheus-mysqld-exporter"
        program = shutil.which(name)
        if program is None:
            if os.environ.get("CI"):
                raise FileNotFoundError(name)
            pytest.skip(f"{name} is not installed: it comes with the package of that name")
        source = f"{USER}:{PASSWORD}@(127.0.0.1:{database.port})/"
        url = database.url({"sslmode": "disable"}) if postgres else source
        port = free_port()
        self._address = f"http://127.0.0.1:{port}/metrics"
        self.process = subprocess.Popen(
            [program, f"--web.listen-address=127.0.0.1:{port}"],
            env={**os.environ, "DATA_SOURCE_NAME": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def page(self) -> str:
        """Scrape it; empty while it does not listen yet."""
        assert self.process.poll() is None
        try:
            with urllib.request.urlopen(self._address, timeout=SECONDS) as answer:  # noqa: S310  loopback
                return str(answer.read().decode())
        except urllib.error.URLError:
            return ""


@contextlib.contextmanager
def looking(database: Database) -> Iterator[Peer]:
    """Run the other exporter, until it answers."""
    found = Peer(database)
    try:
        wait_for(found.page)
        yield found
    finally:
        found.process.terminate()
        found.process.wait(SECONDS)


@pytest.fixture
def peer(database: Database) -> Iterator[Peer]:
    with looking(database) as found:
        yield found


def look(session: Session) -> str:
    """Look at the server, and give what is scraped of us then."""
    session.renew(SECONDS)
    families = Families()
    view = session.view(tables=True)
    dialect = "postgresql" if "pg_settings" in view.tables else "mysql"
    CompatibleMetrics(families).record("orders", dialect, view)
    return b"".join(families.render(openmetrics=False)).decode()


def theirs(page: str) -> Samples:
    """Give samples without the label that says whose they are."""
    return {
        (name, frozenset((key, text) for key, text in labels if key not in ("server", "target"))): value
        for (name, labels), value in samples_in(page).items()
    }


def types(page: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)$", page))


@contextlib.contextmanager
def events(database: Database) -> Iterator[None]:
    """Let there be something to tell: a login that is refused, a session that is killed, one that stays."""
    with contextlib.suppress(ProbeError):
        opened(database.url(password="wrong")).close()
    with talking(database.url()):
        doomed = opened(database.url())
        database.kill(doomed.number)
        doomed.abandon()
        yield


def test_values_are_those_of_the_other_exporter(database: Database, peer: Peer) -> None:
    """Each figure of theirs lies between that of a look of ours before, and that of a look after."""
    with events(database), talking(database.url()) as session:
        pages = [look(session), peer.page(), look(session)]
    before, between, after = map(theirs, pages)
    shared = {key for key in before if key[0] not in LATER}
    assert len(shared) > 80
    assert shared <= between.keys()
    for key in shared:
        least, most = sorted((before[key], after[key]))
        slack = AT_WORK.get(key[0], 0)
        assert least - slack <= between[key] <= most + slack, key


def test_series_are_those_of_the_other_exporter(database: Database, peer: Peer) -> None:
    """Of every family that we have we have all series, with their type."""
    with talking(database.url()) as session:
        ours, other = look(session), peer.page()
    mine, those = types(ours), types(other)
    shared = mine.keys() & those.keys()
    assert mine.keys() - those.keys() <= LATER
    assert {name: mine[name] for name in shared} == {name: those[name] for name in shared}
    labelled = {key for key in theirs(other) if key[0] in shared}
    assert labelled == {key for key in theirs(ours) if key[0] in shared}


def test_the_other_exporter_has_what_our_rules_on_it_ask_for(database: Database, peer: Peer) -> None:
    """Of Debian's version; what only later ones have is listed as such."""
    name = "postgres" if isinstance(database, Postgres) else "mysqld"
    has = {series for series, _ in samples_in(peer.page())}
    asked = foreign.FOREIGN[f"compat/{name}_exporter.yml"]
    assert asked - foreign.LATER - has == set()


def test_connections_and_settings_of_the_other_exporter_match(postgres: Postgres) -> None:
    """What the rules add up and what they divide by must have the same labels in the end."""
    with looking(postgres) as peer:
        samples = samples_in(peer.page())
    labels = {name: {key for key, _ in found} for name, found in samples}
    assert labels["pg_stat_activity_count"] - set(OWN.split(", ")) == labels["pg_settings_max_connections"]
