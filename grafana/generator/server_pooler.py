"""What only a pooler or a replica tells of itself."""

from typing import Final

from grafana.generator.palette import IN_TURN
from grafana.generator.panel import Limits, Lines, Query, Row
from grafana.generator.questions import SERVER
from grafana.generator.server_limits import STATES

POOLERS: Final = "Only a target that is the console of a PgBouncer (its database `pgbouncer`) has one."
COLOURS: Final = dict(zip(STATES, IN_TURN, strict=False))
"""Those of the same states of connections to a server."""

LAG: Final = Lines(
    number=4,
    title="Replication lag",
    reads="How far a replica is behind the server that it follows. A line that rises as fast as time goes by "
    "is a replica that has lost its source.",
    unit="s",
    width=6,
    only="Only replicas have one.",
    queries=(Query(expr=SERVER.latest("conndrop_server_replication_lag_seconds"), legend=SERVER.named),),
)
BEHIND: Final = Lines(
    number=40,
    title="The pooler's connections to its servers",
    reads="What the pooler has towards the servers behind it. All at work, and none idle, is a pool that is "
    "as large as it may be: further clients wait.",
    unit="short",
    width=6,
    decimals=0,
    stacked=True,
    only=POOLERS,
    queries=tuple(
        Query(
            expr=SERVER.latest("conndrop_pooler_connections", having=f'state="{state}"'),
            legend=SERVER.legend(STATES[state]),
            colour=COLOURS[state],
        )
        for state in ("active", "idle", "login", "other")
    ),
)
WAITING: Final = Lines(
    number=41,
    title="Clients that wait in the pooler",
    reads="Clients that have a statement and no connection to the server. It should be 0 but for moments; "
    "beyond the line is an alert.",
    unit="short",
    width=6,
    decimals=0,
    limits=Limits(warning="<pooler_waiting>"),
    only=POOLERS,
    queries=(
        Query(
            expr=SERVER.latest("conndrop_server_connections", having='state="waiting"'), legend=SERVER.named
        ),
    ),
)
LONGEST: Final = Lines(
    number=42,
    title="Longest wait in the pooler",
    reads="For how long the most patient of these clients has waited by now. A line that rises is a pool "
    "that gives nothing back; at query_wait_timeout the pooler ends the client.",
    unit="s",
    width=6,
    limits=Limits(warning="<pooler_wait>"),
    only=POOLERS,
    queries=(Query(expr=SERVER.latest("conndrop_pooler_longest_wait_seconds"), legend=SERVER.named),),
)
POOLER_ROW: Final = Row(
    number=105,
    title="What it follows, if it is a replica, and what it leads to, if it is a pooler",
    panels=(LAG, BEHIND, WAITING, LONGEST),
    collapsed=True,
)
