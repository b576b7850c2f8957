"""Lists of targets in Prometheus's format: `[{"targets": ["db1:5432"], "labels": {"team": "shop"}}]`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.config.template import Found

LARGEST: Final = 16 * 2**20
"""Bytes of a list."""
MOST: Final = 100_000
"""Targets of one list."""
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
KEYS: Final = frozenset({"targets", "labels"})


class Broken(Exception):
    """A list that cannot be had, or that makes no sense; the text is for people, and holds no secret."""


def from_json(content: bytes) -> Any:
    """Read JSON; raises Broken."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Broken("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Broken(f"is not JSON: {error.msg} in line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise Broken("is not JSON that anybody would write") from None


def read_groups(content: object, further: Mapping[str, str]) -> list[Found]:
    """Give all targets of a list, with labels that all of it has; raises Broken."""
    if not isinstance(content, list):
        raise Broken('is no list; it must be [{"targets": [...], "labels": {...}}, ...]')
    found: list[Found] = []
    for index, group in enumerate(content):
        try:
            found += _of_group(group, further)
        except Broken as broken:
            raise Broken(f"[{index}]{broken}") from None
        if len(found) > MOST:
            raise Broken(f"holds more than {MOST} targets")
    return found


def _of_group(group: Any, further: Mapping[str, str]) -> Iterator[Found]:
    if not isinstance(group, dict):
        raise Broken(": is no group of targets and labels")
    if unknown := group.keys() - KEYS:
        raise Broken(f": unknown key {min(unknown)[:100]!r}; allowed: targets, labels")
    targets, labels = group.get("targets"), group.get("labels") or {}
    if not isinstance(targets, list):
        raise Broken(".targets: is missing, or no list")
    if not isinstance(labels, dict):
        raise Broken(".labels: is no map of names and texts")
    for name, value in labels.items():
        _text(value, f".labels.{name[:100]!r}")
    labels |= further
    for index, address in enumerate(targets):
        yield Found(address=_text(address, f".targets[{index}]"), labels=labels)


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise Broken(f"{place}: is no text")
    if CONTROL.search(value):
        raise Broken(f"{place}: has a control character in it")
    return value
