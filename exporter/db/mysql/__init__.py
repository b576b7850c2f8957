"""MySQL and MariaDB, and what speaks their protocol."""

from exporter.db.dialect import Dialect
from exporter.db.mysql.opener import MysqlOpener

DIALECT = Dialect(names={"mysql": "mysql", "mariadb": "mariadb"}, default_port=3306, prepare=MysqlOpener)
