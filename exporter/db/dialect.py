"""What a database has to offer to be probed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter.db.encryption import Encryption
from exporter.db.footprint import Footprint
from exporter.model import Endpoint, ProbeError, ServerView
from exporter.net.phases import PhaseClock

PROGRAM = "conndrop-exporter"
"""The name under which our sessions appear in the server's own lists."""
TRIVIAL_QUERY = "SELECT 1"
"""What is asked where any answer will do; a server that knows no SQL is asked something as small."""


class Held(Protocol):
    """A session that is held: whoever holds it waits for its descriptor, and nothing in here ever waits.

    What the kernel knows (`exporter.net.tcp_info`) has to be asked before `hear`, which reads it away.
    """

    def fileno(self) -> int:
        """Descriptor that becomes readable when something has come: an answer, last words, or the end."""
        ...

    def ask(self, sql: str) -> None:
        """Send one query of no more than a few words; raise ProbeError if the session is at its end."""
        ...

    def hear(self) -> bool:
        """Take in what has come; tell whether the answer to the query is complete.

        Raises ProbeError once nothing more can come; `said`, `code` and the cause are the server's last words
        (words that came before count, too), empty and `unknown` if it had none. A query that the server
        refuses ends nothing: its refusal is an answer.
        """
        ...

    def part(self) -> None:
        """Say goodbye. The server closes then: `hear` raises when it has."""
        ...

    def abandon(self) -> None:
        """Let go at once; never raises."""
        ...


class Session(Protocol):
    """One login that stands."""

    @property
    def number(self) -> int:
        """Under which the server lists it (as it was told in the login): process or connection id."""
        ...

    @property
    def descriptor(self) -> int:
        """By which the kernel can be asked, also after an end, until it is let go."""
        ...

    def renew(self, timeout: float) -> None:
        """Begin another look of so many seconds at most: for who keeps the session from one to the next."""
        ...

    def query(self, sql: str, *, guarded: bool) -> None:
        """Run `sql` and take its result in; enters phase `query`.

        With `guarded` the server is told to give up by itself before our deadline, so that a slow query
        does not go on there after we have gone.
        """
        ...

    def direct(self) -> bool:
        """Whether the number is the server's own: behind a pooler another one answers."""
        ...

    def free_slots(self) -> int:
        """How many more sessions like this one the server would take."""
        ...

    def view(self, *, tables: bool) -> ServerView:
        """Ask the server what it says of itself; enters phase `query`.

        What our account may not know is left out, and named in the view. `tables` asks for the rows
        behind it. Each question is given up by the server before our deadline. Raises ProbeError.
        """
        ...

    def outlast(self) -> None:
        """Switch off the server's own limit on how long this session may be idle, where it has one."""
        ...

    def lists(self, number: int, age: float) -> bool:
        """Whether the server still lists our session of that number, which began `age` seconds ago.

        What has got the number since is none of ours.
        """
        ...

    def end(self, number: int, age: float) -> bool:
        """End that session if the server still lists it; tell whether it did."""
        ...

    def hold(self) -> Held:
        """Hand the session over to be held; nothing else may be done with it from then on.

        Raises ProbeError where it is known to be at its end; it has to be abandoned then.
        """
        ...

    def close(self) -> None:
        """Say goodbye and wait until the server has closed; enters phase `close`."""
        ...

    def abandon(self) -> None:
        """Let go at once, after a failure; never raises, never waits."""
        ...


class Pooled(Protocol):
    """A connection as an application has it in its pool: the driver's own, synchronous (PEP 249).

    It fails as it would there, with the driver's errors. Only its waits are ours: they end with the time of
    the clock that it was opened with, and with the daemon.
    """

    @property
    def number(self) -> int:
        """Under which the server lists its session."""
        ...

    @property
    def descriptor(self) -> int:
        """By which the kernel can be asked, also after the driver has let go, until it is closed."""
        ...

    def verdict(self, error: BaseException) -> ProbeError:
        """Say in our words what the driver's `error` was about; before it is closed."""
        ...

    def close(self) -> None:
        """Say goodbye, if that can still be, and let go; never waits."""
        ...


class Opener(Protocol):
    """Opens sessions at one endpoint; what can be made once is made once, in here."""

    @property
    def footprint(self) -> Footprint:
        """What the sessions opened here have moved in the server's counters."""
        ...

    @property
    def encryption(self) -> Encryption | None:
        """How to ask for TLS here; None where the URL wants none."""
        ...

    @property
    def speaks_sql(self) -> bool:
        """Whether SQL is understood here: the console of a pooler has commands of its own."""
        ...

    def over_tls(self) -> "Opener | None":
        """Give what opens the same sessions over TLS, with any certificate; None where the URL has TLS.

        It is for who wants to know whether that is let in: both share one footprint.
        """
        ...

    def harmless(self) -> bool:
        """Whether to open now does no harm: a server that counts broken attempts is given rests."""
        ...

    def open(self, addresses: Sequence[str], clock: PhaseClock) -> Session:
        """Connect and log in, entering phases `tcp`, `tls` and `auth` on the way.

        Raises ProbeError, and SecretUnreadable when the password's source is gone. What the server said
        comes with the password masked.
        """
        ...

    def keepalive(self, kernels: float | None) -> float | None:
        """Tell after how many silent seconds an application's connection sends the first TCP keepalive.

        `kernels` is the kernel's own time for that. None where none is sent, or nobody knows when.
        """
        ...

    @property
    def driver(self) -> str:
        """SQLAlchemy's name of the driver whose connections `pooled` gives."""
        ...

    def pooled(
        self, addresses: Sequence[str], clock: PhaseClock, when_closed: Callable[[Pooled], None]
    ) -> Pooled:
        """Connect and log in as `open` does, for a pool that is told when the connection is closed."""
        ...


class ParameterError(Exception):
    """Parameters of the URL that cannot be used: for each its name, what is wrong, and what is allowed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A family of databases with one wire protocol.

    `names` maps each URL scheme to the name shown to people; `prepare` checks an endpoint's parameters
    (raising ParameterError) and returns what opens its sessions.
    """

    names: Mapping[str, str]
    default_port: int
    prepare: Callable[[Endpoint], Opener]
