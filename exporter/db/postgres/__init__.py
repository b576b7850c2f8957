"""PostgreSQL, and what speaks its protocol."""

from exporter.db.dialect import Dialect
from exporter.db.postgres.opener import PostgresOpener

DIALECT = Dialect(
    names={"postgresql": "postgresql", "postgres": "postgresql"}, default_port=5432, prepare=PostgresOpener
)
