"""Where a target is, and the secret that opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MASK = "<secret>"
SHORTEST_MASKED = 6


class SecretUnreadable(Exception):
    """A secret's source cannot be read; the text names the source, never the value."""


class Secret:
    """A password that no text shows: only `reveal` gives it away.

    A file is read anew each time, so that a rotated credential is picked up without a restart. Two of them
    are equal if they come from the same source, and that holds the same as far as it has been read for good.
    """

    __slots__ = ("_held", "_known", "_read", "source")

    def __init__(self, read: Callable[[], str], source: str, *, held: str = "") -> None:
        self._read = read
        self._held = held
        self._known = ""
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.source, self._held) == (other.source, other._held)

    def __hash__(self) -> int:
        return hash((self.source, self._held))

    @classmethod
    def literal(cls, value: str, source: str) -> "Secret":
        """Hold `value` itself; `source` says where it came from. Raises SecretUnreadable if it is no text."""
        _sound(value, source)
        return cls(lambda: value, source, held=value)

    @classmethod
    def file(cls, path: Path) -> "Secret":
        """Read the secret from `path`; one newline at its end does not belong to it.

        Only a regular file will do: opening a pipe could block for ever.
        """

        def read() -> str:
            try:
                if not path.is_file():
                    raise SecretUnreadable(
                        f"{path} {'is not a regular file' if path.exists() else 'does not exist'}"
                    )
                value = path.read_text(encoding="utf-8-sig").removesuffix("\n").removesuffix("\r")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                raise SecretUnreadable(f"{path}: {reason}") from None
            _sound(value, str(path))
            return value

        return cls(read, f"file {path}")

    def reveal(self) -> str:
        """Give the secret itself; raise SecretUnreadable if its source is gone."""
        self._known = self._read()
        return self._known

    def mask(self, text: str) -> str:
        """Replace the secret, as it was revealed last, wherever a peer has echoed it in `text`.

        One of fewer than six characters is left alone: masking a word as short as that would tell it.
        """
        value = self._known
        if len(value) < SHORTEST_MASKED:
            return text
        # A driver may have decoded the echo in another way than we encoded the secret.
        raw = value.encode()
        for shape in {value, raw.decode("ascii", "replace"), raw.decode("latin-1")}:
            text = text.replace(shape, MASK)
        return text

    def __repr__(self) -> str:
        return f"Secret({self.source})"


def _sound(value: str, source: str) -> None:
    """Refuse what no database takes as a password, before a driver meets it."""
    if not value:
        raise SecretUnreadable(f"{source}: is empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SecretUnreadable(f"{source}: not UTF-8 text") from None
    if "\0" in value:
        raise SecretUnreadable(f"{source}: has a zero byte in it")


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
    params: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint with the name people know it by."""

    name: str
    endpoint: Endpoint
    labels: Mapping[str, str] = field(default_factory=dict)
