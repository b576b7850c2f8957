"""What the variables of a dashboard select."""

from dataclasses import dataclass
from typing import Final

SCRAPED: Final = 'job=~"$job",instance=~"$instance"'
SEEN: Final = 'vantage=~"$vantage",target=~"$target"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Label matchers, to stand in braces.

    `target` is for series of one target, `origin` for those that have none, `incidents` for what the
    exporters say of the same targets. `series` is what the variables' values are taken from.
    """

    series: str
    target: str
    origin: str
    incidents: str


EXPORTERS: Final = Selection(
    series="conndrop_target_info",
    target=f"{SCRAPED},{SEEN}",
    origin=f'{SCRAPED},vantage=~"$vantage"',
    incidents=f"{SCRAPED},{SEEN}",
)
APPLICATIONS: Final = Selection(
    series="conndrop_app_checkout_seconds_count",
    target=f'{SCRAPED},target=~"$target"',
    origin=SCRAPED,
    incidents=SEEN,
)
"""Applications are scraped by jobs of their own, and have no vantage."""
