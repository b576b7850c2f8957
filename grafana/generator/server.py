"""What a server says of itself, and what its host does."""

from typing import Final

from grafana.generator.panel import Board
from grafana.generator.server_clients import CLIENTS_ROW, REFUSED_ROW
from grafana.generator.server_facts import FACTS_ROW, SETTINGS_ROW
from grafana.generator.server_host import HOST_ROW
from grafana.generator.server_limits import LIMITS_ROW
from grafana.generator.server_load import LOAD_ROW
from grafana.generator.server_pooler import POOLER_ROW

SERVER: Final = Board(
    name="server",
    title="Server",
    reads="What does the server say of itself: is it full, whom does it turn away, what is it at work on?",
    rows=(FACTS_ROW, LIMITS_ROW, CLIENTS_ROW, LOAD_ROW, SETTINGS_ROW, REFUSED_ROW, POOLER_ROW, HOST_ROW),
    one=True,
)
