"""Vantages: how far the places agree on a target, over time."""

from typing import Final

from grafana.generator import limits
from grafana.generator.palette import Colour
from grafana.generator.panel import Lines, Query, Timeline
from grafana.generator.places import (
    CAUSES,
    PLACE,
    SEEN_FROM,
    SHUT_OUT,
    SUFFERS,
    WHERE,
    apart,
    judged,
    verdict,
)
from grafana.generator.questions import LOST, RTT, SESSION, TARGET

ALONE: Final = "With one place only it is always 0."

LOOK: Final = Timeline(
    number=25,
    title="Where to look",
    reads="A band for each target and place in trouble, once its exporter and others have seen the same "
    "for a minute. The server: all of them have it. The way from there: others have none, and neither has "
    "this place with other targets, or all of its site share it. This place: others have none, and this "
    "one has it with nearly all of its targets. The rules of conndrop-vantages.yml compare them.",
    unit="short",
    width=24,
    height=6,
    words=dict(enumerate(WHERE.values(), 1)),
    empty="A band appears with trouble, where Prometheus has loaded conndrop-vantages.yml.",
    queries=(Query(expr=judged(), legend=PLACE.named),),
)
AGREEMENT: Final = (
    Timeline(
        number=5,
        title="From where trouble is seen",
        reads="A band for each target: from how many of the places it suffers from something. All places at "
        "once are the server's trouble; some are that of a way or of a place. A band that begins with some "
        "and goes on with all has a fault that spreads, or places that look at different times.",
        unit="short",
        height=6,
        words=SEEN_FROM,
        queries=(Query(expr=verdict(SUFFERS), legend=TARGET.named),),
    ),
    Timeline(
        number=6,
        title="From where sessions fail",
        reads="A band for each target: from how many of the places the latest session did not get in. Where "
        "some disagree, the server lets people in: look at what stands between it and the others.",
        unit="short",
        height=6,
        words=SEEN_FROM,
        queries=(Query(expr=verdict(SHUT_OUT), legend=TARGET.named),),
    ),
    Lines(
        number=7,
        title="Places that suffer",
        reads="How many places see an incident at a target, against how many there are (dashed). Where both "
        "lines meet, it is the server. Where the dashed line falls, an exporter has gone.",
        unit="short",
        decimals=0,
        steps=True,
        queries=(
            Query(
                expr=f"sum by (target) ({SUFFERS})", legend=TARGET.legend("suffer"), colour=Colour.VERMILION
            ),
            Query(
                expr=f"count by (target) ({SUFFERS})",
                legend=TARGET.legend("places"),
                colour=Colour.GREY,
                dashed=True,
            ),
        ),
    ),
    Lines(
        number=8,
        title="Share of the places that name a cause",
        reads="A line for each cause while an incident has it: at how many of a target's places, as a share "
        "of them. 100 % is seen from everywhere, and so at the server or right before it; less is the way "
        "of some, or one place. With one place only it is always 100 %.",
        unit="percentunit",
        most=1,
        steps=True,
        empty="A line appears with an incident.",
        queries=(Query(expr=f"avg by (target, cause) ({CAUSES}) > 0", legend=TARGET.legend("{{cause}}")),),
    ),
    Lines(
        number=9,
        title="Loss: how far apart",
        reads="Loss at the place that loses most, less that at the one that loses least. Near 0 while all "
        f"places lose nothing, or all the same; a hill is loss on the way of some. {ALONE}",
        unit="percentunit",
        width=8,
        limits=limits.LOSS,
        queries=(Query(expr=apart(PLACE.share(*LOST)), legend=TARGET.named),),
    ),
    Lines(
        number=10,
        title="Round trips: how far apart",
        reads="The median round trip from the farthest place, less that from the nearest. Places far away "
        f"are always behind; what matters is a change, for it is on the way of some only. {ALONE}",
        unit="s",
        width=8,
        queries=(Query(expr=apart(PLACE.quantile(0.5, RTT)), legend=TARGET.named),),
    ),
    Lines(
        number=11,
        title="Sessions: how far apart",
        reads="The time that 95 of 100 sessions take from the slowest place, less that from the fastest. A "
        f"server that is slow is so for all, and moves nothing here; a slow way does. {ALONE}",
        unit="s",
        width=8,
        queries=(Query(expr=apart(PLACE.quantile(0.95, SESSION)), legend=TARGET.named),),
    ),
)
