"""Where a target is, and the secret that opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MASK = "<secret>"


class SecretUnreadable(Exception):
    """A secret's source cannot be read; the text names the source, never the value."""


class Secret:
    """A password that no text shows: only `reveal` gives it away.

    A file is read anew each time, so that a rotated credential is picked up without a restart.
    """

    __slots__ = ("_read", "source")

    def __init__(self, read: Callable[[], str], source: str) -> None:
        self._read = read
        self.source = source

    @classmethod
    def literal(cls, value: str, source: str) -> "Secret":
        """Hold `value` itself; `source` says where it came from."""
        return cls(lambda: value, source)

    @classmethod
    def file(cls, path: Path) -> "Secret":
        """Read the secret from `path`; one newline at its end does not belong to it.

        Only a regular file will do: opening a pipe could block for ever.
        """

        def read() -> str:
            try:
                if not path.is_file():
                    raise SecretUnreadable(f"{path} is not a regular file")
                return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                raise SecretUnreadable(f"{path}: {reason}") from None

        return cls(read, f"file {path}")

    def reveal(self) -> str:
        """Give the secret itself; raise SecretUnreadable if its source is gone."""
        return self._read()

    def mask(self, text: str) -> str:
        """Replace the secret wherever a peer has echoed it in `text`."""
        try:
            value = self._read()
        except SecretUnreadable:
            return text
        return text.replace(value, MASK) if value else text

    def __repr__(self) -> str:
        return f"Secret({self.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One database endpoint as the application reaches it.

    `dialect` is `postgresql`, `mysql` or `mariadb`; `params` are the parameters of the URL, in the
    words of the database's own driver.
    """

    dialect: str
    host: str
    port: int
    user: str
    password: Secret | None
    database: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint with the name people know it by."""

    name: str
    endpoint: Endpoint
    labels: Mapping[str, str] = field(default_factory=dict)
