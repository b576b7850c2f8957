"""What is to be looked at on request, and what is found out on the way."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from exporter.blackbox.lookups import Lookups
from exporter.db.dialect import Opener
from exporter.db.encryption import Encryption
from exporter.model import Page, Records, Shown
from exporter.model.allowance import Allowance
from exporter.net.phases import PhaseClock
from exporter.net.tls import TlsPolicy
from exporter.net.waiting import Stop
from exporter.probes.leftovers import Leftovers

LONGEST: Final = 1000
"""Characters of a value in a log: a peer can say as much as it likes."""


class Forbidden(Exception):
    """The configuration does not allow to look there; nothing has been sent there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One look that is wanted; `settings` are those of the prober, of its own model.

    `seconds` is the time for all of it. Without `allow` any address will do: the target is one of ours. For
    TLS there is a `policy`, and an `encryption` where a database is asked for it first; `server_name` is what
    the certificate has to be for, where that is not the host. Sessions are opened by `opener`; those that the
    server may still list go to `leftovers`. HTTP asks for `path`, at `virtual_host` if that is not the host.
    """

    prober: str
    host: str
    port: int | None
    seconds: float
    settings: Any
    resolver: Lookups
    stop: Stop
    allow: Allowance | None = None
    policy: TlsPolicy | None = None
    encryption: Encryption | None = None
    opener: Opener | None = None
    leftovers: Leftovers | None = None
    server_name: str = ""
    virtual_host: str = ""
    path: str = "/"
    encrypted: bool = False


@dataclass(slots=True)
class Trail:
    """What has been found out so far, with the log of it; the fields are those of a Look."""

    clock: PhaseClock
    names: dict[str, str]
    lookup: float | None = None
    address: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    shown: Shown | None = None
    page: Page | None = None
    records: Records | None = None
    lines: list[str] = field(default_factory=list)

    def say(self, message: str, *, level: str = "info", **fields: object) -> None:
        """Write a line of the log, as logfmt."""
        stamp = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="microseconds")
        told = {"ts": stamp.replace("+00:00", "Z"), **self.names, "level": level, "msg": message, **fields}
        self.lines.append(" ".join(f"{name}={_quoted(str(value))}" for name, value in told.items()))


def _quoted(text: str) -> str:
    """Write a value so that it stays in its line, whatever is in it."""
    plain = text.isascii() and text.isprintable() and text and not set(' "=\\') & set(text)
    return text[:LONGEST] if plain else json.dumps(text[:LONGEST])
