"""A YAML file as plain values, with the line of every key kept."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from exporter.config.problems import Place, Problem

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file; a larger one is no configuration."""
DEEPEST: Final = 50
MOST_VALUES: Final = 200_000
"""Values in one file, with aliases counted as often as they are used."""
PLAIN: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq"))
BLANKS: Final = "\n\t\r"


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file, and where each part of it stands."""

    path: Path
    content: Any
    lines: dict[Place, int]

    def problem(self, place: Place, message: str) -> Problem:
        """Point at `place`, or at the nearest part above it that stands in the file."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(path=self.path, line=self.lines.get(known, 1), place=place, message=message)


def read(path: Path, problems: list[Problem]) -> Document | None:
    """Read one YAML file; what is wrong is added to `problems`, and None returned if it is no YAML."""

    def fail(message: str, line: int = 1) -> None:
        problems.append(Problem(path=path, line=line, place=(), message=message))

    try:
        text = _text(path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        fail(f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fail(f"is not UTF-8 text: byte {error.object[error.start]:#04x}", line)
    except yaml.MarkedYAMLError as error:
        fail(f"is not YAML: {_words(error)}", error.problem_mark.line + 1 if error.problem_mark else 1)
    except yaml.reader.ReaderError as error:
        fail(f"is not YAML: character {error.character:#06x} is not allowed", _line(path, error.position))
    except (yaml.YAMLError, RecursionError):
        fail("is not YAML: nested too deeply")
    else:
        document = Document(path, None, {(): 1})
        content = _Reader(document, problems).value(node, ()) if node is not None else None
        return Document(path, content, document.lines)
    return None


def _text(path: Path) -> str:
    # Opening a pipe could wait for ever, and a device may never end.
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError("not a regular file")
    if path.is_file() and path.stat().st_size > LARGEST:
        raise OSError(f"larger than {LARGEST // 1024 // 1024} MiB")
    return path.read_text(encoding="utf-8-sig")


def _line(path: Path, position: int) -> int:
    return path.read_text(encoding="utf-8-sig")[:position].count("\n") + 1


def _words(error: yaml.MarkedYAMLError) -> str:
    """Say what PyYAML says, but never repeat what was written: it may be a password without its quotes."""
    problem = error.problem or "cannot be understood"
    if "alias" in problem:
        return "an alias without its anchor; text that begins with * must stand in quotes"
    if "'\\t'" in problem:
        return "a tab; indent with blanks"
    return problem


class _Reader:
    """Walks the nodes of one file, notes lines and refuses duplicate keys."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._constructor = yaml.SafeLoader("")
        self._above: list[yaml.Node] = []
        self._flattened: set[int] = set()
        self._values = 0

    def value(self, node: yaml.Node, place: Place) -> Any:
        """Turn a node into a plain value; what cannot be turned becomes None, and a problem."""
        self._values += 1
        if self._values > MOST_VALUES:
            if self._values == MOST_VALUES + 1:
                self._refuse(node, (), f"holds more than {MOST_VALUES} values, aliases counted as used")
            return None
        if node in self._above:
            return self._refuse(node, place, "an alias may not stand inside what it names")
        if len(self._above) > DEEPEST:
            return self._refuse(node, place, "nested too deeply")
        self._above.append(node)
        try:
            return self._inner(node, place)
        finally:
            self._above.pop()

    def _inner(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        if node.tag not in PLAIN:
            return self._refuse(node, place, "a tag (!…) is not allowed")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        return [self._note(item, (*place, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in BLANKS for sign in node.value):
            return self._refuse(node, place, "has a control character in it")
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, LookupError, ValueError, AttributeError, OverflowError):
            # Without PyYAML's words: they would repeat what was written, which may be a password.
            return self._refuse(node, place, "is neither text, a number nor a date; put it in quotes")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        if id(node) not in self._flattened:
            self._flattened.add(id(node))
            self._refuse_duplicates(node, place)
            self._constructor.flatten_mapping(node)
        found = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                # As written: `on:` stays "on", and a number stays what was typed.
                found[str(key.value)] = self._note(value, (*place, str(key.value)), key)
            else:
                self._refuse(key, place, "has a key that is no text")
        return found

    def _refuse_duplicates(self, node: yaml.MappingNode, place: Place) -> None:
        written: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in written:
                self._refuse(
                    key, (*place, key.value), f"duplicate key; it stands in line {written[key.value]} already"
                )
            written.setdefault(key.value, key.start_mark.line + 1)

    def _note(self, node: yaml.Node, place: Place, key: yaml.Node | None = None) -> Any:
        self._document.lines[place] = (key or node).start_mark.line + 1
        return self.value(node, place)

    def _refuse(self, node: yaml.Node, place: Place, message: str) -> None:
        line = node.start_mark.line + 1
        self._problems.append(Problem(path=self._document.path, line=line, place=place, message=message))
