"""The target's name, and who resolves it."""

from typing import Final

from grafana.generator import lines
from grafana.generator.palette import Colour
from grafana.generator.panel import Limits, Lines, Query
from grafana.generator.quantiles import HALF, NEARLY_ALL, spread
from grafana.generator.questions import EACH
from grafana.generator.target_panels import failures

RESOLVER: Final = "conndrop_dns_resolver"

NAMED: Final = "A host that the target's URL gives as an address has no name to resolve."

NAME: Final = (
    lines.delays(
        40,
        "What resolving the name takes",
        "Time until the system has resolved the database's name, as an application has to wait for it. A few "
        "milliseconds are usual. Steps of 5 seconds are a name server that does not answer, and another that "
        "is asked after it.",
        spread(EACH, "conndrop_dns_seconds", HALF, NEARLY_ALL),
        only=NAMED,
    ),
    failures(
        41,
        "Names that cannot be resolved",
        "Share of resolutions that failed, and of what. Without the name no new session begins; those that "
        "there are go on.",
        ("conndrop_dns_failures_total", "conndrop_dns_queries_total"),
        limits=Limits(warning="<name_failures>"),
        only=NAMED,
    ),
    Lines(
        number=42,
        title="Addresses of the name, and when they change",
        reads="How many addresses the name has, and a bar where they became others. A single change is a "
        "move or a failover: pools still go to the old address until their connections are renewed.",
        unit="short",
        decimals=0,
        steps=True,
        only=NAMED,
        queries=(
            Query(
                expr=EACH.latest("conndrop_dns_answers"),
                legend=EACH.legend("addresses"),
                colour=Colour.BLUE,
            ),
            Query(
                expr=EACH.events("conndrop_dns_answer_changes_total"),
                legend=EACH.legend("changes"),
                colour=Colour.VERMILION,
            ),
        ),
    ),
    Lines(
        number=43,
        title="Each name server: what an answer takes",
        reads="Each name server is asked directly, too: 95 of 100 answers came within this time. It shows "
        "which of them is slow while the system hides that by asking another.",
        unit="s",
        only=NAMED,
        queries=(
            Query(
                expr=EACH.quantile(0.95, f"{RESOLVER}_seconds", "resolver"),
                legend=EACH.legend("{{resolver}}"),
            ),
        ),
    ),
    Lines(
        number=44,
        title="Each name server: questions that fail",
        reads="Share of direct questions to each name server that had no good answer.",
        unit="percentunit",
        only=NAMED,
        queries=(
            Query(
                expr=EACH.share(f"{RESOLVER}_failures_total", f"{RESOLVER}_queries_total", "resolver"),
                legend=EACH.legend("{{resolver}}"),
            ),
        ),
    ),
    Lines(
        number=45,
        title="Each name server: how long its answer may be kept",
        reads="What is left to the answer's time to live. It runs down and begins anew; it is how long a "
        "move of the name may go unnoticed.",
        unit="s",
        only=NAMED,
        queries=(
            Query(
                expr=EACH.latest(f"{RESOLVER}_answer_ttl_seconds", "resolver"),
                legend=EACH.legend("{{resolver}}"),
            ),
        ),
    ),
)
