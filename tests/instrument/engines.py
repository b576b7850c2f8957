"""Engines as an application makes them, and what they tell."""

from typing import Any, Final

from prometheus_client import CollectorRegistry
from sqlalchemy import URL, Engine, create_engine

from tests.servers import Database
from tests.servers.database import PASSWORD, USER

DRIVERS: Final = {"postgresql": "postgresql+psycopg2", "mariadb": "mysql+pymysql", "mysql": "mysql+pymysql"}
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "postgresql+psycopg2": {"connect_timeout": 3, "sslmode": "disable"},
    "mysql+pymysql": {"connect_timeout": 3, "ssl_disabled": True},
}


def url(
    database: Database,
    driver: str = "",
    *,
    host: str = "127.0.0.1",
    password: str = PASSWORD,
) -> URL:
    """Give the URL that SQLAlchemy takes."""
    driver = driver or DRIVERS[database.name]
    return URL.create(driver, USER, password, host, database.port, "shop")


def engine(
    database: Database,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    password: str = PASSWORD,
    **settings: Any,
) -> Engine:
    """Make an engine; `connect_args` go to the driver beside those that keep it from waiting for ever."""
    where = url(database, host=host, password=password).set(port=port or database.port)
    settings["connect_args"] = OPTIONS[where.drivername] | settings.pop("connect_args", {})
    return create_engine(where, **settings)


def told(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """Add up the samples of conndrop_app_`name` that have these labels."""
    samples = [sample for family in registry.collect() for sample in family.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name == f"conndrop_app_{name}" and labels.items() <= sample.labels.items()
    )


def errors(registry: CollectorRegistry) -> dict[str, float]:
    """Count the errors by cause."""
    samples = [sample for family in registry.collect() for sample in family.samples]
    found: dict[str, float] = {}
    for sample in samples:
        if sample.name == "conndrop_app_errors_total" and sample.value:
            found[sample.labels["cause"]] = found.get(sample.labels["cause"], 0) + sample.value
    return found
