"""Vantages: what each place saw, over time."""

from typing import Final

from grafana.generator import bands, lines, words
from grafana.generator.panel import Lines, Query, Timeline
from grafana.generator.places import PLACE
from grafana.generator.quantiles import HALF
from grafana.generator.questions import SESSION

UP: Final = bands.up(
    13,
    "Up by place",
    "A band for each target and place: whether the latest session got in. Down everywhere at once is the "
    "server; down from one place only is that place, or its way. A gap is an exporter that did not run, or "
    "was not scraped.",
    PLACE,
)
WHAT_HAPPENED: Final = (
    Timeline(
        number=12,
        title="Incidents by place",
        reads="A band for each place and cause that a target suffered from there. Bands below each other "
        "that begin and end together are one fault seen from several places; a band alone is a fault near "
        "its place.",
        unit="short",
        width=24,
        height=10,
        words=words.SUFFERS,
        empty="A band appears with the first incident in the time range.",
        queries=(Query(expr=PLACE.incidents("cause"), legend=PLACE.legend("{{cause}}")),),
    ),
)
BY_PLACE: Final = (
    lines.packets_lost(
        14,
        "Share of echoes without an answer, from each place. Loss on one line is on that way; loss on "
        "all is near the target.",
        PLACE,
    ),
    lines.round_trips(
        15,
        "Half of the echoes came back within this time. Each place has a level of its own; a step of "
        "one of them is a new route from there.",
        PLACE,
        HALF,
    ),
    lines.round_trips(
        16,
        "99 of 100 echoes came back within this time. A line that rises while its median stays is a "
        "way that fills up now and then.",
        PLACE,
    ),
    Lines(
        number=17,
        title="What a whole session takes, 95 of 100",
        reads="95 of 100 new sessions took no longer, from the name to the goodbye. Lines that rise together "
        "are a slow server.",
        unit="s",
        queries=(Query(expr=PLACE.quantile(0.95, SESSION), legend=PLACE.named),),
    ),
    lines.failing(
        18,
        "Share of new sessions that did not get in, got no answer, or could not say goodbye. None "
        "should. Where some fail from one place only, look at its way.",
        PLACE,
    ),
    lines.outage(
        19,
        "Share of the time in which no connection to the target could be kept. 0 is good; at 100 % "
        "this place is cut off from it.",
        PLACE,
    ),
)
