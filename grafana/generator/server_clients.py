"""Who comes to a server, who vanishes, and who is turned away."""

from collections.abc import Callable
from typing import Final

from grafana.generator import limits
from grafana.generator.palette import IN_TURN, Colour
from grafana.generator.panel import Limits, Lines, Query, Row, Stat
from grafana.generator.questions import EACH, PER_MINUTE, SERVER, TARGET, Subject

REASONS: Final = {
    "abandoned": "client vanished",
    "fatal": "server gave up",
    "killed": "ended by somebody",
}
OWN_PART: Final = (
    "The blue line is others', the dashed one the server's whole count, the grey one our own part of it, all "
    "vantages together."
)


def _within_five_minutes(subject: Subject, counter: str) -> str:
    return subject.grown(counter, span="5m")


def _apart(counter: str, grown: Callable[[Subject, str], str]) -> tuple[Query, ...]:
    """Ask how a counter of the server's has grown, and our own part of it."""
    whole = grown(SERVER, f"conndrop_server_{counter}_total")
    own = grown(TARGET, f"conndrop_server_own_{counter}_total")
    return (
        Query(expr=f"clamp_min({whole} - {own}, 0)", legend=SERVER.legend("others'"), colour=Colour.BLUE),
        Query(expr=whole, legend=SERVER.legend("the whole count"), colour=Colour.SKY, dashed=True),
        Query(expr=own, legend=SERVER.legend("our own"), colour=Colour.GREY),
    )


ALLOWED: Final = EACH.latest("conndrop_server_setting", having='setting="max_connect_errors"')

OPENED: Final = Lines(
    number=20,
    title="Connections opened",
    reads="How many connections begin in a second; MySQL and MariaDB also count those that came to nothing. "
    "Many are an application without a pool; a burst is a pool that lost all of its connections at once. "
    f"{OWN_PART}",
    unit="cps",
    width=8,
    queries=_apart("connections_opened", Subject.rate),
)
ABORTED: Final = Lines(
    number=21,
    title="Connects that never became a session",
    reads="How many a second: port scans, health checks that hang up, wrong passwords, handshakes that broke "
    f"off. The alert is about others' only. {OWN_PART}",
    unit="cps",
    width=8,
    limits=Limits(warning="<aborted_connects_warning>", critical="<aborted_connects_critical>"),
    only="MySQL and MariaDB tell. PostgreSQL counts no connect that fails; its log has them.",
    queries=_apart("aborted_connects", Subject.rate),
)
PREAUTH: Final = Lines(
    number=22,
    title="Connects that ended before authentication",
    reads="Connects a second that ended before anybody had said who they are: health checks and scans "
    f"rather than passwords. {OWN_PART}",
    unit="cps",
    width=8,
    only="Only MariaDB tells.",
    queries=_apart("aborted_connects_preauth", Subject.rate),
)
DENIED: Final = Lines(
    number=23,
    title="Logins and statements denied",
    reads="How many a second: logins with a wrong password or from a wrong host, and statements without the "
    f"right to them. A level line is an account that somebody has forgotten. {OWN_PART}",
    unit="cps",
    width=8,
    only="Only MariaDB tells.",
    queries=_apart("access_denied", Subject.rate),
)
VANISHED: Final = Lines(
    number=24,
    title="Clients that vanished, within 5 minutes",
    reads="Sessions that ended without a goodbye: applications that crash, or something between that ends "
    f"connections. MySQL and MariaDB also count sessions killed and timed out. {OWN_PART}",
    unit="short",
    width=8,
    decimals=0,
    limits=Limits(warning="<aborted_clients>"),
    queries=_apart("aborted_clients", _within_five_minutes),
)
SESSIONS: Final = Lines(
    number=25,
    title="Sessions that ended without a goodbye, by reason",
    reads="How many a minute. Client vanished: a crash, or a path that broke. Server gave up: an error on "
    "the connection. Ended by somebody: pg_terminate_backend, or a shutdown. Our own part, dashed, is in it.",
    unit=PER_MINUTE,
    width=8,
    only="Only PostgreSQL tells, from 14 on.",
    queries=(
        *(
            Query(
                expr=SERVER.a_minute("conndrop_server_sessions_ended_total", having=f'reason="{reason}"'),
                legend=SERVER.legend(called),
                colour=colour,
            )
            for (reason, called), colour in zip(REASONS.items(), IN_TURN, strict=False)
        ),
        Query(
            expr=TARGET.a_minute("conndrop_server_own_sessions_ended_total"),
            legend=TARGET.legend("our own"),
            colour=Colour.GREY,
            dashed=True,
        ),
    ),
)
REFUSED: Final = Lines(
    number=26,
    title="Connections refused, by reason",
    reads="Connections a minute that the server could not take, by its own reason: `max_connections` is a "
    "server that is full, `internal` one without memory or threads, `accept` and `select` trouble of its "
    "host. Every one is an application's error.",
    unit=PER_MINUTE,
    only="Only MySQL and MariaDB tell.",
    queries=(
        Query(
            expr=SERVER.a_minute("conndrop_server_connection_errors_total", "reason"),
            legend=SERVER.legend("{{reason}}"),
        ),
    ),
)
NEARLY: Final = Lines(
    number=27,
    title="How near our address is to being blocked",
    reads="Connects from our address that broke off in a row, as a share of max_connect_errors. At 100 % "
    "MySQL and MariaDB let nobody in from here until they are told to; beyond the line is an alert.",
    unit="percentunit",
    width=8,
    limits=Limits(warning="<blocked_warning>"),
    only="Only MySQL and MariaDB block hosts, and only where they look for names and have the performance "
    "schema switched on do they tell.",
    queries=(
        Query(
            expr=f"{EACH.latest('conndrop_server_host_connect_errors')} / {ALLOWED}",
            legend=EACH.named,
        ),
    ),
)
BLOCKED: Final = Stat(
    number=28,
    title="Addresses blocked",
    reads="How many addresses the server lets in no more for their broken connects. Any is an alert.",
    unit="short",
    width=4,
    limits=limits.HARMFUL,
    only="It is told where the figure beside it is.",
    queries=(Query(expr=SERVER.latest("conndrop_server_hosts_blocked"), legend=SERVER.named),),
)
CLIENTS_ROW: Final = Row(
    number=102,
    title="Who comes, and who vanishes",
    panels=(OPENED, VANISHED, SESSIONS),
)
REFUSED_ROW: Final = Row(
    number=107,
    title="Who is turned away (MySQL and MariaDB)",
    panels=(ABORTED, PREAUTH, DENIED, REFUSED, NEARLY, BLOCKED),
    collapsed=True,
)
