"""The databases: one file each, and this tuple is all that knows them."""

from exporter.db import mysql, postgres
from exporter.db.dialect import Dialect
from exporter.db.postgres.opener import forget_environment

__all__ = ["DIALECTS", "forget_environment"]

DIALECTS: tuple[Dialect, ...] = (postgres.DIALECT, mysql.DIALECT)
