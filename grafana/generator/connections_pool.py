"""A pool with the application's own settings: what it hands out, and what it lets go of."""

from typing import Final

from grafana.generator import limits, lines
from grafana.generator.palette import IN_TURN, Colour
from grafana.generator.panel import Lines, Query, Row
from grafana.generator.quantiles import HALF, MOST, NEARLY_ALL, spread
from grafana.generator.questions import EACH, PER_MINUTE

CHECKOUTS: Final = "conndrop_pool_checkouts_total"
FAILURES: Final = "conndrop_pool_checkout_failures_total"
REASONS: Final = {
    "stale": "handed out dead",
    "pre_ping": "found dead by the ping",
    "recycle": "too old",
    "pool": "no longer trusted",
}
STATES: Final = {"waiting": ("idle", Colour.ORANGE), "overflow": ("beyond its size", Colour.BLUE)}
SWITCHED: Final = "Only targets with a block `pool` in the exporter's configuration have one."

WAIT: Final = lines.delays(
    30,
    "Wait for a connection of the pool",
    "Within which time half of the checkouts had a connection, 95 of 100, and 99 of 100. Half of them "
    "wait for next to nothing where a connection stood ready; 99 of 100 as long as a whole login tells that "
    "some had to be opened, or that a ping found a dead one.",
    spread(EACH, "conndrop_pool_checkout_seconds", HALF, MOST, NEARLY_ALL),
    only=SWITCHED,
    dots=True,
)
FAIL: Final = Lines(
    number=31,
    title="Checkouts that fail",
    reads="Share of checkouts that got no connection, or a dead one: each is an error in the application, "
    "which has these settings. It should be 0.",
    unit="percentunit",
    most=1,
    dots=True,
    only=SWITCHED,
    queries=(Query(expr=EACH.share(FAILURES, CHECKOUTS), legend=EACH.named),),
)
LET_GO: Final = Lines(
    number=32,
    title="Connections that the pool lets go of, by reason",
    reads="How many a minute. Too old is pool_recycle at work, and as it should be. Found dead by the ping "
    "is what pool_pre_ping has saved the application from. Handed out dead is what it was not saved from: "
    "set pool_recycle below the timeout found, and pool_pre_ping. No longer trusted are those that "
    "SQLAlchemy throws away with a dead one.",
    unit=PER_MINUTE,
    bars=True,
    stacked=True,
    only=SWITCHED,
    queries=tuple(
        Query(
            expr=EACH.a_minute("conndrop_pool_invalidations_total", having=f'reason="{reason}"'),
            legend=EACH.legend(called),
            colour=colour,
        )
        for (reason, called), colour in zip(REASONS.items(), IN_TURN, strict=False)
    ),
)
WHY: Final = Lines(
    number=33,
    title="Checkouts that fail, by cause",
    reads="How many a minute, by what the checkout itself could see. `client.pool_exhausted` is the pool's "
    "own size; anything else is a connection that could not be opened, or was handed out dead.",
    unit=PER_MINUTE,
    bars=True,
    stacked=True,
    empty="A bar appears with the first checkout that fails.",
    only=SWITCHED,
    queries=(Query(expr=f"{EACH.a_minute(FAILURES, 'cause')} > 0", legend=EACH.legend("{{cause}}")),),
)
EXHAUSTED: Final = Lines(
    number=34,
    title="Waited in vain, within 5 minutes",
    reads="Checkouts that waited in vain for as long as pool_timeout. Any is an alert: pool_size and "
    "max_overflow are smaller than what is taken out at once, or connections are not given back.",
    unit="short",
    width=8,
    decimals=0,
    limits=limits.HAPPENED,
    only=SWITCHED,
    queries=(
        Query(
            expr=EACH.grown(FAILURES, having='cause="client.pool_exhausted"', span="5m"),
            legend=EACH.named,
        ),
    ),
)
TAKEN: Final = Lines(
    number=35,
    title="Checkouts",
    reads="How often a minute the pool is used. It rests for longer and longer, as an application does at "
    "night, so a line that falls in steps and begins anew is as it should be.",
    unit=PER_MINUTE,
    width=8,
    only=SWITCHED,
    queries=(Query(expr=EACH.a_minute(CHECKOUTS), legend=EACH.named),),
)
STANDING: Final = Lines(
    number=36,
    title="Connections of the pool, by state",
    reads="What is idle in the pool after it was used, and what was taken out beyond its size meanwhile. "
    "Fewer idle ones than pool_size allows, again and again, are connections that were let go of.",
    unit="short",
    width=8,
    steps=True,
    only=SWITCHED,
    queries=tuple(
        Query(
            expr=EACH.total("conndrop_pool_connections", having=f'state="{state}"'),
            legend=EACH.legend(called),
            colour=colour,
        )
        for state, (called, colour) in STATES.items()
    ),
)
POOL: Final = Row(
    number=103,
    title="The application's pool",
    panels=(WAIT, FAIL, LET_GO, WHY, EXHAUSTED, TAKEN, STANDING),
)
