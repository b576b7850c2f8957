"""Series under the names of other exporters, out of rows as servers give them."""

from collections.abc import Mapping
from typing import Any

import pytest

from exporter.exposition.compatible import CompatibleMetrics
from exporter.exposition.families import Families
from exporter.exposition.told import number
from exporter.model import ServerView
from tests.scraping import Samples, scraped, series


@pytest.fixture
def families() -> Families:
    return Families()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12", 12), (12, 12), ("0.5", 0.5), ("-1", -1), ("ON", 1), ("off", 0), ("YES", 1), ("No", 0),
        ("", None), (None, None), ("NO_LOCK", None), ("nan", None), ("MIXED", None), (True, None),
    ],
)  # fmt: skip
def test_numbers_as_servers_write_them(written: object, read: float | None) -> None:
    assert number(written) == read


STATIC = "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, 64-bit"
ACTIVITY: dict[str, Any] = {"datname": "shop", "usename": "u", "wait_event": None}
POSTGRES: dict[str, list[dict[str, object]]] = {
    "pg_static": [{"version": STATIC}],
    "pg_settings": [
        {"name": "max_connections", "setting": "40", "unit": None, "vartype": "integer"},
        {"name": "deadlock_timeout", "setting": "300", "unit": "ms", "vartype": "integer"},
        {"name": "authentication_timeout", "setting": "2", "unit": "min", "vartype": "integer"},
        {"name": "log_min_duration_statement", "setting": "-1", "unit": "ms", "vartype": "integer"},
        {"name": "shared_buffers", "setting": "16384", "unit": "8kB", "vartype": "integer"},
        {"name": "work_mem", "setting": "4", "unit": "furlong", "vartype": "integer"},
        {"name": "ssl", "setting": "on", "unit": None, "vartype": "bool"},
        {"name": "server_version", "setting": "15.18", "unit": None, "vartype": "string"},
    ],
    "pg_stat_activity": [
        ACTIVITY | {"state": "active", "count": 2, "max_tx_duration": 1.5},
        ACTIVITY | {"state": "active", "count": 1, "max_tx_duration": 0.5},
        ACTIVITY | {"state": None, "count": 1, "max_tx_duration": None},
        {"datname": None, "state": None, "count": 5, "max_tx_duration": None},
    ],
    "pg_stat_database": [
        {"datid": 0, "datname": None, "xact_commit": 4, "deadlocks": None},
        {"datid": 16384, "datname": "shop", "xact_commit": 20, "sessions_killed": 1},
    ],
    "pg_roles": [{"rolname": "u", "connection_limit": -1}],
    "pg_database": [{"datname": "shop", "connection_limit": 7}],
}
MYSQL: dict[str, list[dict[str, object]]] = {
    "global_status": [
        {"threads_connected": "3", "wsrep_ready": "OFF", "connection_errors_accept": "2",
         "com_select": "9", "uptime": "", "innodb_rows_read": "x"}
    ],
    "global_variables": [{"version": "10.11", "version_comment": "Debian", "max_connections": "151"}],
}  # fmt: skip


def short(samples: Samples) -> dict[str, float]:
    """Give series of others without what is the same on all."""
    found = {}
    for (name, labels), shown in samples.items():
        pairs = [f"{key}={text}" for key, text in sorted(labels) if key not in ("target", "server")]
        found[" ".join([name, *pairs])] = shown
    return found


def compatible(product: str, tables: Mapping[str, Any]) -> ServerView:
    return ServerView(product=product, version="1", started=17.5, tables=tables)


def test_names_of_postgres_exporter(families: Families) -> None:
    CompatibleMetrics(families).record("a", "postgresql", compatible("PostgreSQL", POSTGRES))
    samples = scraped(families)
    assert {dict(labels)["target"] for _, labels in samples} == {"a"}
    assert {dict(labels).get("server") for name, labels in samples if name != "pg_up"} == {"a"}
    found = short(samples)
    states = [name for name in found if name.startswith("pg_stat_activity")]
    assert sum(found.pop(name) for name in states) == 3 + 1.5
    assert len(states) == 12
    assert found == {
        "pg_up": 1,
        f"pg_static short_version=15.18.0 version={STATIC}": 1,
        "pg_postmaster_start_time_seconds": 17.5,
        "pg_settings_max_connections": 40,
        "pg_settings_deadlock_timeout_seconds": 0.3,
        "pg_settings_authentication_timeout_seconds": 120,
        "pg_settings_log_min_duration_statement_seconds": -1,
        "pg_settings_shared_buffers_bytes": 2**27,
        "pg_settings_ssl": 1,
        "pg_stat_database_xact_commit datid=0 datname=": 4,
        "pg_stat_database_xact_commit datid=16384 datname=shop": 20,
        "pg_stat_database_sessions_killed datid=16384 datname=shop": 1,
        "pg_roles_connection_limit rolname=u": -1,
        "pg_database_connection_limit datname=shop": 7,
    }


def test_names_of_mysqld_exporter(families: Families) -> None:
    CompatibleMetrics(families).record("a", "mariadb", compatible("MariaDB", MYSQL))
    assert short(scraped(families)) == {
        "mysql_up": 1,
        "mysql_version_info innodb_version= version=10.11 version_comment=Debian": 1,
        "mysql_global_status_threads_connected": 3,
        "mysql_global_status_wsrep_ready": 0,
        "mysql_global_status_connection_errors_total error=accept": 2,
        "mysql_global_status_commands_total command=select": 9,
        "mysql_global_variables_max_connections": 151,
    }


@pytest.mark.parametrize(
    ("dialect", "tables", "up"),
    [("postgresql", POSTGRES, "pg_up"), ("mysql", MYSQL, "mysql_up"), ("mariadb", MYSQL, "mysql_up")],
)
def test_a_server_that_cannot_be_looked_at_is_down_and_no_more(
    families: Families, dialect: str, tables: Mapping[str, Any], up: str
) -> None:
    metrics = CompatibleMetrics(families)
    metrics.record("a", dialect, None)
    assert short(scraped(families)) == {up: 0}
    metrics.record("a", dialect, compatible("x", tables))
    assert short(scraped(families))[up] == 1
    metrics.record("a", dialect, None)
    assert short(scraped(families)) == {up: 0}
    metrics.record("a", dialect, compatible("x", tables))
    metrics.fail("a")
    assert short(scraped(families)) == {up: 0}
    metrics.fail("b")
    assert short(scraped(families)) == {up: 0}


def test_the_console_of_a_pooler_has_nothing_of_it(families: Families) -> None:
    CompatibleMetrics(families).record("a", "postgresql", compatible("PgBouncer", {}))
    assert scraped(families) == {}


def test_versions_that_are_no_release_have_a_short_one_too(families: Families) -> None:
    for version, expected in (("PostgreSQL 18beta1 on x", "18.0.0"), ("Other", "0.0.0")):
        tables = POSTGRES | {"pg_static": [{"version": version}]}
        CompatibleMetrics(families).record("a", "postgresql", compatible("PostgreSQL", tables))
        assert expected in str(series(families, "pg_static"))
        families = Families()


def test_counters_of_others_are_typed_as_there() -> None:
    """But OpenMetrics knows no counter whose name does not end in _total."""
    families = Families()
    CompatibleMetrics(families).record("a", "postgresql", compatible("PostgreSQL", POSTGRES))
    CompatibleMetrics(families).record("a", "mariadb", compatible("MariaDB", MYSQL))
    plain, openmetrics = (b"".join(families.render(openmetrics=form)).decode() for form in (False, True))
    for name, kind, other in (
        ("pg_stat_database_xact_commit", "counter", "unknown"),
        ("pg_stat_database_sessions_killed", "untyped", "unknown"),
        ("mysql_global_status_threads_connected", "untyped", "unknown"),
        ("mysql_global_variables_max_connections", "gauge", "gauge"),
    ):
        assert f"# TYPE {name} {kind}\n" in plain
        assert f"# TYPE {name} {other}\n" in openmetrics
    assert "# TYPE mysql_global_status_commands_total counter\n" in plain
    assert "# TYPE mysql_global_status_commands counter\n" in openmetrics
