"""The way in to our pages: a web configuration file, read anew when it or what it names has changed."""

import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from wsgiref.types import WSGIApplication

from exporter.config import ConfigurationError, load_access
from exporter.model import Access
from exporter.net.encrypted import Encrypted, shake_hands
from exporter.net.listener_tls import server_context
from exporter.web.aside import aside
from exporter.web.gate import Gate
from exporter.web.mounting import Mount, Mounted
from exporter.web.server import ListenAddress, WebServer
from exporter.web.stream import Channel

log = logging.getLogger(__name__)

AGAIN: Final = 1.0
"""Seconds after which a file that was wrong is read again: what it names may have come since."""
NOWHERE_ELSE: Final = Mount()
"""Where our pages are unless somebody says otherwise: at the root."""
FRESH = 0.1
"""Seconds after a change in which a further one may leave no trace: the kernel's stamps are coarse."""
Stamp = tuple[int, ...] | None
"""What changes with a file; None where there is none."""


@dataclass(frozen=True, slots=True)
class _State:
    """What holds, with OpenSSL's settings for it."""

    access: Access
    context: Any


class Entrance:
    """What holds now for who comes in.

    A file that is wrong after the start, or that would open what was closed, changes nothing: what held
    before goes on to hold, and the log says so once.
    """

    def __init__(
        self, path: Path | None = None, *, healthy_open: bool = False, mount: Mount = NOWHERE_ELSE
    ) -> None:
        """Read the file; raise ConfigurationError where it is wrong. Without one everybody may come in."""
        self._healthy_open = healthy_open
        self.mount = mount
        self._path = path
        self._lock = threading.Lock()
        self._stamps: dict[Path, Stamp] = {} if path is None else {path: _stamp(path)}
        self._wrong = ""
        self._read_at = time.monotonic()
        self._state = _state(Access() if path is None else load_access(path))
        if path is not None:
            self._stamps |= {file: _stamp(file) for file in self._state.access.files}

    def open(self, site: WSGIApplication, listen: Sequence[ListenAddress | socket.socket]) -> WebServer:
        """Have the pages answered there; raise AddressError where an address or socket cannot be had."""
        gate = Gate(site, lambda: self._now().access, healthy_open=self._healthy_open)
        return WebServer(listen, Mounted(gate, self.mount), self)

    @property
    def scheme(self) -> str:
        """How a URL of ours begins."""
        return "http" if self._state.access.encryption is None else "https"

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that every answer has."""
        return self._state.access.headers

    async def channel(self, sock: socket.socket) -> Encrypted | None:
        """Make TLS of a connection where that is asked for; raises OSError."""
        context = (await aside(self._now)).context
        return None if context is None else await shake_hands(sock, context)

    def admits(self, channel: Channel | None) -> bool:
        """Whether who has come in by this has shown what has to be shown now."""
        encryption = self._now().access.encryption
        shown = None if channel is None else channel.terms
        return shown == (None if encryption is None else encryption.terms)

    def _now(self) -> _State:
        # Nobody waits for whoever reads: what held before still does.
        if self._path is not None and self._lock.acquire(blocking=False):
            try:
                self._look(self._path)
            finally:
                self._lock.release()
        return self._state

    def _look(self, path: Path) -> None:
        """Read the file anew if it has changed, or if it was wrong and may be right by now."""
        stamps = {file: _stamp(file) for file in self._stamps}
        now = time.monotonic()
        if stamps == self._stamps and not (self._wrong and now >= self._read_at + AGAIN):
            return
        self._stamps, self._read_at = stamps, now
        try:
            access = load_access(path)
        except ConfigurationError as error:
            self._object("; ".join(str(problem) for problem in error.problems))
            return
        if opened := access.opens(self._state.access):
            self._object(f"{opened} would no longer protect; restart to have that")
            return
        if self._wrong or access != self._state.access:
            self._state, self._wrong = _state(access), ""
            log.info("web configuration read anew", extra={"fields": {"file": str(path)}})
        # A file that is named anew is looked at once more, in case it has changed since it was read.
        self._stamps = {file: stamps.get(file) for file in (path, *access.files)}

    def _object(self, why: str) -> None:
        if why != self._wrong:
            self._wrong = why
            fields = {"file": str(self._path), "detail": f"{why}; what was read before still holds"}
            log.error("web configuration cannot be used", extra={"fields": fields})


def _state(access: Access) -> _State:
    return _State(access, access.encryption and server_context(access.encryption))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    stamp = found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
    # What has changed just now is looked at again, whatever its stamp will be.
    return (*stamp, time.monotonic_ns()) if abs(time.time() - found.st_ctime) < FRESH else stamp
