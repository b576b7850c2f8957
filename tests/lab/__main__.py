"""The lab by hand: `make lab` builds the site, says how to use it, and takes commands until it is to quit.

Arguments are names of databases, such as `postgresql mariadb`; without any, all that are installed run.
"""

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.lab.menu import Menu, usage
from tests.lab.site import Site
from tests.lab.ward import Ward
from tests.servers import Certificates, Database, MariaDb, MySql, Postgres, ServerMissing

KINDS: tuple[type[Database], ...] = (Postgres, MariaDb, MySql)
GUIDE = """
Run a program as the client, from another terminal, with
  nsenter --net={client} PROGRAM
Commands, for one database at a time:
{commands}
"""


def main() -> int:
    """Hold the lab open, and return the exit status."""
    if os.geteuid():
        sys.stderr.write("The lab needs root, for its networks.\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    directory = Path(tempfile.mkdtemp(prefix="conndrop-certificates-"))
    with Ward([], [directory]), contextlib.suppress(KeyboardInterrupt):
        directory.chmod(0o755)  # the servers run as somebody else
        certificates = Certificates(directory)
        with Site(certificates, *installed(certificates)) as site, contextlib.closing(Menu(site)) as menu:
            for name in site.databases:
                say(site.url(name))
            say(GUIDE.format(client=site.client.path, commands=usage()))
            take(menu)
    return 0


def installed(certificates: Certificates) -> list[type[Database]]:
    """Give the kinds of servers that are on this machine, and say which are not."""
    found = []
    for kind in (kind for kind in KINDS if not sys.argv[1:] or kind.name in sys.argv[1:]):
        try:
            kind(certificates).stop()
        except ServerMissing as missing:
            say(str(missing))
        else:
            found.append(kind)
    return found


def take(menu: Menu) -> None:
    """Obey what is typed until it is `quit`, or nothing more can be."""
    say("> ", end="")
    for line in sys.stdin:
        if line.strip() == "quit":
            return
        say(f"{menu.obey(line)}\n> ", end="")


def say(text: str, end: str = "\n") -> None:
    """Say it at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
