"""Servers that do not let us in any more: accounts, rules, certificates, and TLS itself."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final

from exporter.model import Cause
from tests.faults.mishaps import database_of
from tests.faults.obstacles import altered, ruled
from tests.faults.preparing import encrypting, verifying
from tests.faults.scenario import ALL, Place, Scenario, straight
from tests.servers.database import PASSWORD, USER
from tests.servers.postgres import OPEN

POSTGRESQL: Final = ("postgresql",)
MARIADB: Final = ("mariadb",)
FAMILY: Final = ("mariadb", "mysql")
RELOAD: Final = "SELECT pg_reload_conf()"
CLIENT_HELLO: Final = "@ih,0,16 0x1603"
"""How the payload of the first TLS records begins, and none of those that carry data."""
ELSEWHERE: Final = "192.0.2.1"
ACCOUNTS: Final = (USER, "encrypted")
"""Who may come from everywhere."""
FLUSH: Final = "FLUSH PRIVILEGES"
"""Without it, a server that once let everybody come to the login goes on to do so."""
NO_TLS_BEYOND: Final = (
    "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1'",
    "ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.1'",
    RELOAD,
)
ANY_TLS: Final = (
    "ALTER SYSTEM RESET ssl_min_protocol_version",
    "ALTER SYSTEM RESET ssl_max_protocol_version",
    RELOAD,
)


@contextmanager
def certificate(place: Place, *, kind: str) -> Iterator[None]:
    """Let the server show another certificate than the one that `verifying` has given it."""
    database = database_of(place)
    with database.certificate_of(kind):
        yield
    database.write_certificate("lab")
    database.reload_certificate()


def swallowed(place: Place) -> AbstractContextManager[Any]:
    """Let something on the way drop what begins a TLS handshake, and nothing else."""
    return place.site.firewall.filtering(f"tcp dport {place.port} {CLIENT_HELLO} drop")


SCENARIOS: Final = (
    Scenario(
        name="password changed",
        expected=Cause.AUTH_CREDENTIALS,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER ROLE probe PASSWORD 'another'",),
            undone=(f"ALTER ROLE probe PASSWORD '{PASSWORD}'",),
        ),
    ),
    Scenario(
        name="password changed",
        expected=Cause.AUTH_CREDENTIALS,
        databases=FAMILY,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER USER probe@'%' IDENTIFIED BY 'another'",),
            undone=(f"ALTER USER probe@'%' IDENTIFIED BY '{PASSWORD}'",),
        ),
    ),
    Scenario(
        name="password no longer valid",
        expected=Cause.AUTH_CREDENTIALS,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER ROLE probe VALID UNTIL '2000-01-01'",),
            undone=("ALTER ROLE probe VALID UNTIL 'infinity'",),
        ),
    ),
    Scenario(
        name="account locked",
        expected=Cause.AUTH_CREDENTIALS,
        databases=FAMILY,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER USER probe@'%' ACCOUNT LOCK",),
            undone=("ALTER USER probe@'%' ACCOUNT UNLOCK",),
        ),
    ),
    Scenario(
        name="password expired",
        expected=Cause.AUTH_CREDENTIALS,
        databases=MARIADB,
        prepare=straight,
        bring=partial(
            altered,
            by=(
                "SET GLOBAL disconnect_on_expired_password = 1",
                "ALTER USER probe@'%' PASSWORD EXPIRE",
            ),
            undone=(
                f"ALTER USER probe@'%' IDENTIFIED BY '{PASSWORD}'",
                "SET GLOBAL disconnect_on_expired_password = 0",
            ),
        ),
    ),
    Scenario(
        name="rejected by a rule",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(ruled, rule=OPEN.replace("scram-sha-256", "reject")),
    ),
    Scenario(
        name="no rule for the host",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(ruled, rule=""),
    ),
    Scenario(
        name="TLS only",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(ruled, rule=OPEN.replace("host ", "hostssl ", 1)),
    ),
    Scenario(
        name="TLS only",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=FAMILY,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER USER probe@'%' REQUIRE SSL",),
            undone=("ALTER USER probe@'%' REQUIRE NONE",),
        ),
    ),
    Scenario(
        name="may not log in",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(altered, by=("ALTER ROLE probe NOLOGIN",), undone=("ALTER ROLE probe LOGIN",)),
    ),
    Scenario(
        name="host not allowed",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=FAMILY,
        prepare=straight,
        bring=partial(
            altered,
            by=(*(f"RENAME USER {user}@'%' TO {user}@'{ELSEWHERE}'" for user in ACCOUNTS), FLUSH),
            undone=(*(f"RENAME USER {user}@'{ELSEWHERE}' TO {user}@'%'" for user in ACCOUNTS), FLUSH),
        ),
    ),
    Scenario(
        name="database closed",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(
            altered,
            by=("ALTER DATABASE shop ALLOW_CONNECTIONS false",),
            undone=("ALTER DATABASE shop ALLOW_CONNECTIONS true",),
        ),
    ),
    Scenario(
        name="database gone",
        expected=Cause.AUTH_NOT_ALLOWED,
        also=(Cause.SERVER_SESSION_KILLED,),
        databases=POSTGRESQL,
        prepare=straight,
        bring=partial(
            altered,
            by=("DROP DATABASE shop WITH (FORCE)",),
            undone=("CREATE DATABASE shop",),
        ),
    ),
    Scenario(
        name="database gone",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=MARIADB,
        prepare=straight,
        bring=partial(altered, by=("DROP DATABASE shop",), undone=("CREATE DATABASE shop",)),
    ),
    Scenario(
        name="database denied",
        expected=Cause.AUTH_NOT_ALLOWED,
        databases=MARIADB,
        prepare=straight,
        bring=partial(
            altered,
            by=("REVOKE REFERENCES ON shop.* FROM probe@'%'",),
            undone=("GRANT REFERENCES ON shop.* TO probe@'%'",),
        ),
    ),
    Scenario(
        name="certificate expired",
        expected=Cause.TLS_CERTIFICATE,
        databases=ALL,
        prepare=verifying,
        bring=partial(certificate, kind="lab_expiring"),
    ),
    Scenario(
        name="certificate for another name",
        expected=Cause.TLS_CERTIFICATE,
        prepare=verifying,
        bring=partial(certificate, kind="other_name"),
    ),
    Scenario(
        name="only TLS that is too old",
        expected=Cause.TLS_HANDSHAKE,
        databases=POSTGRESQL,
        prepare=encrypting,
        bring=partial(altered, by=NO_TLS_BEYOND, undone=ANY_TLS),
    ),
    Scenario(
        name="client hello swallowed",
        expected=Cause.TLS_HANDSHAKE,
        prepare=encrypting,
        bring=swallowed,
    ),
)
