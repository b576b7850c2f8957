"""How the demo goes, and what it says of itself before anything has happened."""

import os
from dataclasses import dataclass
from typing import Final

from exporter.demo.between import Between
from exporter.demo.forwarding import ROUTER, SERVER
from exporter.demo.postgres import USER
from exporter.settings import format_duration

NAME: Final = "demo"
"""The target's."""
LADDER: Final = (2, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 90, 120, 180, 240, 300, 360, 480, 600)
"""Silences that are tried, in seconds; those far beyond the timeout would only take time."""
SERVER_BEAT: Final = 5.0
"""Seconds between two looks at the server, at most: its connection is not to be an idle one."""

CONFIGURATION: Final = """\
targets:
  - name: {name}
    url: postgresql://{user}@{host}:{port}/postgres
    password: {{file: password}}
    connection_budget: 14
    probes:
      session: {{interval: 5s}}
      server: {{interval: {beat}}}
      sentinel: {{heartbeat: 1s, timeout: 3s}}
      idle: {{ladder: [{ladder}], connections: 8, timeout: 3s}}
networks:
  middlebox: [{router}/32]
  database: [{database}/32]
"""

GREETING: Final = """\
  open       {page}targets/{name}
  metrics    {page}metrics

An application keeps a pool of connections, and leaves it alone for a while now and then. Watch what
it meets, and how conndrop finds out why.

  trouble    kill -INT {process}   ends the PostgreSQL: watch the page
  Ctrl-C     ends it all and leaves nothing behind.
"""

MIDDLEBOX: Final = """\
Starting a private PostgreSQL behind a middlebox that forgets what is idle for {forget} …
"""

RELAY: Final = """\
Starting a private PostgreSQL behind a relay that resets what is idle for {forget} …
"""

LIMITS: Final = """\
(A middlebox that forgets silently needs a network of the demo's own. Why there is none here:
{why};
{advice}.)
"""
USER_ADVICE: Final = "root has one"
ROOT_ADVICE: Final = "a container needs --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the demo goes; times are in seconds.

    The middlebox forgets connections that were idle for `forget`. Where `apply`, the application does what
    the exporter recommends. It ends `seconds` after all runs, or never by itself. `relay` has it do without
    a network of its own.
    """

    forget: float = 10.0
    apply: bool = False
    seconds: float | None = None
    relay: bool = False

    @property
    def rest(self) -> float:
        """How long the application leaves its pool alone: longer than is good."""
        return max(1.3 * self.forget, self.forget + 1.0)

    @property
    def stretch(self) -> float:
        """Over how long the application is compared with itself."""
        return 5 * self.rest

    def beginning(self, way: Between) -> str:
        """Say what is started."""
        told = (MIDDLEBOX if way.module == "middlebox" else RELAY).format(forget=format_duration(self.forget))
        if not way.limits:
            return told
        return told + LIMITS.format(advice=USER_ADVICE if os.geteuid() else ROOT_ADVICE, why=way.limits)

    def configuration(self, way: Between) -> str:
        """Write the exporter's configuration; the password is in a file beside it."""
        return CONFIGURATION.format(
            name=NAME,
            user=USER,
            host=way.host,
            port=way.visible,
            ladder=", ".join(f"{seconds}s" for seconds in LADDER if seconds <= 2 * self.forget),
            beat=format_duration(min(SERVER_BEAT, self.forget / 2)),
            router=ROUTER,
            database=SERVER,
        )

    def server_settings(self, way: Between) -> dict[str, object]:
        """Say how the PostgreSQL is to be: those whom the middlebox forgot must not fill it in the end."""
        return {
            "listen_addresses": way.listens,
            "tcp_keepalives_idle": round(3 * self.forget) + 20,  # too late to be remembered for it
            "tcp_keepalives_interval": 5,
            "tcp_keepalives_count": 3,
        }
