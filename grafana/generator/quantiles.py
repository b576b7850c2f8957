"""How values are spread: lines for the median, for 95 and for 99 of 100."""

from collections.abc import Mapping
from typing import Final

from grafana.generator.palette import Colour
from grafana.generator.panel import Query
from grafana.generator.questions import Subject

HALF: Final = 0.5
MOST: Final = 0.95
NEARLY_ALL: Final = 0.99
CALLED: Final[Mapping[float, tuple[str, Colour]]] = {
    HALF: ("the median", Colour.BLUE),
    MOST: ("95 of 100", Colour.PURPLE),
    NEARLY_ALL: ("99 of 100", Colour.ORANGE),
}
"""What they are called, and their colours."""


def spread(subject: Subject, histogram: str, *shares: float) -> tuple[Query, ...]:
    """Ask below what these shares of a histogram's values are."""
    return tuple(
        Query(
            expr=subject.quantile(share, histogram),
            legend=subject.legend(CALLED[share][0]),
            colour=CALLED[share][1],
        )
        for share in shares
    )


def average(subject: Subject, histogram: str) -> Query:
    """Ask for the mean beside them."""
    return Query(expr=subject.mean(histogram), legend=subject.legend("on average"), colour=Colour.GREEN)
