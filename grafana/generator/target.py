"""One target, from top to bottom: what is wrong with it, and where to see why."""

from typing import Final

from grafana.generator import (
    target_connect,
    target_held,
    target_hops,
    target_name,
    target_sessions,
    target_trouble,
    target_way,
)
from grafana.generator.panel import Board, Row

TARGET: Final = Board(
    name="target",
    title="Target",
    reads="The story of one database: what it suffers from, its sessions, the way to it hop by hop, its "
    "name, connects, certificates, connections",
    one=True,
    rows=(
        Row(
            number=100,
            title="What is wrong",
            panels=(*target_trouble.NOW, *target_trouble.STORY, target_held.SILENCE, target_hops.VANISH),
        ),
        Row(
            number=101,
            title="Sessions: connect, log in, ask, leave",
            panels=target_sessions.SESSIONS,
        ),
        Row(number=102, title="The way there and back", panels=target_way.WAY),
        Row(
            number=103,
            title="Hop by hop: who stands there, and where loss begins",
            panels=(target_hops.PATH, *target_hops.OVER_TIME, *target_hops.SIZE),
        ),
        Row(number=104, title="Before the session: the name", panels=target_name.NAME),
        Row(number=105, title="Before the session: the connect", panels=target_connect.CONNECT),
        Row(number=106, title="Before the session: TLS", panels=target_connect.TLS),
        Row(number=107, title="Connections that are kept", panels=target_held.CONNECTIONS),
        Row(number=108, title="The server behind it", panels=target_held.SERVER),
    ),
)
