"""Every key of the configuration as a page: docs/configuration.md is this, word for word.

It is read out of the JSON Schema, so that the page, editors and the exporter itself go by the same models.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from exporter.config.schema import ProbeKind, json_schema

INTRODUCTION: Final = """\
# Configuration

<!-- `make configuration` writes this page from exporter/config and exporter/probes: change it there. -->

Every key that a configuration file may have. [config/exporter.yml](../config/exporter.yml) shows all of them
in place. `conndrop check FILE` says all that is wrong in a file, with the line and what to write instead.

- An unknown key is an error. A key with nothing behind it counts as not written.
- A *duration* is a number with `ms`, `s`, `m`, `h` or `d`, such as `15s` or `1h30m`.
- A *percentage* has a percent sign, such as `1%`.
- A *block* is a map of further keys; the link leads to them.
- What a target says itself wins over `defaults`.

Editors complete and check the file by [config/schema.json](../config/schema.json), which `conndrop schema`
prints. For many of them one line is enough:

```yaml
# yaml-language-server: $schema=schema.json
targets:
  - name: orders
    url: postgresql://probe@db.example.com/orders?sslmode=require
```

Who may reach the exporter's own pages stands in another file, which [config/web.yml](../config/web.yml) shows
([operation](operation.md#access)).
"""
WRITTEN: Final = {"15s": "duration", "1%": "percentage"}
"""Words for strings, by the first example that their schema gives."""
WORDS: Final = {"string": "text", "boolean": "`true`, `false`", "integer": "integer", "number": "number"}
FIRST: Final = ("targets", "defaults")
"""Keys of the file that are told of before the others."""
Schema = Mapping[str, Any]


class _Page:
    """Walks from block to block and gives each a section, where it is met first."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._paths: dict[str, str] = {}
        self._waiting: list[tuple[str, Schema]] = []

    def sections(self) -> Iterator[str]:
        """Give a section for each block: the file as a whole first, then what it names, level by level."""
        first = {key: self._schema["properties"][key] for key in FIRST}
        whole = {**self._schema, "properties": {**first, **self._schema["properties"]}}
        yield f"## The whole file\n\n{self._table('', whole)}"
        while self._waiting:
            path, block = self._waiting.pop(0)
            yield f"## `{path}`\n\n{block.get('description', '')}\n\n{self._table(path, block)}"

    def _table(self, path: str, block: Schema) -> str:
        required = block.get("required", ())
        lines = "".join(
            f"| `{key}` | {self._value(f'{path}.{key}'.lstrip('.'), field)} | "
            f"{'required' if key in required else _default(field)} | {_described(field)} |\n"
            for key, field in block["properties"].items()
        )
        return f"| key | value | default | |\n|---|---|---|---|\n{lines}"

    def _value(self, path: str, field: Schema) -> str:
        """Say what may be written; a block met here for the first time is told of later."""
        if "$ref" in field:
            return self._block(path, field["$ref"].rpartition("/")[2])
        if "anyOf" in field:
            ways = [self._value(path, way) for way in field["anyOf"] if way.get("type") != "null"]
            return ", ".join(ways)
        if "enum" in field:
            return ", ".join(f"`{word}`" for word in field["enum"])
        if field["type"] == "array":
            return f"list: {self._value(f'{path}[]', field['items'])}"
        if field["type"] == "object":
            return f"names, and for each: {self._value(f'{path}.NAME', field['additionalProperties'])}"
        return _plain(field)

    def _block(self, path: str, name: str) -> str:
        if name not in self._paths:
            self._paths[name] = path
            self._waiting.append((path, self._schema["$defs"][name]))
        there = self._paths[name]
        return f"block [`{there}`](#{re.sub(r'[^a-z0-9_-]', '', there.lower())})"


def page(kinds: Sequence[ProbeKind]) -> str:
    """Write every key there is with these kinds of probes as Markdown."""
    return "\n".join([INTRODUCTION, *_Page(json_schema(kinds)).sections()])


def _plain(field: Schema) -> str:
    word = WRITTEN.get(field.get("examples", [""])[0]) or WORDS[field["type"]]
    least, most = field.get("minimum"), field.get("maximum")
    return word if most is None else f"{word}, {least} to {most}"


def _default(field: Schema) -> str:
    """Write a default as it would stand in a file; nothing where there is none, or it is that of a block."""
    value = field.get("default")
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _described(field: Schema) -> str:
    return str(field.get("description", "")).replace("|", "\\|")
