"""What an examination has found, and how far it has got, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.model import Cause, IdleObservation, Incident, Seen, Severity, Step


class Side(StrEnum):
    """A side from which a target is looked at, in the order in which they are shown."""

    DNS = "dns"
    PING = "ping"
    PATH = "path"
    MTU = "mtu"
    TCP = "tcp"
    TLS = "tls"
    SESSION = "session"
    SERVER = "server"
    POOL = "pool"
    HOLD = "hold"


class State(StrEnum):
    """How far a side has got.

    `ABSENT`: there is nothing to look at, or this host does not allow it. `GOOD` and `BAD` may change as
    long as the examination goes on.
    """

    WAITING = "waiting"
    GOOD = "good"
    BAD = "bad"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One side: how far it has got, and what was seen, in one line of plain text without markup."""

    side: Side
    state: State = State.WAITING
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One connection left silent: `silent` of `seconds` have passed; `armed` says in what way."""

    seconds: float
    silent: float
    armed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an examination has got: `elapsed` seconds, `left` until it ends at the latest.

    `incidents` are those open now.
    """

    target: str
    elapsed: float
    left: float
    looks: tuple[Look, ...]
    rungs: tuple[Rung, ...] = ()
    idle: IdleObservation | None = None
    incidents: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that ends connections, or will: an incident that was seen, or a risk that has been measured.

    `cause` is None for a risk that no cause of the closed list stands for, such as a certificate that is
    about to expire. `evidence` are sentences, the weightiest first, `fix` what to do, in that order.
    """

    severity: Severity
    summary: str
    cause: Cause | None = None
    evidence: tuple[str, ...] = ()
    fix: tuple[Step, ...] = ()
    confidence: float = 0.0
    candidates: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing to set: its `value` as it is to be written, and `why` in one sentence."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to set so that it stops, as far as this examination can tell; each part may be empty.

    `create_engine` is Python to copy: a call, the password left out; `engine` are the settings within it.
    `client` are keywords of the client library (libpq's, or PyMySQL's), `server` variables of the server,
    and `host` the kernel's of this host.
    """

    create_engine: str = ""
    engine: tuple[Setting, ...] = ()
    client: tuple[Setting, ...] = ()
    server: tuple[Setting, ...] = ()
    host: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that an examination has found about one target.

    `url` has no password in it. `started` is in seconds since the epoch, `seconds` is how long it took;
    `cut_short` that it was ended before its time. `server` is product and version, empty where they are not
    known. `verdict` is one sentence. `findings` come by urgency; without one, nothing was found. `unsure`
    are sentences about what could not be told, and what would tell it, such as a longer hold. `idle` is what
    is known of silence on this path, and `facts` what was measured, for machines: plain values by name.
    """

    target: str
    url: str
    started: float
    seconds: float
    verdict: str
    looks: tuple[Look, ...]
    seen: Seen
    cut_short: bool = False
    server: str = ""
    findings: tuple[Finding, ...] = ()
    advice: Advice = field(default_factory=Advice)
    unsure: tuple[str, ...] = ()
    idle: IdleObservation | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
