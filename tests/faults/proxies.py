"""Proxies and poolers that end what is idle, are full, begin anew, or have nothing behind them."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final

from exporter.model import Cause
from tests.faults.attempt import LADDER
from tests.faults.crowd import at_work, crowd, ours
from tests.faults.mishaps import down
from tests.faults.preparing import haproxy, pgbouncer, probing
from tests.faults.scenario import Place, Scenario
from tests.lab.fronts import Front
from tests.waiting import running

POSTGRESQL: Final = ("postgresql",)
IDLE: Final = 5
"""Seconds."""
AWAY: Final = 1.5
PATIENCE: Final = 30.0
MOST: Final = 20
"""Connections that a proxy takes."""
USUAL: Final = {"interval": "5s", "timeout": "5s"}
PATIENT: Final[Mapping[str, Any]] = {"session": USUAL, "server": USUAL}
"""What outlasts the three seconds for which a proxy lets it wait, as the usual timeouts do."""


def crowded(place: Place) -> AbstractContextManager[None]:
    """Have others take every connection that the proxy has."""
    return crowd(place, partial(ours, place, place.notes["front"]))


def occupied(place: Place) -> AbstractContextManager[None]:
    """Have others keep every connection that the pooler has to its server."""
    return crowd(place, partial(at_work, place, place.notes["front"]))


@contextlib.contextmanager
def restarted(place: Place) -> Iterator[None]:
    """Kill what stands before the server and start it again, beside the block."""
    front: Front = place.notes["front"]

    def restart() -> None:
        front.kill()
        time.sleep(AWAY)
        front.start()

    with running(restart) as done:
        yield
        done.result(PATIENCE)


@contextlib.contextmanager
def cut_off(place: Place) -> Iterator[None]:
    """Drop whatever the proxy sends to the server."""
    table, server = f"cut_off_{place.name}", place.site.server
    server.nft(
        f"add table inet {table}",
        f"add chain inet {table} rules {{ type filter hook input priority 0; }}",
        f"add rule inet {table} rules tcp dport {place.port} drop",
    )
    try:
        yield
    finally:
        server.nft(f"delete table inet {table}")


SCENARIOS: Final = (
    Scenario(
        name="haproxy ends idle clients",
        expected=Cause.PROXY_IDLE_TIMEOUT,
        prepare=probing(haproxy(client=IDLE), idle=LADDER),
        bring=nullcontext,
        timeout=IDLE,
    ),
    Scenario(
        name="haproxy ends idle servers",
        expected=Cause.PROXY_IDLE_TIMEOUT,
        prepare=probing(haproxy(server=IDLE), idle=LADDER),
        bring=nullcontext,
        timeout=IDLE,
    ),
    Scenario(
        name="pgbouncer ends idle clients",
        expected=Cause.PROXY_IDLE_TIMEOUT,
        databases=POSTGRESQL,
        prepare=probing(pgbouncer(pooling="transaction", client_idle=IDLE), idle=LADDER),
        bring=nullcontext,
        timeout=IDLE,
    ),
    Scenario(
        name="server down behind haproxy",
        expected=Cause.PROXY_BACKEND_UNAVAILABLE,
        prepare=probing(haproxy(), **PATIENT),
        bring=down,
    ),
    Scenario(
        name="server unreachable behind haproxy",
        expected=Cause.PROXY_BACKEND_UNAVAILABLE,
        prepare=probing(haproxy(connect=0.5), **PATIENT),
        bring=cut_off,
    ),
    Scenario(
        name="server down behind pgbouncer",
        expected=Cause.PROXY_BACKEND_UNAVAILABLE,
        databases=POSTGRESQL,
        prepare=pgbouncer(),
        bring=down,
    ),
    Scenario(
        name="server unreachable behind pgbouncer",
        expected=Cause.PROXY_BACKEND_UNAVAILABLE,
        databases=POSTGRESQL,
        prepare=pgbouncer(),
        bring=cut_off,
    ),
    Scenario(
        name="haproxy has a queue",
        expected=Cause.PROXY_SATURATED,
        prepare=probing(haproxy(most=MOST), **PATIENT),
        bring=crowded,
    ),
    Scenario(
        name="pgbouncer has too many clients",
        expected=Cause.PROXY_SATURATED,
        databases=POSTGRESQL,
        prepare=pgbouncer(f"max_client_conn={MOST}", "default_pool_size=100"),
        bring=crowded,
    ),
    Scenario(
        name="pgbouncer has too small a pool",
        expected=Cause.PROXY_SATURATED,
        databases=POSTGRESQL,
        prepare=probing(
            pgbouncer("default_pool_size=3", "query_wait_timeout=3", pooling="transaction"), **PATIENT
        ),
        bring=occupied,
    ),
    Scenario(
        name="haproxy restarts",
        expected=Cause.PROXY_RESTARTED,
        prepare=haproxy(),
        bring=restarted,
    ),
    Scenario(
        name="pgbouncer restarts",
        expected=Cause.PROXY_RESTARTED,
        databases=POSTGRESQL,
        prepare=pgbouncer(),
        bring=restarted,
    ),
)
