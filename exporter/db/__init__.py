"""The databases: one file each, and this tuple is all that knows them."""

from exporter.db import mysql, postgres
from exporter.db.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (postgres.DIALECT, mysql.DIALECT)
