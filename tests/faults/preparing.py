"""What a scenario needs before its exporter starts: settings of the target, and of what stands behind it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.faults.mishaps import MARKED, database_of, name_server, postgres_of, started_with, twin
from tests.faults.obstacles import altered
from tests.faults.scenario import Place, straight
from tests.lab.fronts import Front, Haproxy, PgBouncer
from tests.lab.namespace import command
from tests.lab.site import PORTS
from tests.servers.database import NOBODY

Prepare = Callable[[Place], Mapping[str, Any]]
FARTHER: Final = 10_000
"""How much farther than the first the port of a second server is."""
GRANT: Final = "GRANT {} TO probe@'%'"
REVOKE: Final = "REVOKE {} FROM probe@'%'"
"""A right outlives the table, and lets the account into its database."""
TINY: Final = "8m"
SPILL: Final = "SELECT count(*) FROM (SELECT n FROM generate_series(1, 50000) n ORDER BY n DESC OFFSET 1) m"


def probing(prepare: Prepare = straight, /, **probes: Mapping[str, Any]) -> Prepare:
    """Prepare as `prepare` does, with these settings of probes."""
    return lambda place: {**prepare(place), "probes": probes}


def marked(place: Place) -> Mapping[str, Any]:
    """Let the sentinel ask what tells its session from others."""
    return {**straight(place), "probes": {"sentinel": {"query": MARKED[place.name]}}}


def told(place: Place, *, by: Sequence[str], undone: Sequence[str] = ()) -> Mapping[str, Any]:
    """Have the superuser say something beforehand, and take it back in the end."""
    place.stack.enter_context(altered(place, by=by, undone=undone))
    return straight(place)


def slow_logins(place: Place) -> Mapping[str, Any]:
    """Have PostgreSQL take a second for each login, so that one is under way at most times."""
    slow = ("ALTER SYSTEM SET pre_auth_delay = '1s'", "SELECT pg_reload_conf()")
    quick = ("ALTER SYSTEM RESET pre_auth_delay", "SELECT pg_reload_conf()")
    return told(place, by=slow, undone=quick)


def starting_with(place: Place, **settings: str) -> Mapping[str, Any]:
    """Start the server with other settings."""
    place.stack.enter_context(started_with(place, **settings))
    return straight(place)


def resolving(place: Place, *, known: bool = False) -> Mapping[str, Any]:
    """Let the server look up names of clients: the exporter's host has one if it is `known`."""
    place.notes["name server"] = place.stack.enter_context(name_server(place, known=known))
    if place.name == "postgresql":
        on = ("ALTER SYSTEM SET log_hostname = on", "SELECT pg_reload_conf()")
        off = ("ALTER SYSTEM RESET log_hostname", "SELECT pg_reload_conf()")
        return told(place, by=on, undone=off)
    return starting_with(place, skip_name_resolve="OFF")


def beside(place: Place) -> Mapping[str, Any]:
    """Run a second server beside the first."""
    other = place.stack.enter_context(twin(place, place.port + FARTHER))
    place.notes["other"] = f"{place.site.host}:{other.port}"
    return straight(place)


def stocked(place: Place) -> Mapping[str, Any]:
    """Let sessions read a table."""
    if place.name == "postgresql":
        in_shop(place, "CREATE TABLE stock (number int); GRANT SELECT ON stock TO probe")
        place.stack.callback(in_shop, place, "DROP TABLE stock")
    else:
        may = "SELECT ON shop.stock"
        create, drop = "CREATE TABLE shop.stock (number int)", "DROP TABLE shop.stock"
        told(place, by=(create, GRANT.format(may)), undone=(REVOKE.format(may), drop))
    return {**straight(place), "probes": {"session": {"query": "SELECT count(*) FROM stock"}}}


def in_shop(place: Place, sql: str) -> None:
    """Say something in PostgreSQL's database of the tests."""
    connection = postgres_of(place).connect(dbname="shop")
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()


def tiny(place: Place) -> Mapping[str, Any]:
    """Let sessions need space: PostgreSQL's on a small file system, MariaDB's in a table in memory."""
    if place.name == "mariadb":
        table = "n int AUTO_INCREMENT PRIMARY KEY, filler char(255) DEFAULT ''"
        create = f"CREATE TABLE shop.scratch ({table}) ENGINE = MEMORY"
        may, insert = "INSERT ON shop.scratch", "INSERT INTO shop.scratch () VALUES ()"
        undone = (REVOKE.format(may), "DROP TABLE shop.scratch")
        told(place, by=(create, GRANT.format(may), insert), undone=undone)
        return {**straight(place), "probes": {"session": {"query": insert}}}
    directory: Path = place.site.directory / "tiny"
    directory.mkdir(exist_ok=True)
    owned = f"size={TINY},uid={NOBODY},gid={NOBODY},mode=700"
    command("mount", "-t", "tmpfs", "-o", owned, "tmpfs", str(directory))
    place.stack.callback(command, "umount", "-l", str(directory))
    place.notes["directory"] = directory
    create = f"CREATE TABLESPACE tiny LOCATION '{directory}'"
    grants = ("GRANT CREATE ON TABLESPACE tiny TO probe", "ALTER ROLE probe SET temp_tablespaces = tiny")
    undone = ("ALTER ROLE probe RESET work_mem", "ALTER ROLE probe RESET temp_tablespaces")
    told(
        place,
        by=(create, *grants, "ALTER ROLE probe SET work_mem = '64kB'"),
        undone=(*undone, "DROP TABLESPACE tiny"),
    )
    return {**straight(place), "probes": {"session": {"query": SPILL}}}


def verifying(place: Place) -> Mapping[str, Any]:
    """Demand a good certificate, and have one."""
    place.stack.enter_context(database_of(place).certificate_of("lab"))
    return {"url": place.site.url(place.name, database_of(place).verified()), "probes": TLS}


def encrypting(place: Place) -> Mapping[str, Any]:
    """Demand TLS, and look at nothing else."""
    return {"url": place.site.url(place.name, database_of(place).encrypted), "probes": TLS}


TLS: Final = {"tls": {"interval": "2s", "timeout": "2s"}}


def haproxy(**settings: Any) -> Prepare:
    """Put an HAProxy before the database."""
    return partial(
        _behind, lambda place: Haproxy(place.site, database_of(place), port=_port(place), **settings)
    )


def pgbouncer(*lines: str, **settings: Any) -> Prepare:
    """Put a PgBouncer before the database."""
    return partial(
        _behind, lambda place: PgBouncer(place.site, database_of(place), settings=lines, **settings)
    )


def _port(place: Place) -> int:
    """Give each database a port of its own on the router."""
    return 9000 + list(PORTS).index(place.name)


def _behind(front: Callable[[Place], Front], place: Place) -> Mapping[str, Any]:
    place.notes["front"] = place.stack.enter_context(front(place))
    return {"url": place.site.url(place.name, via=place.notes["front"])}
