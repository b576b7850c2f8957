"""What has been learnt and is worth more than one run of the daemon: a file, written whole each time."""

import contextlib
import errno
import fcntl
import json
import logging
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

NAME: Final = "learnt.json"
LOCK: Final = ".lock"
PATIENCE: Final = 2.0
"""Seconds that another exporter may take to write what it has learnt."""
AGAIN: Final = 0.02
"""Seconds between two looks whether it has."""
Known = dict[str, dict[str, Any]]
SENSELESS: Final = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of somebody else's can end with."""
VERSION: Final = 1
LARGEST: Final = 64 * 1024 * 1024
"""Bytes; what is larger is no file of ours."""
MOST: Final = 20_000
"""Keys that are kept; of more, those go that nobody has asked for or kept for longest."""


class Memory:
    """Keeps what probes have learnt in `directory`, or for this run only if there is none.

    A file that cannot be read is put aside and told of, one that cannot be written is told of once; in
    both cases it goes on without. What was used last stands last, here and in the file. Safe to use from
    any thread.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._known: Known = {}
        self._used: set[str] = set()
        self._mine: set[str] = set()
        self._unsaved = self._complained = False
        if directory is not None:
            self._read(directory / NAME)

    def recall(self, key: str) -> dict[str, Any]:
        """Give what is known under `key`; empty if nothing is."""
        with self._lock:
            known = self._known.pop(key, None)
            if known is None:
                return {}
            self._put(key, known)
            return known

    def keep(self, key: str, known: dict[str, Any]) -> None:
        """Remember `known`, whose values are such as JSON can hold; on disk once it is saved."""
        with self._lock:
            if self._known.pop(key, None) != known:
                self._mine.add(key)
                self._unsaved = True
            self._put(key, known)

    def save(self) -> None:
        """Write down what is new; never raises."""
        if self._directory is None:
            return
        with self._writing:
            with self._lock:  # not while it is written: nobody who holds connections may wait for a disk
                used = {key: known for key, known in self._known.items() if key in self._used}
                mine, unsaved, self._unsaved = self._mine.copy(), self._unsaved, False
            if unsaved and not self._write(self._directory, used, mine):
                with self._lock:
                    self._unsaved = True

    def _put(self, key: str, known: dict[str, Any]) -> None:
        """Have it stand last, and the first no more where there are too many."""
        self._known[key] = known
        self._used.add(key)
        if len(self._known) > MOST:
            first = next(iter(self._known))
            del self._known[first]
            self._used.discard(first)
            self._mine.discard(first)

    def _read(self, path: Path) -> None:
        try:
            self._known = _stored(path)
        except SENSELESS as error:
            aside = path.with_name(f"{NAME}.unreadable")
            with contextlib.suppress(OSError):
                path.replace(aside)
            fields = {"path": path, "detail": f"{error}; put aside as {aside.name}, learning begins anew"}
            log.warning("state not readable", extra={"fields": fields})

    def _write(self, directory: Path, used: Known, mine: set[str]) -> bool:
        """Put a new file in place of the old one, so that there is always a whole one; say if it is.

        Of what is `used` here, others may have learnt more but for what is `mine`.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=f".{NAME}.", dir=directory)
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file, (directory / LOCK).open("a") as lock:
                    _locked(lock.fileno())  # another exporter may share the directory
                    others = _others(directory / NAME)
                    latest = {key: used[key] if key in mine else others.get(key, used[key]) for key in used}
                    earlier = {key: known for key, known in others.items() if key not in used}
                    file.writelines(_written(earlier | latest))
                    file.flush()
                    os.fsync(file.fileno())
                    Path(name).replace(directory / NAME)
            except BaseException:
                Path(name).unlink()
                raise
        except OSError as error:
            if not self._complained:
                self._complained = True
                fields = {"path": directory, "detail": f"{error.strerror}; a restart will learn anew"}
                log.warning("state not writable", extra={"fields": fields})
            return False
        return True


def _locked(descriptor: int) -> None:
    """Have the lock; raises OSError if another has it for longer than PATIENCE, as one that is stopped."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(errno.EAGAIN, "another process keeps it locked") from None
            time.sleep(AGAIN)
        else:
            return


def _stored(path: Path) -> Known:
    """Read what is stored, nothing where there is no file; raise one of SENSELESS if it is none of ours."""
    if not path.exists():
        return {}
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("no file")
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError("of another version")
    return {str(key): dict(value) for key, value in content["targets"].items()}


def _written(known: Known) -> Iterator[str]:
    """Write the last of them as JSON, each in a line of its own, so that no other thread waits for all."""
    yield f'{{"version": {VERSION}, "targets": {{'
    between = "\n"
    for key in islice(known, max(0, len(known) - MOST), None):
        yield f"{between}{json.dumps(key)}: {json.dumps(known[key])}"
        between = ",\n"
    yield "\n}}\n"


def _others(path: Path) -> Known:
    """Give what others may have stored meanwhile."""
    try:
        return _stored(path)
    except SENSELESS:
        return {}
