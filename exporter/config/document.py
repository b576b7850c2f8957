"""A YAML file as plain values, with the line of every key kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from exporter.config.problems import Place, Problem

PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
"""The tags of blocks and lists as such."""


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

    if path.exists() and not path.is_file() and not path.is_dir():
        fail("cannot be read: not a regular file")  # opening a pipe could wait for ever
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        fail(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        fail(f"is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}")
    except yaml.MarkedYAMLError as error:
        fail(f"is not YAML: {error.problem}", error.problem_mark.line + 1 if error.problem_mark else 1)
    except (yaml.YAMLError, RecursionError) as error:
        fail(f"is not YAML: {str(error).splitlines()[0]}")
    else:
        document = Document(path, None, {(): 1})
        content = _Reader(document, problems).value(node, ()) if node is not None else None
        return Document(path, content, document.lines)
    return None


class _Reader:
    """Walks the nodes of one file, notes lines and refuses duplicate keys."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._constructor = yaml.SafeLoader("")
        self._above: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        """Turn a node into a plain value; what cannot be turned becomes None, and a problem."""
        if node in self._above:
            self._refuse(node, place, "an alias may not stand inside what it names")
            return None
        if not isinstance(node, yaml.ScalarNode) and node.tag not in PLAIN:
            self._refuse(node, place, f"cannot be read: the tag {node.tag} is not allowed")
            return None
        self._above.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self._note(item, (*place, index)) for index, item in enumerate(node.value)]
            return self._constructor.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            problem = error.problem if isinstance(error, yaml.constructor.ConstructorError) else str(error)
            self._refuse(node, place, f"cannot be read: {problem}")
            return None
        finally:
            self._above.pop()

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        written: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:merge" and key.value in written:
                at = (*place, key.value)
                message = f"duplicate key; it stands in line {written[key.value]} already"
                self._problems.append(Problem(path=self._document.path, line=line, place=at, message=message))
            written.setdefault(str(key.value), line)
        self._constructor.flatten_mapping(node)
        return {self._key(key): self._note(value, (*place, self._key(key)), key) for key, value in node.value}

    def _key(self, node: yaml.Node) -> str:
        # As written: `on:` stays "on", and a number stays what was typed.
        return str(node.value) if isinstance(node, yaml.ScalarNode) else "<no text>"

    def _note(self, node: yaml.Node, place: Place, key: yaml.Node | None = None) -> Any:
        self._document.lines[place] = (key or node).start_mark.line + 1
        return self.value(node, place)

    def _refuse(self, node: yaml.Node, place: Place, message: str) -> None:
        line = node.start_mark.line + 1
        self._problems.append(Problem(path=self._document.path, line=line, place=place, message=message))
