"""The catalogue as a page: docs/causes.md is this, word for word."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, get_args

from exporter.diagnosis.catalogue.entry import PLACE, VALUES, Entry, Family, Fix, Library, Looks
from exporter.model import Cause

LAYERS: Final = {
    "client": "The application's own host",
    "dns": "Names",
    "net": "The network",
    "middlebox": "Firewalls, NAT, load balancers",
    "proxy": "Proxies and poolers",
    "server": "The database server",
    "failover": "Failover",
    "auth": "Logins",
    "tls": "TLS",
    "unknown": "What is left",
}
"""What stands before the dot in a cause, and the heading above its causes."""
FAMILIES: Final[Mapping[Family, str]] = {"postgresql": "PostgreSQL", "mysql": "MySQL, MariaDB"}
INTRODUCTION: Final = """\
# Causes

<!-- `make causes` writes this page from exporter/diagnosis/catalogue: change it there. -->

These are all causes that conndrop-exporter names, in the words that incidents, alerts and the log use.
What stands between angle brackets, such as `<pool_recycle>`, is filled in with what was measured
([values](#values)).
"""
LIBRARIES: Final = """\
## What libraries hide

- **SQLAlchemy** wraps what a driver says: `sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) …`,
  with the driver's error in `.orig`. `connection_invalidated=True` says that the connection has ended.
- **psycopg2** throws the server's reason away when a connection ends: `server closed the connection
  unexpectedly` stands for a dozen causes. Right after the error `connection.info.error_message` still has
  the reason.
- **PyMySQL** says `2006` where it notices on writing, `2013` where it notices on reading. It shows MySQL's
  4031 (ended for inactivity) as `2013`. Whoever uses the connection again gets `InterfaceError: (0, '')`,
  and the reason is lost.
- **No driver's `connect_timeout` covers everything**: libpq's begins after the name's resolution and counts
  for each address anew; PyMySQL's ends with the TCP connect, so that without `read_timeout` a frozen server
  holds the login for ever.
"""


def page(catalogue: Mapping[Cause, Entry]) -> str:
    """Write all entries as Markdown; each has its cause as heading, and so as anchor."""
    layers = [
        (LAYERS[layer], list(entries))
        for layer, entries in groupby(catalogue.values(), key=lambda entry: entry.cause.partition(".")[0])
    ]
    parts = [INTRODUCTION, *(_contents(name, entries) for name, entries in layers), ""]
    for name, entries in layers:
        parts += [f"## {name}\n", *(_section(entry) for entry in entries)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join([*parts, LIBRARIES, _values()]))


def anchor(cause: Cause) -> str:
    """Give the anchor that GitHub makes of a cause as heading: without its dot."""
    return cause.replace(".", "")


def by_library(looks: Iterable[Looks]) -> list[Looks]:
    """Put together what each library says."""
    return sorted(looks, key=lambda each: get_args(Library).index(each.library))


def _contents(name: str, entries: Iterable[Entry]) -> str:
    lines = (f"  - {_link(entry.cause)}: {_prose(entry.title)}" for entry in entries)
    return "\n".join([f"- {name}", *lines])


def _section(entry: Entry) -> str:
    return "\n".join(
        [
            f"### {entry.cause}\n",
            f"**{_prose(entry.title)}** ({entry.severity})\n",
            f"> {_prose(entry.summary)}.\n",
            f"{_prose(entry.meaning)}\n",
            *_listed(
                "How it looks", (f"- {looks.library}: `{looks.text}`" for looks in by_library(entry.looks))
            ),
            *_listed(
                "What looks like it",
                (f"- {_link(alike.cause)}: {_prose(alike.splitter)}" for alike in entry.look_alikes),
            ),
            *_listed("What to do", (_step(number, fix) for number, fix in enumerate(entry.fixes, 1))),
        ]
    )


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """Put a heading above lines; where there are no lines, there is none."""
    found = list(lines)
    if found:
        yield "\n".join([f"{heading}:\n", *found, ""])


def _step(number: int, fix: Fix) -> str:
    family = f"*{FAMILIES[fix.family]}:* " if fix.family else ""
    lines = [f"{number}. {family}{_prose(fix.text)}" + (":" if fix.copy else "")]
    if fix.copy:
        lines += ["", "   ```", *(f"   {shown(line)}" for line in fix.copy), "   ```", ""]
    return "\n".join(lines)


def _values() -> str:
    rows = (f"| `<{name}>` | {meaning} |" for name, meaning in VALUES.items())
    return "\n".join(["## Values\n", "| | |", "|---|---|", *rows, ""])


def _link(cause: Cause) -> str:
    return f"[`{cause}`](#{anchor(cause)})"


def shown(text: str) -> str:
    """Show the places for values between angle brackets, as people write them."""
    return PLACE.sub(r"<\1>", text)


def _prose(text: str) -> str:
    """Let no character of a sentence be taken for Markdown; places for values become code."""
    escaped = re.sub(r"([\\`*<>\[\]|]|(?<!\w)_|_(?!\w))", r"\\\1", text)
    return PLACE.sub(r"`<\1>`", escaped)
