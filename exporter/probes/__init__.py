"""The probes: one file each, and this tuple is all that knows them."""

from typing import Any

from exporter.probes import dns, mtu, path, ping, session, tcp, tls
from exporter.probes.kind import Kind, Metered

KINDS: tuple[Kind[Any] | Metered[Any], ...] = (
    ping.KIND,
    path.KIND,
    mtu.KIND,
    dns.KIND,
    tcp.KIND,
    tls.KIND,
    session.KIND,
)
