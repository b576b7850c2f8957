"""The probes: one file each, and this tuple is all that knows them."""

from typing import Any

from exporter.probes import path, ping, session, tcp
from exporter.probes.kind import Kind, Metered

KINDS: tuple[Kind[Any] | Metered[Any], ...] = (ping.KIND, path.KIND, tcp.KIND, session.KIND)
