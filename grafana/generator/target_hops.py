"""The hops on the way to the target, as `mtr` shows them."""

from typing import Final

from grafana.generator import words
from grafana.generator.palette import CRITICAL, GOOD, QUIET, Colour
from grafana.generator.panel import Column, Lines, Query, Table, Timeline, Word
from grafana.generator.questions import EACH, MOMENT, PER_MINUTE, RANGE
from grafana.generator.target_panels import failures

RTT: Final = "conndrop_path_hop_rtt_seconds"
WHO_STANDS: Final = EACH.latest("conndrop_path_hop_info", "ttl", "address", "hostname", "network")
KNOWN: Final = EACH.latest("conndrop_path_hop_info", "ttl")
SELDOM: Final = EACH.latest("conndrop_path_hop_rate_limited", "ttl")

MEANS: Final = {
    0: Word(text="passes packets on", colour=QUIET),
    1: Word(text="answers seldom: no loss", colour=QUIET),
    2: Word(text="loss began here", colour=CRITICAL),
    3: Word(text="the database", colour=GOOD),
    4: Word(text="never answers", colour=QUIET),
}


def _hop_of(gauge: str, means: int) -> str:
    """Turn a value that is a hop's number, for most of the time, into the label that tells hops apart."""
    mostly = f"floor(quantile_over_time(0.5, {gauge}{{<of>}}[$__range]))"
    return f'0 * count_values {EACH.each()} ("ttl", {mostly}) + {means}'


def _lost(span: str) -> str:
    return EACH.share("conndrop_path_hop_lost_total", "conndrop_path_hop_sent_total", "ttl", span=span)


def _in_order(expr: str) -> str:
    """Have hops follow each other by a label in place of `ttl`, before all others: 02 comes before 10."""
    short = f'label_replace({expr}, "_hop", "0$1", "ttl", "(.)")'
    return f'max without (ttl) (label_replace({short}, "_hop", "$1", "ttl", "(..)"))'


SENT: Final = EACH.grown("conndrop_path_hop_sent_total", "ttl")
SILENT: Final = f"{SENT} > on (vantage, target) group_left () 0.5 * max {EACH.each()} ({SENT})"
"""Hops that are asked as often as others; what is sent beyond the target when it is silent is little."""
MEANING: Final = (
    f"{_hop_of('conndrop_path_loss_start_ttl', 2)}"
    f" or {SELDOM}"
    f" or {_hop_of('conndrop_path_hops', 3)}"
    f" or 0 * (({SILENT}) and on (vantage, target) {KNOWN} unless {KNOWN}) + 4"
    f" or 0 * {KNOWN}"
)


def _on_way(title: str, expr: str, unit: str, *, decimals: int | None = None) -> Column:
    """Ask about the hops that are on the way now."""
    kept = f"{expr} and ({KNOWN} or {SILENT})"
    return Column(title=title, expr=kept, unit=unit, decimals=decimals, width=90)


PATH: Final = Table(
    number=30,
    title="The way, hop by hop",
    reads="One line for each router on the way, from the nearest to the database, as `mtr` writes it. Read "
    "`What it means` first: a router that does not answer need not lose what it passes on, loss is real "
    "where it goes on to the last line. Who stands there is of now, all else of the time range: choose that "
    "of an incident. The delays are those of the rounds that were scraped.",
    unit="short",
    width=24,
    height=10,
    labels={
        "ttl": "Hop",
        "address": "Address",
        "hostname": "Host name",
        "network": "Network",
        "target": "Target",
        "vantage": "Vantage",
    },
    numbers=("ttl",),
    sort="Hop",
    columns=(
        # First, so that several addresses of one hop have whole lines.
        Column(
            title="Known",
            expr=WHO_STANDS,
            hidden=True,
        ),
        Column(title="What it means", expr=f"({MEANING}) and ({KNOWN} or {SILENT})", words=MEANS, width=190),
        _on_way("Loss", _lost(RANGE), "percentunit", decimals=1),
        _on_way("Sent", f"{SENT} > 0", "short", decimals=0),
        _on_way("Last", EACH.latest(RTT, "ttl"), "s"),
        _on_way("Best", f"min {EACH.each('ttl')} (min_over_time({EACH.series(RTT)}[$__range]))", "s"),
        _on_way("Average", f"avg {EACH.each('ttl')} (avg_over_time({EACH.series(RTT)}[$__range]))", "s"),
        _on_way("Worst", f"max {EACH.each('ttl')} (max_over_time({EACH.series(RTT)}[$__range]))", "s"),
    ),
)
OVER_TIME: Final = (
    Timeline(
        number=38,
        title="Who stands on the way, and when",
        reads="A band for each router while it stands at its hop. Where one band ends and another of the "
        "same hop begins, the route has changed; a gap in all of them is a time in which nothing could be "
        "asked.",
        unit="short",
        width=24,
        height=9,
        words={1: Word(text="here", colour=Colour.SKY)},
        queries=(
            Query(
                expr=_in_order(WHO_STANDS),
                legend=EACH.legend("hop {{_hop}}: {{address}} {{hostname}} {{network}}"),
            ),
        ),
    ),
    Lines(
        number=31,
        title="Loss by hop",
        reads="Share of probes that each hop left unanswered. Real loss is a bundle: the hop at which it "
        "begins and all behind it rise together. One line alone is a router with little time. Those known to "
        "answer seldom, or never, are left out.",
        unit="percentunit",
        height=9,
        most=1,
        queries=(
            Query(
                expr=_in_order(f"{_lost(MOMENT)} and {KNOWN} unless {SELDOM}"),
                legend=EACH.legend("hop {{_hop}}"),
            ),
        ),
    ),
    Lines(
        number=32,
        title="Delay by hop",
        reads="How long each hop took to answer in the latest round. Where the way gets slow, the hop at "
        "which that begins and all behind it rise together; a hop that rises alone takes its time to answer, "
        "and nothing else.",
        unit="s",
        height=9,
        queries=(Query(expr=_in_order(EACH.latest(RTT, "ttl")), legend=EACH.legend("hop {{_hop}}")),),
    ),
    Lines(
        number=33,
        title="Where loss begins",
        reads="The number of the first hop from which loss goes on to the database, while there is such "
        "loss: the hop to write about, and the one before it. The other line is how many hops away the "
        "database is: a step that stays is another route, a peak a round whose last packet was lost.",
        width=10,
        unit="none",
        decimals=0,
        steps=True,
        queries=(
            Query(
                expr=EACH.latest("conndrop_path_loss_start_ttl"),
                legend=EACH.legend("loss begins"),
                colour=Colour.VERMILION,
            ),
            Query(
                expr=EACH.latest("conndrop_path_hops"),
                legend=EACH.legend("the database"),
                colour=Colour.BLUE,
            ),
        ),
    ),
    Lines(
        number=34,
        title="Changes of the route",
        reads="Times that another router stood on the way for two rounds. One change with a new delay "
        "explains a step in the round trips; many in a row are a route that cannot settle.",
        width=7,
        unit="short",
        decimals=0,
        bars=True,
        most=1,
        queries=(Query(expr=EACH.events("conndrop_path_changes_total"), legend=EACH.named),),
    ),
    failures(
        35,
        "Rounds along the way that fail",
        "Share of rounds that could not be made, or that a router refused. While they fail, nothing is said "
        "of hops.",
        ("conndrop_path_failures_total", "conndrop_path_rounds_total"),
        width=7,
    ),
)
VANISH: Final = Timeline(
    number=39,
    title="Do large packets vanish?",
    reads="Yes is a black hole: small packets pass, larger ones vanish, and no router says why. Sessions "
    "get in, and hang with the first large answer.",
    unit="short",
    width=14,
    height=4,
    words=words.ALARMING,
    queries=(Query(expr=EACH.latest("conndrop_path_mtu_blackhole"), legend=EACH.named),),
)
SIZE: Final = (
    Lines(
        number=36,
        title="Largest packet that passes, in bytes",
        reads="1500 is usual; tunnels leave less. A step downward is a narrower way: harmless while routers "
        "say so, and fatal for large answers where nobody does. A gap is a host that answered nothing.",
        unit="none",
        decimals=0,
        steps=True,
        least=None,
        queries=(
            Query(
                expr=EACH.least("conndrop_path_mtu_bytes"),
                legend=EACH.named,
            ),
        ),
    ),
    Lines(
        number=37,
        title="Looks for the largest packet that fail",
        reads="How many a minute failed, or found a black hole (`net.mtu_blackhole`), by the cause seen "
        "then.",
        unit=PER_MINUTE,
        queries=(
            Query(
                expr=EACH.a_minute("conndrop_path_mtu_failures_total"),
                legend=EACH.legend("all"),
                colour=Colour.GREY,
                dashed=True,
            ),
            Query(
                expr=f"{EACH.a_minute('conndrop_path_mtu_failures_total', 'cause')} > 0",
                legend=EACH.legend("{{cause}}"),
            ),
        ),
    ),
)
