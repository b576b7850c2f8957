"""What to set so that it stops: the pool, the client library, the server and this host."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Final

from exporter.diagnosis.advice import DEAF, idle_values, pool_recycle
from exporter.examination.aiming import Aim
from exporter.examination.engine import ASYNCHRONOUS, LIBPQ, Client, driver, written
from exporter.examination.plan import PoolPlan
from exporter.examination.report import Advice, Setting
from exporter.examination.words import duration
from exporter.model import Cause, IdleObservation

LIMITS: Final = ("idle_session_timeout", "wait_timeout")
"""Settings by which PostgreSQL, MySQL and MariaDB end sessions that ask nothing."""
ON_THE_WAY: Final = ("middlebox.", "net.", "failover.")
KEEPALIVES: Final = {
    "keepalive_idle": "60",
    "keepalive_interval": "10",
    "keepalive_count": "3",
    "user_timeout": "90000",
}
"""What suits most paths, where no timeout is known."""
BOUNDS: Final = {**KEEPALIVES, "keepalive_idle": "30", "user_timeout": "60000"}
"""What the catalogue has where nothing forgets connections, and waits want a bound."""
FORGETTING: Final = frozenset({Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.MIDDLEBOX_STATE_LOST})
KERNELS: Final = frozenset({"pymysql", "mysqldb", "aiomysql", "asyncmy", "mariadbconnector", "pg8000"})
"""Drivers that switch keepalives on, and have no say in when they are sent; asyncpg sends none."""
WITHIN: Final = 5
"""Seconds for a connect."""
READ: Final = 60
USUAL: Final = "28800"
"""Seconds of `wait_timeout` where nobody has set it: eight hours."""
HALF: Final = 0.5
"""Part of what killed that is taken for safe where nothing has survived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What advice is given on.

    `causes` are those found, `idle` what is known of silence, `limits` the server's own settings on it, in
    seconds, 0 for none.
    """

    aim: Aim
    pool: PoolPlan
    causes: frozenset[Cause] = frozenset()
    idle: IdleObservation | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def shortest(self) -> tuple[float, str] | None:
        """The silence, in seconds, that is safe, and what says so; None where nothing ends silence."""
        known = [
            (seconds, f"the server ends sessions that are silent for {duration(seconds)} ({name})")
            for name, seconds in self.limits.items()
            if seconds > 0
        ]
        idle = self.idle
        if idle is not None and idle.killed is not None:
            lived = idle.survived if idle.survived is not None else HALF * idle.killed
            known.append((lived, f"silence of {duration(idle.killed)} ends connections here"))
        return min(known, default=None)

    @property
    def armed(self) -> bool:
        """Whether something on the way makes connections silent, so that every wait needs a bound."""
        return any(cause.startswith(ON_THE_WAY) for cause in self.causes)

    @property
    def keepalives(self) -> Mapping[str, int] | None:
        """When to send them, by the catalogue's names and in its units; None where they do not help."""
        if not self.armed or (self.causes and DEAF.issuperset(self.causes)):
            return None
        shortest = self.shortest
        values = idle_values(shortest[0], None, ()) if shortest else {}
        usual = KEEPALIVES if self.causes & FORGETTING else BOUNDS
        return {name: int(values.get(name, usual[name])) for name in KEEPALIVES}


def advise(need: Need) -> Advice:
    """Say what to set."""
    engine = tuple(_engine(need))
    client = _client(need)
    values: Mapping[str, object] = {setting.name: _value(setting.value) for setting in engine}
    return Advice(
        create_engine=written(need.aim, values, client),
        engine=engine,
        client=tuple(_told(client, need)),
        server=tuple(_server(need)),
        host=tuple(_host(need)),
    )


def _engine(need: Need) -> Iterator[Setting]:
    """Give SQLAlchemy's settings: the user's own, but where they are not safe."""
    given = need.pool
    yield Setting(
        name="pool_pre_ping",
        value="True",
        why="a connection that has ended meanwhile is replaced before the application gets it",
    )
    shortest = need.shortest
    if shortest is not None:
        most = max(1.0, pool_recycle(shortest[0]))
        own = given.pool_recycle
        kept = own is not None and 0 < own <= most
        value = own if kept and own is not None else most
        why = "as given: it is safe here" if kept else f"a connection is replaced in time: {shortest[1]}"
        yield Setting(name="pool_recycle", value=f"{floor(max(1.0, value))}", why=why)
    elif given.pool_recycle is not None:
        yield Setting(name="pool_recycle", value=_number(given.pool_recycle), why="as given")
    for name in ("pool_size", "max_overflow", "pool_timeout"):
        own = getattr(given, name)
        if own is not None:
            yield Setting(name=name, value=_number(own), why="as given")


def _client(need: Need) -> Client:
    """Give what the driver is told."""
    name, keepalives = driver(need.aim), need.keepalives
    if not need.armed:
        return Client()
    if name in LIBPQ:
        return _libpq(keepalives)
    if name == "asyncpg":
        return _asyncpg(keepalives)
    if name in {"pymysql", "mysqldb"}:
        remark = "must be above the longest query"
        return Client(
            arguments={"connect_timeout": WITHIN, "read_timeout": READ, "write_timeout": READ},
            remarks={"read_timeout": remark},
        )
    if name == "mysqlconnector":
        return Client(arguments={"connection_timeout": WITHIN})
    known = name in ASYNCHRONOUS or name == "mariadbconnector"
    return Client(arguments={"connect_timeout": WITHIN} if known else {})


def _libpq(keepalives: Mapping[str, int] | None) -> Client:
    arguments: dict[str, object] = {"connect_timeout": WITHIN}
    if keepalives is not None:
        arguments |= {
            "keepalives": 1,
            "keepalives_idle": keepalives["keepalive_idle"],
            "keepalives_interval": keepalives["keepalive_interval"],
            "keepalives_count": keepalives["keepalive_count"],
            "tcp_user_timeout": keepalives["user_timeout"],
        }
    return Client(arguments=arguments)


def _asyncpg(keepalives: Mapping[str, int] | None) -> Client:
    """Have the server send keepalives: asyncpg itself sends none."""
    if keepalives is None:
        return Client(arguments={"timeout": WITHIN})
    settings = {"tcp_keepalives_idle": str(keepalives["keepalive_idle"])}
    return Client(
        arguments={"timeout": WITHIN, "server_settings": settings},
        remarks={"server_settings": "PgBouncer refuses keepalives"},
    )


WHY: Final[Mapping[str, str]] = {
    "connect_timeout": "a connect that nothing answers ends after so many seconds",
    "connection_timeout": "a connect that nothing answers ends after so many seconds",
    "timeout": "a connect that nothing answers ends after so many seconds",
    "keepalives": "TCP keepalives are on",
    "keepalives_idle": "after so many silent seconds the first keepalive is sent, which keeps devices awake",
    "keepalives_interval": "seconds between keepalives that nobody answers",
    "keepalives_count": "so many of them unanswered end the connection",
    "tcp_user_timeout": "what was sent and is not acknowledged ends the connection, after milliseconds",
    "server_settings": "the server sends keepalives, which keep devices awake, too; PgBouncer refuses this",
    "read_timeout": "an answer that does not come ends the connection; must be above the longest query",
    "write_timeout": "what cannot be sent ends the connection, after so many seconds",
}


def _told(client: Client, need: Need) -> Iterator[Setting]:
    written_already = need.aim.endpoint.params
    for name, value in client.arguments.items():
        before = f"; the URL says {written_already[name]}" if name in written_already else ""
        yield Setting(name=name, value=str(value), why=f"{WHY[name]}{before}")


def _server(need: Need) -> Iterator[Setting]:
    """Give variables of the server, where what was found asks for them."""
    postgres, keepalives = need.aim.endpoint.dialect == "postgresql", need.keepalives
    if Cause.MIDDLEBOX_IDLE_TIMEOUT in need.causes and postgres and keepalives is not None:
        yield Setting(
            name="tcp_keepalives_idle",
            value=str(keepalives["keepalive_idle"]),
            why="the server's keepalives keep devices awake as well, and clear away what was forgotten",
        )
    if Cause.SERVER_IDLE_TIMEOUT not in need.causes:
        return
    why = (
        "only if sessions are meant to be silent for longer, for those that nobody uses any more keep their "
        "slots then; it ends them now after "
    )
    struck = {name: seconds for name, seconds in need.limits.items() if name in LIMITS and seconds > 0}
    for name, seconds in struck.items():
        value = "0" if name == "idle_session_timeout" else USUAL
        if value != "0" and seconds >= int(value):
            continue
        yield Setting(name=name, value=value, why=why + duration(seconds))
        if name == "wait_timeout":
            yield Setting(name="interactive_timeout", value=value, why="the same for interactive clients")


def _host(need: Need) -> Iterator[Setting]:
    """Give the kernel's settings on this host: of drivers that leave keepalives to it."""
    keepalives = need.keepalives
    if keepalives is None or driver(need.aim) not in KERNELS:
        return
    yield Setting(
        name="net.ipv4.tcp_keepalive_time",
        value=str(keepalives["keepalive_idle"]),
        why=f"{driver(need.aim)} leaves it to the kernel after how many silent seconds to send keepalives",
    )


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _value(text: str) -> object:
    """Read a setting as Python has it."""
    if text in {"True", "False"}:
        return text == "True"
    return float(text) if "." in text else int(text)
