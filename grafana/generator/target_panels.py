"""Panels that the target's dashboard has more than one of."""

from grafana.generator.palette import Colour
from grafana.generator.panel import Limits, Lines, Query
from grafana.generator.questions import EACH, MOMENT


def failures(
    number: int,
    title: str,
    reads: str,
    counters: tuple[str, str],
    *,
    limits: Limits | None = None,
    width: int = 12,
    span: str = MOMENT,
    only: str = "",
) -> Lines:
    """Draw what share of all failed, and of what cause; `counters` are of those that did, and of all."""
    return Lines(
        number=number,
        title=title,
        reads=reads,
        unit="percentunit",
        width=width,
        limits=limits or Limits(),
        only=only,
        queries=(
            Query(
                expr=EACH.share(*counters, span=span),
                legend=EACH.legend("all"),
                colour=Colour.GREY,
                dashed=True,
            ),
            Query(expr=_by_cause(*counters, span), legend=EACH.legend("{{cause}}")),
        ),
    )


def _by_cause(part: str, whole: str, span: str) -> str:
    """Ask for the share of each cause that there was; the whole has none."""
    some, everything = EACH.grown(part, "cause", span=span), EACH.grown(whole, span=span)
    return f"{some} / on ({', '.join(EACH.by)}) group_left () {everything} > 0"
