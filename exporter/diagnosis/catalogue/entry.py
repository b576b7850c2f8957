"""What one entry of the catalogue holds."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from exporter.model import Cause, Severity

Family = Literal["postgresql", "mysql"]
"""MariaDB speaks MySQL's protocol and belongs to its family."""
Library = Literal["psycopg2", "psycopg 3", "PyMySQL", "SQLAlchemy"]

VALUES: Final = {
    "target": "the target's name",
    "host": "the host as the configuration names it",
    "port": "the database's port",
    "address": "the address that was connected to",
    "our_address": "the address that the server sees us at",
    "survived": "longest silence that was survived, in seconds",
    "killed": "shortest silence that ended a connection, in seconds",
    "age": "age at which connections die, in seconds",
    "pool_recycle": "what to set, in whole seconds",
    "keepalive_idle": "seconds until the first keepalive",
    "keepalive_interval": "seconds between keepalives",
    "keepalive_count": "unanswered keepalives that end a connection",
    "user_timeout": "tcp_user_timeout, in milliseconds",
    "setting": "the server's setting that strikes",
    "seconds": "its value, in seconds",
    "connections": "connections there are",
    "connections_max": "connections there may be",
    "loss": "share of packets lost, in percent",
    "delay": "round-trip delay now, in milliseconds",
    "usual_delay": "round-trip delay before, in milliseconds",
    "hop": "number of the hop where it starts",
    "hop_address": "address of that hop",
    "network": "who owns that hop",
    "mtu": "largest packet that passes, in bytes",
    "mss": "largest segment that fits, in bytes",
    "code": "SQLSTATE or error number",
    "said": "the server's own words",
    "offender": "address of the router that refuses",
    "before": "what it was before: an address, an identity",
    "now": "what it is now",
    "resolver": "the name server that was asked",
}
"""Names that may stand between braces in summaries and fixes; what is not known leaves the line out."""
PLACE: Final = re.compile(r"\{(\w+)\}")
"""A name between braces, with nothing else between them: what is to be copied may have braces of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How it looks to an application: a library, and what it says, word for word (… for what varies)."""

    library: Library
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """Another cause that looks the same, and the one observation that tells them apart."""

    cause: Cause
    splitter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One thing to do, with {values}.

    `text` says what; `copy` are lines to copy, SQL with the semicolon that ends it; they go on one line with
    semicolons between them where there is room for one line only. `otherwise` is a sentence for where a value
    of them is not known; empty where nothing can be said then. `family` stands where one family of databases
    is concerned only, `codes` where it helps against these codes of the server only; it is told, too, where
    no code is known.
    """

    text: str
    copy: tuple[str, ...] = ()
    otherwise: str = ""
    family: Family | None = None
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One cause.

    `title` is a few words, `summary` one sentence about one target with {values}; `bare` is the summary
    where a value of it is not known, empty where it needs none but {target}. `meaning` tells what happens
    there. The first of `fixes` is the first thing to do.
    """

    cause: Cause
    severity: Severity
    title: str
    summary: str
    bare: str = ""
    meaning: str
    looks: tuple[Looks, ...]
    look_alikes: tuple[LookAlike, ...]
    fixes: tuple[Fix, ...]
