"""Pictures of what has been measured: each a pure function from values to SVG.

All say in words what they show, and are dressed by `static/charts.css` alone.
"""

from exporter.web.charts.hop import hop
from exporter.web.charts.ladder import ladder
from exporter.web.charts.smoke import smoke
from exporter.web.charts.sparkline import sparkline
from exporter.web.charts.waterfall import waterfall

__all__ = ["hop", "ladder", "smoke", "sparkline", "waterfall"]
