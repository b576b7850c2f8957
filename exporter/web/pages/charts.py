"""The charts that templates may draw, by the names that they have there."""

from collections.abc import Callable, Mapping
from typing import Final

from markupsafe import Markup

from exporter.web.charts import hop, ladder, smoke, sparkline, waterfall

CHARTS: Final[Mapping[str, Callable[..., Markup]]] = {
    chart.__name__: chart for chart in (hop, ladder, smoke, sparkline, waterfall)
}
