"""Real database servers, started on loopback ports of their own for the time of one test run."""

from tests.servers.certificates import Certificates
from tests.servers.database import Database, Place, ServerMissing
from tests.servers.mysql import MariaDb, MySql
from tests.servers.postgres import Postgres, Postgres18, Standby

__all__ = [
    "Certificates",
    "Database",
    "MariaDb",
    "MySql",
    "Place",
    "Postgres",
    "Postgres18",
    "ServerMissing",
    "Standby",
]
