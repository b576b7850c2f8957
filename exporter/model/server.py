"""What a database server says of itself: its connections, limits, counters and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from exporter.model.observation import Observation


class Counted(StrEnum):
    """What servers count, and go on counting until they restart.

    A client is aborted whose connection ended without a goodbye. PostgreSQL tells in three ways how: it
    vanished (abandoned), the server gave it up (fatal), or somebody ended it (killed). Connects are aborted
    that never came to be a session; before authentication, where MariaDB tells. Buffer requests are pages
    asked of the server's cache, misses those that it did not have.
    """

    CONNECTIONS_OPENED = "connections_opened"
    ABORTED_CONNECTS = "aborted_connects"
    ABORTED_CONNECTS_PREAUTH = "aborted_connects_preauth"
    ABORTED_CLIENTS = "aborted_clients"
    ACCESS_DENIED = "access_denied"
    SESSIONS_ABANDONED = "sessions_abandoned"
    SESSIONS_FATAL = "sessions_fatal"
    SESSIONS_KILLED = "sessions_killed"
    TRANSACTIONS = "transactions"
    QUERIES = "queries"
    BUFFER_REQUESTS = "buffer_requests"
    BUFFER_MISSES = "buffer_misses"


class State(StrEnum):
    """What a connection is doing, as its server sees it.

    `LOGIN` has not authenticated yet. `WAITING` is a client of a pooler that waits for a connection to the
    server. `HIDDEN` is what our account may not know.
    """

    ACTIVE = "active"
    IDLE = "idle"
    IDLE_IN_TRANSACTION = "idle_in_transaction"
    LOGIN = "login"
    WAITING = "waiting"
    OTHER = "other"
    HIDDEN = "hidden"


class Scope(StrEnum):
    """Whom a limit on connections concerns."""

    SERVER = "server"
    ACCOUNT = "account"
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many connections there may be in one scope, and how many there are.

    `name` is the account or database, empty for the whole server; `most` is what is left to ordinary
    accounts. `ours` tells that our own connections are counted in it.
    """

    scope: Scope
    name: str = ""
    connections: int
    most: int
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A privilege that our account does not have: what it is needed for, and the SQL that grants it.

    `%s` in the SQL stands for the account, as long as it is not known which (`of`).
    """

    privilege: str
    needed_for: str
    grant: str

    def of(self, account: str) -> "Missing":
        """Put an account, written as its server's SQL wants it, into the SQL that grants."""
        return replace(self, grant=self.grant % account)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolerView:
    """What a pooler has towards its servers, and for how many seconds its most patient client has waited."""

    backends: Mapping[State, int]
    longest_wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    """What a server says of itself at one moment. What it does not tell, or not to us, is None or empty.

    `started`, `uptime` and all ages are by the server's own clock, in seconds; `started` is since the epoch.
    `identity` stays the same as long as it is the same server with the same data. `address` is from where
    it sees us. `most` and `reserved` are connections, the latter being kept from ordinary accounts;
    `high_water` is the most there have been at once. `accounts` and `applications` count
    connections by whose they are.

    `counters` come from several sources, such as databases, each of which may begin anew or vanish; the
    server's own have the name "". `errors` counts refusals by their reason. `settings` are seconds, 0 where
    the server waits for ever; `values` are settings that have no unit. `host_errors` are connections from
    our own address that broke off in a row, of which the server takes `max_connect_errors`; `hosts_blocked`
    is how many addresses it lets in no more.

    `tables` are rows as the server gave them, for those who want the names of other exporters; empty unless
    they were asked for.
    """

    product: str
    version: str
    identity: str = ""
    started: float | None = None
    uptime: float | None = None
    replica: bool | None = None
    read_only: bool | None = None
    replication_lag: float | None = None
    address: str = ""

    connections: Mapping[State, int] = field(default_factory=dict)
    most: int | None = None
    reserved: int = 0
    high_water: int | None = None
    limits: tuple[Limit, ...] = ()
    accounts: Mapping[str, int] = field(default_factory=dict)
    applications: Mapping[str, int] = field(default_factory=dict)

    oldest_transaction: float | None = None
    oldest_idle_in_transaction: float | None = None
    lock_waiters: int | None = None

    counters: Mapping[str, Mapping[Counted, int]] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    host_errors: int | None = None
    hosts_blocked: int | None = None

    settings: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    pooler: PoolerView | None = None

    missing: tuple[Missing, ...] = ()
    tables: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)


class Change(StrEnum):
    """What has become another since the server was looked at before.

    It has started anew, it is another server (as after a failover), or it sees us under another address.
    """

    RESTART = "restart"
    IDENTITY = "identity"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerObservation(Observation):
    """One look at what a server says of itself; `view` is None where it could not be had.

    What only several looks tell, the view has, too: a start that does not waver with the clocks, and as
    high-water mark the most that looks have met, where the server keeps none.

    `counters` are the view's, all sources together; they fall only when the server begins anew. `own` is how
    much of that our own connections have moved since the daemon began, `own_connections` how many are open
    now. `own_address` is the address that we ourselves see our end of the connection at: another than the
    view's where something stands between. `kept` tells that the connection is kept for the next look;
    `compatible` that the names of other exporters are wanted, and for which dialect.
    """

    view: ServerView | None
    changes: tuple[Change, ...] = ()
    counters: Mapping[Counted, int] = field(default_factory=dict)
    own: Mapping[Counted, int] = field(default_factory=dict)
    own_connections: int = 0
    own_address: str = ""
    kept: bool = False
    compatible: str = ""
