"""How a command line is read: whole options only, and what is unknown with what may have been meant."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")
NEGATIVE: Final = re.compile(r"-\d+(\.\d*)?")
PASSWORD: Final = re.compile(r":(?!//)\S*@")
"""What stands between a user's name and a host, in whatever somebody has written for a URL."""


class Parser(argparse.ArgumentParser):
    """argparse's, which neither guesses nor leaves it at "unrecognized arguments"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.elsewhere: Mapping[str, str] = {}
        """What to say of options that people know from a command like this one."""
        self.superfluous: Callable[[argparse.Namespace, Sequence[str]], str] = lambda _, __: ""
        """What to say of words that have no place here."""

    def parse_known_args(  # type: ignore[override]  # typeshed's overloads
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read `args`, the words of a command within a command as well."""
        words = sys.argv[1:] if args is None else list(args)
        # Before anything else is missed, which may be what somebody meant to write.
        if unknown := [told for word in self._own(words) if (told := self._unknown(word))]:
            self.error("; ".join(unknown))
        end = words.index("--") if "--" in words else len(words)
        parsed, left = super().parse_known_args([*self._joined(words[:end]), *words[end:]], namespace)
        if left and (told := self.superfluous(parsed, left)):
            self.error(told)
        return parsed, left

    def _joined(self, words: Sequence[str]) -> Iterator[str]:
        """Join negative numbers to the options before them; beside a -4, argparse takes them for options."""
        option = ""
        for word in words:
            if option and NEGATIVE.fullmatch(word) and word not in self._option_string_actions:
                yield f"{option}={word}" if option.startswith("--") else f"{option}{word}"
                option = ""
                continue
            if option:
                yield option
            option = word if self._wants_value(word) else ""
            if not option:
                yield word
        if option:
            yield option

    def _wants_value(self, word: str) -> bool:
        """Whether the value of this option, or of the last one in this bundle, is the next word."""
        if word.startswith("-") and not word.startswith("--") and self._is_bundle(word[:-1] or "-"):
            word = f"-{word[-1]}"
        action = self._option_string_actions.get(word)
        return action is not None and action.nargs is None

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
        if known := self._known_elsewhere(written):
            return f"there is no option {known}: {self.elsewhere[known]}"
        near = get_close_matches(written, self._option_string_actions, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        return f"there is no option {written}{hint}"

    def _known_elsewhere(self, written: str) -> str:
        """Find the option in a word, or in a bundle, that another command has; empty without one."""
        if written.startswith("--"):
            return written if written in self.elsewhere else ""
        for letter in written[1:]:
            if f"-{letter}" not in self._option_string_actions:
                return f"-{letter}" if f"-{letter}" in self.elsewhere else ""
        return ""

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
