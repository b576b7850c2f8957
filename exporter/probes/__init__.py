"""The probes: one file each, and this tuple is all that knows them."""

from typing import Any

from exporter.probes import ping, session
from exporter.probes.kind import Kind

KINDS: tuple[Kind[Any], ...] = (ping.KIND, session.KIND)
