"""The probes: one file each, and this tuple is all that knows them."""

from typing import Any

from exporter.probes import dns, idle, mtu, path, ping, pool, sentinel, server, session, tcp, tls
from exporter.probes.kind import Kind, Metered, Standing

KINDS: tuple[Kind[Any] | Metered[Any] | Standing[Any], ...] = (
    ping.KIND,
    path.KIND,
    mtu.KIND,
    dns.KIND,
    tcp.KIND,
    tls.KIND,
    session.KIND,
    sentinel.KIND,
    idle.KIND,
    server.KIND,
    pool.KIND,
)
