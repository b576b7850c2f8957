"""Series of other exporters that rules in `alerts/compat` are about: those of the versions that are named."""

from collections.abc import Mapping
from typing import Final

FOREIGN: Final[Mapping[str, frozenset[str]]] = {}
"""From a file of rules to the series that its exporter has."""
APPLICATION: Final = frozenset({"conndrop_app_errors_total", "conndrop_app_checkout_seconds_count"})
"""Series of an application that is instrumented; the exporter itself has none of them."""
PROMETHEUS: Final = frozenset({"up"})
"""Series that Prometheus makes itself."""
