"""The configuration, read anew while the daemon runs: by signal, by request, or when its file changes."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from exporter.config import Configuration, ConfigurationError
from exporter.config.problems import CREDENTIALS, MASKED
from exporter.config.sources import digest

log = logging.getLogger(__name__)

SETTLED: Final = 1.0
"""Seconds, at most, for which a file must stay the same before it is read: it may be half written."""
PATIENCE: Final = 30.0
"""Seconds for which a reload waits for the one before."""
ENDING: Final = 1.0
"""Seconds for which the end waits for a reload: what it begins must not run into what has ended."""
IDLE: Final = 60.0
"""Seconds after which a wait to be asked is begun anew."""


class Observer(Protocol):
    """Who is told how reloading goes."""

    def configured(self) -> None:
        """Take note that a sound configuration is in force."""
        ...

    def failed(self) -> None:
        """Take note that one was not sound, or could not be put into force."""
        ...


@contextmanager
def _unannounced() -> Iterator[None]:
    """Announce a reload to nobody."""
    yield


class Source:
    """Where the configuration comes from, and whether there is another one by now.

    That is the file itself: those that it names for targets are watched by themselves (`exporter.discovery`).
    """

    def __init__(self, path: Path, load: Callable[[Path], Configuration]) -> None:
        self.path = path
        self._load = load
        self._seen = b""

    def read(self) -> Configuration:
        """Read it; raises ConfigurationError."""
        self._seen = self._digest()  # before it is read, lest a change between the two is missed
        return self._load(self.path)

    def changed(self) -> bool:
        """Whether the file is not what it was when it was read last."""
        return self._digest() != self._seen

    def settled(self, seconds: float, wait: Callable[[float], bool]) -> bool:
        """Wait until nobody has written for so long; False when `wait` says to end."""
        before = self._digest()
        while not wait(seconds):
            now = self._digest()
            if now == before:
                return True
            before = now
        return False

    def _digest(self) -> bytes:
        return digest([self.path])


class Reloader:
    """Reads the configuration anew and has it put into force: one at a time, who comes meanwhile waits.

    `apply` puts it into force and counts what that has changed, or raises and leaves all as it was. What is
    wrong is told in the log.
    """

    def __init__(
        self,
        source: Source,
        apply: Callable[[Configuration], Mapping[str, int]],
        observer: Observer,
        announced: Callable[[], AbstractContextManager[None]] = _unannounced,
    ) -> None:
        """Take what to read and who applies it; `announced` is around each reload."""
        self._source, self._apply, self._observer = source, apply, observer
        self._announced = announced
        self._one = threading.Lock()
        self._wrong = ""
        self._ended = threading.Event()
        self._asked = threading.Event()

    def start(self, every: float | None = None) -> None:
        """Begin to answer `ask`; with `every`, look at the file after so many seconds again and again."""
        threading.Thread(target=self._work, args=(every,), name="reload", daemon=True).start()

    def stop(self) -> None:
        """Reload no more; one that is under way is waited for, but not for long."""
        self._ended.set()
        self._asked.set()
        if self._one.acquire(timeout=ENDING):
            self._one.release()

    def ask(self) -> None:
        """Have it reloaded soon, without waiting for it."""
        self._asked.set()

    def reload(self, within: float = PATIENCE) -> str:
        """Reload now, and say why that failed; empty where it did not.

        One that is under way is waited for, but no longer than so many seconds.
        """
        if not self._one.acquire(timeout=within):
            return "another reload is under way, and takes long"
        try:
            return self._reload()
        finally:
            self._one.release()

    def _work(self, every: float | None) -> None:
        while not self._ended.is_set():
            if self._asked.wait(every or IDLE):
                self._asked.clear()
                if not self._ended.is_set():
                    self.reload()
            elif every is not None:
                self._look(min(every, SETTLED))

    def _look(self, patience: float) -> None:
        """Reload when the file has changed; what was wrong is tried again, since it may be right by now."""
        if self._source.changed():
            if self._source.settled(patience, self._ended.wait):
                self.reload()
        elif self._wrong:
            with self._one:
                self._reload(self._wrong)

    def _reload(self, told: str = "") -> str:
        """Reload; what was `told` already is not told again."""
        if self._ended.is_set():
            return "the exporter is ending"
        with self._announced():
            wrong, exception = self._attempt()
        self._wrong = wrong
        if wrong:
            self._observer.failed()
            if wrong != told:
                self._tell(wrong, exception)
        else:
            self._observer.configured()
        return wrong

    def _attempt(self) -> tuple[str, Exception | None]:
        try:
            counts = self._apply(self._source.read())
        except ConfigurationError as error:
            return str(error), None
        except Exception as error:  # noqa: BLE001  what breaks here must end neither us nor what runs
            told = CREDENTIALS.sub(MASKED, str(error))
            return f"cannot be put into force: {type(error).__name__}: {told}", error
        log.info("configuration reloaded", extra={"fields": {"file": str(self._source.path), **counts}})
        return "", None

    def _tell(self, wrong: str, exception: Exception | None) -> None:
        for line in wrong.splitlines():
            fields = {"detail": line}
            log.error("configuration not reloaded; what was in force still is", extra={"fields": fields})
        if exception is not None:
            log.debug("reload broke", exc_info=exception)
