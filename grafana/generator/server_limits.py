"""Connections of a server, against its limits."""

from typing import Final

from grafana.generator import lines
from grafana.generator.palette import IN_TURN, Colour
from grafana.generator.panel import Limits, Lines, Query, Row
from grafana.generator.questions import SERVER, TARGET

ALL: Final = "conndrop_server_connections"
MOST: Final = "conndrop_server_connections_max"
STATES: Final = {
    "active": "at work",
    "idle": "idle",
    "idle_in_transaction": "idle in a transaction",
    "login": "logging in",
    "waiting": "waiting for a server",
    "other": "something else",
    "hidden": "hidden from us",
}
"""What a connection does; a colour is the same state everywhere."""


ALLOWED: Final = f"(max {SERVER.each()} ({MOST}{{<of>}} - conndrop_server_connections_reserved{{<of>}}))"
"""Connections that ordinary accounts may have."""
ACTIVE: Final = 'state="active"'
LEFT: Final = 'state="idle_in_transaction"'
OWN: Final = TARGET.total("conndrop_server_own_connections")

TAKEN: Final = f"max {SERVER.each()} (sum by (job, instance, vantage, target) ({SERVER.series(ALL)}))"
"""Connections in whatever state: what is hidden from one account, another one may see the state of."""


def _doing(state: str) -> str:
    """Ask how many connections are in a state; hidden are those that are so from every account."""
    asked = SERVER.least if state == "hidden" else SERVER.latest
    return asked(ALL, having=f'state="{state}"')


BY_STATE: Final = Lines(
    number=10,
    title="Connections by what they do, against the limits",
    reads="What the server's connections do, on top of each other. The dashed lines are the limits: those "
    "that ordinary accounts may have, and beyond it what is kept for superusers. Where the stack touches the "
    "lower one, new connections are refused. The most that there ever were tells how near it has been. "
    "Choose one target: stacks of several stand on top of each other.",
    unit="short",
    decimals=0,
    width=16,
    height=10,
    stacked=True,
    queries=(
        *(
            Query(
                expr=_doing(state),
                legend=SERVER.legend(called),
                colour=colour,
            )
            for (state, called), colour in zip(STATES.items(), IN_TURN, strict=False)
        ),
        Query(
            expr=ALLOWED,
            legend=SERVER.legend("for ordinary accounts"),
            colour=Colour.VERMILION,
            dashed=True,
            apart=True,
        ),
        Query(
            expr=SERVER.latest(MOST),
            legend=SERVER.legend("limit"),
            colour=Colour.GREY,
            dashed=True,
            apart=True,
        ),
        Query(
            expr=SERVER.latest("conndrop_server_connections_high_water"),
            legend=SERVER.legend("most there ever were"),
            colour=Colour.YELLOW,
            dashed=True,
            apart=True,
        ),
    ),
)
FULL: Final = lines.full(11, SERVER, width=8, height=10)
AT_WORK: Final = Lines(
    number=12,
    title="Connections at work",
    reads="Share of the connections that ordinary accounts may have on which a statement runs. A few per "
    "cent is usual; a hill is slow statements, or locks, or too many clients at once.",
    unit="percentunit",
    width=8,
    limits=Limits(warning="<load_warning>", critical="<load_critical>"),
    queries=(Query(expr=f"{SERVER.latest(ALL, having=ACTIVE)} / {ALLOWED}", legend=SERVER.named),),
)
LEFT_OPEN: Final = Lines(
    number=13,
    title="Connections idle in a transaction",
    reads="Share of all connections that have a transaction open and do nothing. They hold locks meanwhile. "
    "Beyond the line, several of them, is an alert: applications wait for something else before they commit.",
    unit="percentunit",
    width=8,
    limits=Limits(warning="<idle_in_transaction_share>"),
    queries=(
        Query(
            expr=f"{SERVER.latest(ALL, having=LEFT)} / {TAKEN}",
            legend=SERVER.named,
        ),
    ),
)
WHOSE: Final = Lines(
    number=14,
    title="Others' connections, and our own",
    reads="The exporter's own connections, all vantages together, beside everybody else's. Ours are few and "
    "level: what rises and falls is the applications'. Others that fall at once are a deployment, or "
    "something that has cut them off.",
    unit="short",
    decimals=0,
    width=8,
    queries=(
        Query(
            expr=f"clamp_min({TAKEN} - {OWN}, 0)",
            legend=SERVER.legend("others'"),
            colour=Colour.BLUE,
        ),
        Query(expr=OWN, legend=SERVER.legend("our own"), colour=Colour.GREY),
    ),
)
LIMITS_ROW: Final = Row(
    number=101,
    title="Connections, and the limits",
    panels=(BY_STATE, FULL, AT_WORK, LEFT_OPEN, WHOSE),
)
