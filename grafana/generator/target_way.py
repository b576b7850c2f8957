"""The way to the target and back, as echoes find it."""

from typing import Final

from grafana.generator import limits, lines
from grafana.generator.palette import Colour
from grafana.generator.panel import Heat, Limits, Lines, Query
from grafana.generator.quantiles import HALF, NEARLY_ALL, average, spread
from grafana.generator.questions import ALL, EACH, PER_MINUTE, RTT

VARIATION: Final = "conndrop_ping_rtt_variation_seconds"
ODD: Final = {
    "duplicates": ("came twice", Colour.PURPLE),
    "reordered": ("overtaken", Colour.SKY),
    "late": ("too late", Colour.ORANGE),
}
"""Counters of echoes that came back otherwise than they should, and what they are called here."""

WAY: Final = (
    Heat(
        number=20,
        title="Round trips, as smoke",
        reads="How long echoes took, as smoke: the brighter a spot, the more took so long. A sound way is "
        "one thin line. A line that rises in one step is another route, smoke above the line a queue that "
        "fills and empties, a gap is silence. Each step of the axis is twice the one below it. Of several "
        "targets or vantages the smoke is of all together.",
        unit="s",
        width=24,
        height=9,
        expr=ALL.rate(f"{RTT}_bucket", "le"),
    ),
    lines.packets_lost(
        21,
        "Share of echoes without an answer in time. Sound ways lose none; from 1 % on it is felt, "
        "since what is lost has to be waited for and sent again.",
        EACH,
        width=24,
        height=6,
    ),
    Lines(
        number=22,
        title="Round trips: average, median, 99 of 100",
        reads="What echoes took: on average, at most for half of them, and at most for 99 of 100. The dashed "
        "line is where the average becomes an alert; a step is worth a look long before that.",
        unit="s",
        width=10,
        limits=limits.LATENCY,
        queries=(average(EACH, RTT), *spread(EACH, RTT, HALF, NEARLY_ALL)),
    ),
    Lines(
        number=23,
        title="Jitter",
        reads="By how much the delay changes from one echo to the next. What goes up and down is a line that "
        "is full, or a radio link; a way that is merely long has none.",
        unit="s",
        width=7,
        limits=Limits(warning="<jitter>"),
        queries=(average(EACH, VARIATION), *spread(EACH, VARIATION, NEARLY_ALL)),
    ),
    Lines(
        number=24,
        title="Echoes that came twice, overtaken, or late",
        reads="Answers a minute that came twice, were overtaken by a later one, or came too late to count. "
        "The first two say that packets take more than one way, the last that one is blocked for a while and "
        "then goes on.",
        unit=PER_MINUTE,
        width=7,
        queries=tuple(
            Query(
                expr=EACH.a_minute(f"conndrop_ping_{counter}_total"),
                legend=EACH.legend(name),
                colour=colour,
            )
            for counter, (name, colour) in ODD.items()
        ),
    ),
)
