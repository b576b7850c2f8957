"""The labels that series have, as docs/metrics.md lists them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from tests.test_shipped import ROOT

DOCUMENT: Final = (ROOT / "docs" / "metrics.md").read_text()
SCRAPED: Final = frozenset({"job", "instance"})
YOURS: Final = "conndrop_target_info"
"""It has labels of the reader's own, too."""
APPLICATION: Final[Mapping[str, frozenset[str]]] = {
    "conndrop_app_checkout_seconds": frozenset({"target", "pid"}),
    "conndrop_app_connects_total": frozenset({"target", "pid"}),
    "conndrop_app_disconnects_total": frozenset({"target", "pid"}),
    "conndrop_app_errors_total": frozenset({"target", "cause", "error", "pid"}),
    "conndrop_app_invalidations_total": frozenset({"target", "reason", "pid"}),
    "conndrop_app_pool_connections": frozenset({"target", "state", "pid"}),
    "conndrop_app_retries_total": frozenset({"target", "cause", "pid"}),
}
"""Of series of an application that is instrumented."""
HISTOGRAM: Final = re.compile(r"_(bucket|sum|count)$")


def labels(series: str) -> frozenset[str] | None:
    """Give the labels of a series of ours or of an application's; None for those of others."""
    known = listed()
    name = series if series in known else HISTOGRAM.sub("", series)
    if name not in known:
        return None
    return known[name] | ({"le"} if series.endswith("_bucket") else frozenset())


@cache
def listed() -> Mapping[str, frozenset[str]]:
    """Give what the document says, the labels that come with scraping among it."""
    return {**dict(_rows()), **{name: own | SCRAPED for name, own in APPLICATION.items()}}


def _rows() -> Iterator[tuple[str, frozenset[str]]]:
    rows = re.findall(r"^\| `(conndrop_\w+)` \| \w+ \|([^|]*)\|", DOCUMENT, flags=re.MULTILINE)
    for name, cell in rows:
        yield name, SCRAPED | {"vantage"} | frozenset(re.findall(r"`(\w+)`", cell))
