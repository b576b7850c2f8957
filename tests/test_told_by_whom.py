"""Which server tells what: what the document says, against what real servers make us publish."""

import re
import time
from pathlib import Path
from typing import Final

from exporter.db.dialect import Session
from exporter.exposition.families import Families
from exporter.exposition.server import ServerMetrics
from exporter.model import ServerObservation
from exporter.probes.acquaintance import Acquaintance
from tests.db.holding import talking
from tests.db.test_console import url
from tests.db.viewing import seen
from tests.lab.fronts import PgBouncer
from tests.networks import needs_faults
from tests.scraping import samples_in
from tests.servers import Database, Postgres, Postgres18
from tests.servers.database import free_port

DOCUMENT: Final = (Path(__file__).parents[1] / "docs" / "server-series.md").read_text()
ROW: Final = re.compile(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|", flags=re.MULTILINE)
COLUMNS: Final = ("postgresql", "mysql", "mariadb", "pgbouncer")
SOMETIMES: Final = {"server_replication_lag_seconds", "server_host_connect_errors", "server_hosts_blocked"}
OURS: Final = re.compile(r"server_(own|look|looks|missing|restarts|identity|client)_")


def documented(column: str) -> set[str]:
    """Give the series that are always there."""
    place = COLUMNS.index(column) + 1
    return {row[1] for row in ROW.finditer(DOCUMENT) if row[place + 1].strip() == "●"}


def published(session: Session) -> set[str]:
    """Give the series of the server's, without those about ourselves."""
    families = Families()
    meeting = Acquaintance().meet(seen(session))
    look = ServerObservation(
        target="orders", probe="server", started=time.time(), duration=0.1, failure=None,
        view=meeting.view, counters=meeting.counters,
    )  # fmt: skip
    ServerMetrics(families).record(look)
    page = b"".join(families.render(openmetrics=False)).decode()
    names = {name.removeprefix("conndrop_") for name, _ in samples_in(page)}
    return {name for name in names if re.match("server|pooler", name) and not OURS.match(name + "_")}


def test_every_series_is_there_where_the_document_says(database: Database) -> None:
    with talking(database.url()) as session:
        assert published(session) - SOMETIMES == documented(database.name)


def test_the_newest_postgresql_tells_the_same(postgres18: Postgres18) -> None:
    with talking(postgres18.url()) as session:
        assert published(session) == documented("postgresql")


@needs_faults
def test_the_console_of_a_pooler_tells_of_it(postgres: Postgres) -> None:
    with PgBouncer(None, postgres, port=free_port(), pooling="transaction", settings=()) as front:
        with talking(url(front, database="shop")):
            pass
        with talking(url(front)) as session:
            assert published(session) == documented("pgbouncer")
