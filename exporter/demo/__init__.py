"""`conndrop demo`: an application whose connections drop, and the exporter that finds out why.

A private PostgreSQL, a middlebox that forgets idle connections, an application that rests for longer than
that, and the exporter. All are processes of one network of their own, and gone without a trace afterwards.
"""

import json
import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from exporter import app
from exporter.demo.between import Between, between, running, standing
from exporter.demo.ending import SIGNALS, DemoError, own_directory
from exporter.demo.plan import GREETING, NAME, Plan
from exporter.demo.postgres import USER, Server, private_postgres
from exporter.demo.story import Ear, Story
from exporter.web.server import AddressError, ListenAddress, bind

__all__ = ["DemoError", "Plan", "run"]


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
    # A signal during the preparations must not leave anything behind either. What whoever has started us
    # has us ignore, as nohup does, stays ignored.
    heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, _leave)
    listener = _listening(listen)  # of the host's network, where whoever watches has a browser
    way = between(plan.forget, relay=plan.relay)
    say(plan.beginning(way))
    with (
        own_directory() as directory,
        private_postgres(directory, way.port, plan.server_settings(way)) as server,
        standing(way),
    ):
        configuration = directory / "exporter.yml"
        configuration.write_text(plan.configuration(way))
        daemon = app.Daemon(app.read_configuration(configuration), [listener], None, entrance, options)
        say(GREETING.format(page=daemon.urls[0], name=NAME, process=server.process))
        with _told(plan, way, server, say) as story:
            signal.setitimer(signal.ITIMER_REAL, plan.seconds or 0.0)
            app.run(daemon, heeded, end_within=math.inf)  # what it has begun must not stay behind
    say(story.end())


def _leave(*_: object) -> None:
    """End, and let no other signal come between what is taken away then, whichever thread it is sent to."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _listening(addresses: Sequence[ListenAddress]) -> socket.socket:
    """Listen on the first of the addresses that can be had."""
    refused = "no address to listen on"
    for address in addresses:
        try:
            return bind([address])[0]
        except AddressError as error:
            refused = str(error)
    raise DemoError(refused)


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
        story = Story(
            partial(_say_or_end, say), stretch=plan.stretch, heed=heed if plan.apply else None, width=width
        )
        ear = Ear(story.logged)
        ours = logging.getLogger("exporter")
        ours.addHandler(ear)
        threading.Thread(target=_listen, args=(application, story), daemon=True).start()
        try:
            yield story
        finally:
            ours.removeHandler(ear)


def _say_or_end(say: Callable[[str], None], words: str) -> None:
    try:
        say(words)
    except OSError:  # that of a terminal that is gone says so in other words than that of a pipe
        os.kill(os.getpid(), signal.SIGTERM)  # whoever read us has gone


def _listen(application: "subprocess.Popen[bytes]", story: Story) -> None:
    assert application.stdout is not None  # noqa: S101  piped
    for line in application.stdout:
        story.used(json.loads(line))
