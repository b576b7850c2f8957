"""Servers that end, begin anew, stand still or move; and what they end of ours."""

import signal
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final

from exporter.model import Cause
from tests.faults.mishaps import (
    crashed_inside,
    down,
    frozen,
    frozen_session,
    killed,
    name_server_silent,
    restarted,
    starting,
)
from tests.faults.preparing import beside, marked, resolving
from tests.faults.scenario import ALL, Place, Scenario, straight

POSTGRESQL: Final = ("postgresql",)
MARIADB: Final = ("mariadb",)


def moved(place: Place) -> AbstractContextManager[Any]:
    """Lead the address of the server to the other one that `beside` has started."""
    return place.site.firewall.moved(place.port, place.notes["other"])


SCENARIOS: Final = (
    Scenario(
        name="restart in good order",
        expected=Cause.SERVER_RESTART,
        databases=ALL,
        prepare=straight,
        bring=restarted,
    ),
    Scenario(
        name="crash and restart",
        expected=Cause.SERVER_RESTART,
        prepare=straight,
        bring=partial(restarted, crash=True),
    ),
    Scenario(
        name="immediate shutdown and restart",
        expected=Cause.SERVER_RESTART,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(restarted, by=signal.SIGQUIT),
    ),
    Scenario(
        name="crash of one process",
        expected=Cause.SERVER_RESTART,
        databases=POSTGRESQL,
        prepare=straight,
        bring=crashed_inside,
    ),
    Scenario(
        name="slow start",
        expected=Cause.SERVER_RESTART,
        databases=POSTGRESQL,
        prepare=straight,
        bring=starting,
    ),
    Scenario(
        name="stopped",
        expected=Cause.SERVER_DOWN,
        databases=ALL,
        prepare=straight,
        bring=down,
    ),
    Scenario(
        name="one session killed",
        expected=Cause.SERVER_SESSION_KILLED,
        prepare=marked,
        bring=killed,
    ),
    Scenario(
        name="all sessions killed",
        expected=Cause.SERVER_SESSION_KILLED,
        prepare=straight,
        bring=partial(killed, everyone=True),
    ),
    Scenario(
        name="frozen",
        expected=Cause.SERVER_UNRESPONSIVE,
        databases=ALL,
        prepare=straight,
        bring=frozen,
    ),
    Scenario(
        name="frozen to new clients",
        expected=Cause.SERVER_UNRESPONSIVE,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(frozen, alone=True),
    ),
    Scenario(
        name="one session frozen",
        expected=Cause.SERVER_UNRESPONSIVE,
        databases=POSTGRESQL,
        prepare=marked,
        bring=frozen_session,
    ),
    Scenario(
        name="waits for a silent name server",
        expected=Cause.SERVER_UNRESPONSIVE,
        databases=POSTGRESQL,
        prepare=resolving,
        bring=name_server_silent,
    ),
    Scenario(
        name="waits for a silent name server",
        expected=Cause.SERVER_UNRESPONSIVE,
        databases=MARIADB,
        prepare=resolving,
        bring=name_server_silent,
    ),
    Scenario(
        name="address moved to another server",
        expected=Cause.FAILOVER_ENDPOINT_CHANGED,
        prepare=beside,
        bring=moved,
    ),
)
