"""Connections that dropped: how, why, and how old they were."""

from typing import Final

from grafana.generator.connections_held import AGES
from grafana.generator.palette import IN_TURN, PROBES
from grafana.generator.panel import Column, Heat, Lines, Query, Row, Table
from grafana.generator.questions import ALL, EACH, MOMENT, PER_MINUTE, RANGE, SURPRISING

DROPS: Final = "conndrop_drops_total"
ENDS: Final = {
    "fin": "closed without a word",
    "error": "closed with a word",
    "rst": "reset",
    "silence": "silent",
}


BY_PROBE: Final = Lines(
    number=12,
    title="Drops, by probe",
    reads="Drops a minute. The sentinel's connections are busy: where they drop, it was not for silence. "
    "Where only the pool's do, they rested for too long. Those of the idle probe, grey, are meant to drop, "
    "and no trouble.",
    unit=PER_MINUTE,
    bars=True,
    stacked=True,
    queries=tuple(
        Query(
            expr=EACH.a_minute(f"{AGES}_count", having=f'probe="{probe}"'),
            legend=EACH.legend(probe),
            colour=colour,
        )
        for probe, colour in PROBES.items()
    ),
)
BY_END: Final = Lines(
    number=13,
    title="Drops, by how they ended",
    reads="Drops a minute. Closed with a word is the server's own doing, and the word says why. Reset, or "
    "closed without a word, is a server that died or something between. Silent is a path that leads nowhere "
    "any more: a firewall that forgot the connection, a cable, a host that is gone.",
    unit=PER_MINUTE,
    bars=True,
    stacked=True,
    queries=tuple(
        Query(
            expr=EACH.a_minute(DROPS, having=f'{SURPRISING},end="{end}"'),
            legend=EACH.legend(called),
            colour=colour,
        )
        for (end, called), colour in zip(ENDS.items(), IN_TURN, strict=False)
    ),
)
BY_CAUSE: Final = Lines(
    number=14,
    title="Drops, by cause",
    reads="Drops a minute, by what a connection's end alone told at that moment; the incidents, from all "
    "evidence together, have the last word. The same cause at the same hours, or after the same time, is "
    "what to look for.",
    unit=PER_MINUTE,
    bars=True,
    stacked=True,
    empty="A bar appears with the first drop in the time range.",
    queries=(
        Query(
            expr=f"{EACH.a_minute(DROPS, 'cause', having=SURPRISING)} > 0",
            legend=EACH.legend("{{cause}}"),
        ),
    ),
)
ENDED: Final = Table(
    number=15,
    title="Drops within the time range",
    reads="The commonest first. Read it as: what ended (idle connections are meant to), how it ended, and "
    "what that looked like then to the connection alone: the incidents have the last word. One line that "
    "stands out is the thing to mend. The first drop of a cause that nobody has foreseen is counted above "
    "only.",
    unit="short",
    decimals=0,
    labels={"target": "Target", "vantage": "Vantage", "probe": "Held by", "end": "End", "cause": "Seen as"},
    sort="-Drops",
    empty="A line appears with the first drop in the time range.",
    columns=(
        Column(title="Drops", expr=f"{EACH.grown(DROPS, 'probe', 'end', 'cause')} > 0", decimals=0, width=80),
    ),
)
AGED: Final = Table(
    number=17,
    title="Age at death within the time range",
    reads="How many dropped, and below which ages were 10, 50 and 90 of 100 of them. Three ages that are "
    "nearly the same are a time limit; ages that are far from each other are events. Of the idle probe it "
    "is how long they were silent.",
    unit="s",
    labels={"target": "Target", "vantage": "Vantage", "probe": "Held by"},
    sort="Target",
    empty="A line appears with the first drop in the time range.",
    columns=(
        Column(title="Drops", expr=f"{EACH.grown(f'{AGES}_count', 'probe')} > 0", decimals=0, width=80),
        *(
            Column(
                title=f"{share:.0%}",
                expr=EACH.quantile(share, AGES, "probe", span=RANGE),
                unit="s",
                width=90,
            )
            for share in (0.1, 0.5, 0.9)
        ),
    ),
)
OLD: Final = Heat(
    number=16,
    title="How old they were when they dropped",
    reads="Each field is how many connections of that age dropped at that time, of all targets that are "
    "chosen. A level row is an age at which something ends them, however busy they are; a column across all "
    "ages is one event that took all of them at once. Idle connections are left out.",
    unit="s",
    expr=ALL.grown(f"{AGES}_bucket", "le", having=SURPRISING, span=MOMENT),
)
DROPPED: Final = Row(
    number=102,
    title="How they drop",
    panels=(BY_PROBE, BY_END, BY_CAUSE, OLD, ENDED, AGED),
)
