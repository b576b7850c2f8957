"""What is written against its model, and what is wrong with it in words for people."""

from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.config.discovery import KEYS
from exporter.config.document import Document, read
from exporter.config.problems import ConfigurationError, Place, Problem, unknown_key
from exporter.settings import Settings

Block = TypeVar("Block", bound=Settings)
EXPECTED = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_type": "must be text; put it in quotes",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be a block of keys and values",
    "model_type": "must be a block of keys and values",
}
"""What pydantic's errors mean, in words for people."""
ENTRIES = ("targets", *KEYS)
"""Lists in a configuration whose entries are judged one by one."""
LIMITS = {"greater_than_equal": "at least", "less_than_equal": "at most"}
"""Its words for numbers that are too small or too large."""


def load_block(path: Path, model: type[Block]) -> Block:
    """Read a file that is one block of settings; raise ConfigurationError with all that is wrong in it."""
    problems: list[Problem] = []
    document = read(path, problems)
    block = validated(model, document, (), document.content, problems) if document else None
    if block is None or problems:
        raise ConfigurationError(problems)
    return block


def validated(
    model: type[Block], document: Document, place: Place, content: Any, problems: list[Problem]
) -> Block | None:
    """Turn what stands at `place` into `model`; what is wrong is added to `problems`, and None returned."""
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            # pydantic puts "[key]" behind the key that it means.
            at = (*place, *(part for part in detail["loc"] if part != "[key]"))
            # These are judged one by one, so that a mistake in one hides nothing of the others.
            if place or len(detail["loc"]) < 2 or detail["loc"][0] not in ENTRIES:
                problems.append(document.problem(at, _words(detail, model)))
        return None


def _words(detail: ErrorDetails, model: type[Settings]) -> str:
    """Say what pydantic found in words for people, and what is allowed; never what was written."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(str(detail["loc"][-1]), _allowed(model, detail["loc"][:-1]))
    if kind == "value_error":
        return str(context["error"])
    if kind in LIMITS:
        return f"must be {LIMITS[kind]} {next(iter(context.values()))}"
    if kind in EXPECTED:
        return EXPECTED[kind]
    message = detail["msg"]
    return message[:1].lower() + message[1:]


def _allowed(model: type[Settings], place: Place) -> list[str]:
    """List the keys that may stand at `place` within `model`."""
    parts = iter(place)
    for part in parts:
        annotation = model.model_fields[str(part)].annotation
        model = _block(annotation) or model
        if get_origin(annotation) is dict:
            next(parts, None)  # the name of one of its entries
    return list(model.model_fields)


def _block(annotation: Any) -> type[Settings] | None:
    """Find the block of settings within an annotation such as `list[Block]` or `Block | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _block(part))), None)
