"""How a command line is read: whole options only, and what is unknown with what may have been meant."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")
PASSWORD: Final = re.compile(r":(?!//)\S*@")
"""What stands between a user's name and a host, in whatever somebody has written for a URL."""


class Parser(argparse.ArgumentParser):
    """argparse's, which neither guesses nor leaves it at "unrecognized arguments"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(  # type: ignore[override]  # typeshed's overloads
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read `args`, the words of a command within a command as well."""
        words = sys.argv[1:] if args is None else list(args)
        # Before anything else is missed, which may be what somebody meant to write.
        if unknown := [told for word in self._own(words) if (told := self._unknown(word))]:
            self.error("; ".join(unknown))
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end; a password in a URL is not repeated."""
        super().error(PASSWORD.sub(":***@", message))

    def _own(self, words: Sequence[str]) -> Iterator[str]:
        """Give the words that are options of this command: what follows the name of another is its own."""
        for word in words:
            if word == "--" or (self._subparsers is not None and not word.startswith("-")):
                return
            if word.startswith("-") and not word[1:2].isdigit() and len(word) > 1:
                yield word

    def _unknown(self, word: str) -> str:
        """Say that there is no such option; nothing where there is."""
        written = word.partition("=")[0]
        if written in self._option_string_actions or self._is_bundle(word):
            return ""
        near = get_close_matches(written, self._option_string_actions, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        return f"there is no option {written}{hint}"

    def _is_bundle(self, word: str) -> bool:
        """Whether these are several short options in one word: `-rwc100`; the last may have a value."""
        if word.startswith("--"):
            return False
        for letter in word[1:]:
            action = self._option_string_actions.get(f"-{letter}")
            if action is None:
                return False
            if action.nargs != 0:
                return True
        return True


def read_by(reader: Callable[[str], T]) -> Callable[[str], T]:
    """Have an argument read by what raises ValueError in words for people."""

    def read(text: str) -> T:
        try:
            return reader(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
