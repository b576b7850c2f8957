"""What has been learnt and is worth more than one run of the daemon: a file, written whole each time."""

import contextlib
import fcntl
import json
import logging
import os
import stat
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

NAME: Final = "learnt.json"
LOCK: Final = ".lock"
Known = dict[str, dict[str, Any]]
SENSELESS: Final = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a file of somebody else's can end with."""
VERSION: Final = 1
LARGEST: Final = 64 * 1024 * 1024
"""Bytes; what is larger is no file of ours."""


class Memory:
    """Keeps what probes have learnt in `directory`, or for this run only if there is none.

    A file that cannot be read is put aside and told of, one that cannot be written is told of once; in
    both cases it goes on without. Safe to use from any thread.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._known: Known = {}
        self._mine: set[str] = set()
        self._unsaved = self._complained = False
        if directory is not None:
            self._read(directory / NAME)

    def recall(self, key: str) -> dict[str, Any]:
        """Give what is known under `key`; empty if nothing is."""
        with self._lock:
            return self._known.get(key, {})

    def keep(self, key: str, known: dict[str, Any]) -> None:
        """Remember `known`, whose values are such as JSON can hold; on disk once it is saved."""
        with self._lock:
            if self._known.get(key) != known:
                self._known[key] = known
                self._mine.add(key)
                self._unsaved = True

    def save(self) -> None:
        """Write down what is new; never raises."""
        if self._directory is None:
            return
        with self._writing:
            with self._lock:  # not while it is written: nobody who holds connections may wait for a disk
                mine = {key: self._known[key] for key in self._mine}
                unsaved, self._unsaved = self._unsaved, False
            if unsaved and not self._write(self._directory, mine):
                with self._lock:
                    self._unsaved = True

    def _read(self, path: Path) -> None:
        try:
            self._known = _stored(path)
        except SENSELESS as error:
            aside = path.with_name(f"{NAME}.unreadable")
            with contextlib.suppress(OSError):
                path.replace(aside)
            fields = {"path": path, "detail": f"{error}; put aside as {aside.name}, learning begins anew"}
            log.warning("state not readable", extra={"fields": fields})

    def _write(self, directory: Path, mine: Known) -> bool:
        """Put a new file in place of the old one, so that there is always a whole one; say if it is."""
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=f".{NAME}.", dir=directory)
            try:
                with (directory / LOCK).open("a") as lock, os.fdopen(number, "w", encoding="utf-8") as file:
                    fcntl.flock(lock, fcntl.LOCK_EX)  # another exporter may share the directory
                    known = _others(directory / NAME) | mine
                    json.dump({"version": VERSION, "targets": known}, file, indent=1, sort_keys=True)
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


def _others(path: Path) -> Known:
    """Give what others may have stored meanwhile."""
    try:
        return _stored(path)
    except SENSELESS:
        return {}
