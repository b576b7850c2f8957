"""All dashboards."""

from typing import Final

from grafana.generator.application import APPLICATION
from grafana.generator.connections import CONNECTIONS
from grafana.generator.itself import EXPORTER
from grafana.generator.overview import OVERVIEW
from grafana.generator.panel import Board
from grafana.generator.server import SERVER
from grafana.generator.target import TARGET
from grafana.generator.vantages import VANTAGES

BOARDS: Final[tuple[Board, ...]] = (OVERVIEW, TARGET, CONNECTIONS, SERVER, VANTAGES, APPLICATION, EXPORTER)
"""In the order in which they link to each other."""
