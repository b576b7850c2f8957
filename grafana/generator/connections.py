"""Connections that are held: why they die, and what to set."""

from typing import Final

from grafana.generator.connections_drops import DROPPED
from grafana.generator.connections_held import HELD_CONNECTIONS
from grafana.generator.connections_idle import IDLE
from grafana.generator.connections_pool import POOL
from grafana.generator.panel import Board

CONNECTIONS: Final = Board(
    name="connections",
    title="Connections",
    reads="Why do connections die that are held, after how long, and what must be set?",
    rows=(IDLE, HELD_CONNECTIONS, DROPPED, POOL),
    one=True,
)
