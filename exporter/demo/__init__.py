"""`conndrop demo`: an application whose connections drop, and the exporter that finds out why.

A private PostgreSQL, a middlebox that forgets idle connections, an application that rests for longer than
that, and the exporter. All are processes of one network of their own, and gone without a trace afterwards.
"""

import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from exporter import app
from exporter.demo.between import Between, between, running, standing
from exporter.demo.ending import SIGNALS, DemoError, own_directory
from exporter.demo.postgres import USER, Server, private_postgres
from exporter.demo.story import Ear, Story
from exporter.settings import format_duration
from exporter.web.server import AddressError, ListenAddress, bind

__all__ = ["DemoError", "Plan", "run"]

NAME: Final = "demo"
"""The target's."""
GOODBYE: Final = 1.0
"""Seconds that the application gets to end by itself."""
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
      idle: {{ladder: {ladder}, connections: 8, timeout: 3s}}
networks:
  middlebox: [10.54.0.254/32]
  database: [10.54.0.2/32]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the demo goes; times are in seconds.

    The middlebox forgets connections that were idle for `forget`. Where `apply`, the application does what
    the exporter recommends. It ends after `seconds`, or never by itself. `relay` has it do without a network
    of its own.
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


def run(
    plan: Plan,
    listen: Sequence[ListenAddress],
    say: Callable[[str], None],
    entrance: app.Entrance,
    options: app.Options,
) -> None:
    """Run everything until one of SIGNALS; listens on the first free address.

    Raises DemoError when something it needs is missing.
    """
    # A signal during the preparations must not leave anything behind either.
    for number in SIGNALS:
        signal.signal(number, lambda *_: sys.exit(0))
    if plan.seconds is not None:
        signal.setitimer(signal.ITIMER_REAL, plan.seconds)
    listener = _listening(listen)  # of the host's network, where whoever watches has a browser
    way = between(plan.forget, relay=plan.relay)
    say(_beginning(plan, way))
    with own_directory() as directory:
        settings = {
            "listen_addresses": way.listens,
            # Who was forgotten is not to fill the server, and nobody is to be kept awake by it.
            "tcp_keepalives_idle": round(3 * plan.forget) + 20,
            "tcp_keepalives_interval": 5,
            "tcp_keepalives_count": 3,
        }
        with private_postgres(directory, way.port, settings) as server, standing(way):
            configuration = directory / "exporter.yml"
            configuration.write_text(_configuration(plan, way))
            daemon = app.Daemon(
                app.read_configuration(configuration), [listener], entrance=entrance, options=options
            )
            say(_greeting(daemon.urls[0], server))
            with _told(plan, way, server, say) as story:
                app.run(daemon, SIGNALS)
    story.end()


def _listening(addresses: Sequence[ListenAddress]) -> socket.socket:
    """Listen on the first of the addresses that can be had."""
    refused = "no address to listen on"
    for address in addresses:
        try:
            return bind([address])[0]
        except AddressError as error:
            refused = str(error)
    raise DemoError(refused)


def _configuration(plan: Plan, way: Between) -> str:
    rungs = [seconds for seconds in LADDER if seconds <= 2 * plan.forget]
    return CONFIGURATION.format(
        name=NAME,
        user=USER,
        host=way.host,
        port=way.visible,
        ladder=f"[{', '.join(f'{seconds}s' for seconds in rungs)}]",
        beat=format_duration(min(SERVER_BEAT, plan.forget / 2)),
    )


def _beginning(plan: Plan, way: Between) -> str:
    forgets = format_duration(plan.forget)
    if way.limits:
        return (
            f"Starting a private PostgreSQL behind a relay that resets connections idle for {forgets} …\n"
            "(For a middlebox that forgets them silently, the demo needs a network of its own: run it\n"
            f"as root. Why not here: {way.limits}.)\n"
        )
    return f"Starting a private PostgreSQL behind a middlebox that forgets what is idle for {forgets} …\n"


def _greeting(page: str, server: Server) -> str:
    return f"""\
  open       {page}targets/{NAME}
  metrics    {page}metrics

An application keeps a pool of connections, and leaves it alone for a while now and then. Watch what it
meets, and how conndrop finds out why.

  trouble    kill -INT {server.process}   ends the PostgreSQL: watch the page
  Ctrl-C     ends it all and leaves nothing behind.
"""


@contextmanager
def _told(plan: Plan, way: Between, server: Server, say: Callable[[str], None]) -> Iterator[Story]:
    """Run the application, and tell the story of it and of the exporter."""
    url = f"postgresql+psycopg2://{USER}@{way.host}:{way.visible}/postgres?application_name=application"
    words = (url, str(server.password), str(plan.rest))
    with running("application", *words, stdout=subprocess.PIPE) as application:
        assert application.stdin is not None  # noqa: S101  piped
        orders = application.stdin

        def heed(recycle: int) -> None:
            with suppress(BrokenPipeError):
                orders.write(f"{recycle}\n".encode())
                orders.flush()

        width = shutil.get_terminal_size((100, 24)).columns
        story = Story(say, stretch=plan.stretch, heed=heed if plan.apply else None, width=width)
        ear = Ear(story.logged)
        ours = logging.getLogger("exporter")
        ours.addHandler(ear)
        listening = threading.Thread(target=_listen, args=(application, story), daemon=True)
        listening.start()
        try:
            yield story
        finally:
            ours.removeHandler(ear)
            orders.close()
            listening.join(GOODBYE)


def _listen(application: "subprocess.Popen[bytes]", story: Story) -> None:
    assert application.stdout is not None  # noqa: S101  piped
    for line in application.stdout:
        story.used(json.loads(line))
