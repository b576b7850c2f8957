"""Servers that are full, shut, busy or out of space, and what they end because it is idle."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from exporter.model import Cause
from tests.faults.attempt import LADDER
from tests.faults.cases import LIMITS
from tests.faults.mishaps import database_of
from tests.faults.obstacles import altered, blocked, crowded, filled, full, locked
from tests.faults.preparing import haproxy, probing, resolving, starting_with, stocked, tiny, told
from tests.faults.scenario import ALL, Place, Scenario, straight

POSTGRESQL: Final = ("postgresql",)
MARIADB: Final = ("mariadb",)
MYSQL: Final = ("mysql",)
IDLE: Final = 5
"""Seconds."""
OURS: Final = 30
"""Connections that the account may have."""
RELOAD: Final = "SELECT pg_reload_conf()"


def ending_idle(place: Place) -> AbstractContextManager[None]:
    """Let the server end sessions that begin in the block once they are idle."""
    return database_of(place).limited(LIMITS[place.name], IDLE)


SCENARIOS: Final = (
    Scenario(
        name="full",
        expected=Cause.SERVER_SATURATED,
        databases=ALL,
        prepare=straight,
        bring=full,
    ),
    Scenario(
        name="limit of the role",
        expected=Cause.SERVER_ACCOUNT_LIMIT,
        databases=POSTGRESQL,
        prepare=partial(
            told,
            by=(f"ALTER ROLE probe CONNECTION LIMIT {OURS}",),
            undone=("ALTER ROLE probe CONNECTION LIMIT -1",),
        ),
        bring=crowded,
    ),
    Scenario(
        name="limit of the database",
        expected=Cause.SERVER_ACCOUNT_LIMIT,
        databases=POSTGRESQL,
        prepare=partial(
            told,
            by=(f"ALTER DATABASE shop CONNECTION LIMIT {OURS}",),
            undone=("ALTER DATABASE shop CONNECTION LIMIT -1",),
        ),
        bring=crowded,
    ),
    Scenario(
        name="limit of the account",
        expected=Cause.SERVER_ACCOUNT_LIMIT,
        databases=("mariadb", "mysql"),
        prepare=partial(
            told,
            by=(f"ALTER USER probe@'%' WITH MAX_USER_CONNECTIONS {OURS}",),
            undone=("ALTER USER probe@'%' WITH MAX_USER_CONNECTIONS 0",),
        ),
        bring=crowded,
    ),
    Scenario(
        name="limit of all accounts",
        expected=Cause.SERVER_ACCOUNT_LIMIT,
        databases=MARIADB,
        prepare=partial(starting_with, max_user_connections=f"{OURS}"),
        bring=crowded,
    ),
    Scenario(
        name="host blocked",
        expected=Cause.SERVER_HOST_BLOCKED,
        databases=MARIADB,
        prepare=partial(resolving, known=True),
        bring=blocked,
    ),
    Scenario(
        name="host blocked by MySQL",
        expected=Cause.SERVER_HOST_BLOCKED,
        databases=MYSQL,
        prepare=partial(resolving, known=True),
        bring=blocked,
    ),
    Scenario(
        name="idle timeout",
        expected=Cause.SERVER_IDLE_TIMEOUT,
        databases=ALL,
        prepare=probing(idle=LADDER),
        bring=ending_idle,
        timeout=IDLE,
    ),
    Scenario(
        name="idle timeout behind a proxy",
        expected=Cause.SERVER_IDLE_TIMEOUT,
        prepare=probing(haproxy(), idle=LADDER),
        bring=ending_idle,
        timeout=IDLE,
    ),
    Scenario(
        name="read-only",
        expected=Cause.SERVER_READ_ONLY,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER SYSTEM SET default_transaction_read_only = on", RELOAD),
            undone=("ALTER SYSTEM RESET default_transaction_read_only", RELOAD),
        ),
    ),
    Scenario(
        name="read-only",
        expected=Cause.SERVER_READ_ONLY,
        databases=("mariadb", "mysql"),
        prepare=straight,
        bring=partial(altered, by=("SET GLOBAL read_only = 1",), undone=("SET GLOBAL read_only = 0",)),
    ),
    Scenario(
        name="table locked",
        expected=Cause.SERVER_SLOW_QUERY,
        prepare=stocked,
        bring=locked,
    ),
    Scenario(
        name="out of space",
        expected=Cause.SERVER_RESOURCE,
        prepare=tiny,
        bring=filled,
    ),
)
