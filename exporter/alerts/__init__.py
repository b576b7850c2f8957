"""Alert rules for Prometheus, and the runbooks that they link to."""

from typing import Final

from exporter.alerts.application import APPLICATION
from exporter.alerts.compat import COMPAT
from exporter.alerts.connections import CONNECTIONS
from exporter.alerts.incidents import INCIDENTS
from exporter.alerts.itself import ITSELF
from exporter.alerts.listed import defaults, listing
from exporter.alerts.names import NAMES
from exporter.alerts.network import NETWORK
from exporter.alerts.printed import printed, printed_for_operator
from exporter.alerts.records import RECORDS
from exporter.alerts.rule import Book
from exporter.alerts.runbooks import manuscripts, runbooks
from exporter.alerts.server import SERVER
from exporter.alerts.thresholds import Thresholds
from exporter.alerts.vantages import VANTAGES

BOOK: Final[Book] = {
    "conndrop-records.yml": RECORDS,
    "conndrop-incidents.yml": INCIDENTS,
    "conndrop-vantages.yml": VANTAGES,
    "conndrop-network.yml": NETWORK,
    "conndrop-names.yml": NAMES,
    "conndrop-connections.yml": CONNECTIONS,
    "conndrop-server.yml": SERVER,
    "conndrop-application.yml": APPLICATION,
    "conndrop-exporter.yml": ITSELF,
    **COMPAT,
}
"""All files of rules."""

__all__ = [
    "BOOK",
    "Thresholds",
    "defaults",
    "listing",
    "manuscripts",
    "printed",
    "printed_for_operator",
    "runbooks",
]
