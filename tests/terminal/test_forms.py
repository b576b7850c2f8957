"""Reports for programs and for tickets."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from exporter.examination.report import Report
from exporter.model import End
from exporter.terminal.document import document
from exporter.terminal.markdown import escaped, markdown
from exporter.terminal.parts import legible
from exporter.terminal.reading import diagnosed
from exporter.terminal.screen import Screen
from exporter.terminal.showing import Form, Paper, write
from tests.terminal.made import CODE, HEALTHY, HOSTILE, ILL, dropped, hostile

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "diagnose.schema.json").read_text())
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOST = "app-1"


@pytest.mark.parametrize("report", [HEALTHY, ILL, *map(hostile, HOSTILE)])
def test_json_is_as_its_schema_says(report: Report) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document(report, HOST))))


def test_json_tells_all() -> None:
    told = document(dropped(End.SILENCE, used=True), HOST)
    assert told["idle"] == {
        "survived_seconds": 299.0,
        "killed_seconds": 301.0,
        "settled": True,
        "way": "silent",
        "timeouts": [{"cause": "middlebox.idle_timeout", "seconds": 300.4}],
        "pool_recycle_seconds": 239.0,
        "keepalive_seconds": 60.0,
    }
    assert (told["started"], told["ended"]) == ("2026-09-21T14:13:20.000Z", "2026-09-21T14:14:21.200Z")
    assert (told["host"], told["healthy"], told["cut_short"]) == (HOST, False, True)
    assert told["settings"]["create_engine"] == CODE
    assert told["findings"][0]["fix"][1] == {"text": "Ask whoever runs the NAT", "copy": []}
    assert document(HEALTHY, HOST)["settings"]["create_engine"] is None


def test_json_where_there_is_only_ascii() -> None:
    output = io.StringIO()
    screen = Screen(ascii_only=True)
    write(hostile("Größe"), Paper(form=Form.JSON, host=HOST, reading=diagnosed, screen=screen), output)
    assert output.getvalue().isascii()
    assert json.loads(output.getvalue())["verdict"] == "Größe"


def test_markdown_is_made_to_be_pasted() -> None:
    told = markdown(dropped(End.RST, used=True), HOST)
    assert told.startswith("# Connections to orders\n\n**Something on the way to orders forgets")
    assert f"\n```python\n{CODE}```\n" in told
    assert "| looked from | app-1 |" in told
    assert "| until (UTC) | 2026-09-21T14:14:21.200Z |" in told
    assert "| way | reset: the connection is reset when it is used again |" in told
    assert "| tcp_keepalives_idle | 60 | keeps devices awake |" in told
    kinds = [token.type for token in MARKDOWN.parse(told)]
    assert kinds.count("table_open") == 5
    assert kinds.count("fence") == 2


def test_markdown_of_health_is_short() -> None:
    told = markdown(HEALTHY, HOST)
    assert "What to set" not in told
    assert "not be told" not in told


@pytest.mark.parametrize("said", HOSTILE)
def test_what_others_say_does_not_break_out_of_markdown(said: str) -> None:
    shapes = [_shape(MARKDOWN.parse(markdown(hostile(text), HOST))) for text in ("plain", said)]
    assert shapes[0] == shapes[1]
    (paragraph,) = [token for token in MARKDOWN.parse(escaped(said)) if token.type == "inline"]
    assert paragraph.children
    assert {child.type for child in paragraph.children} <= {"text", "text_special"}
    assert "".join(child.content for child in paragraph.children) == legible(said).strip()


def _shape(tokens: list[Token]) -> list[str]:
    """Give the kinds of all tokens, those within lines too, with neighbouring texts as one."""
    kinds: list[str] = []
    for token in tokens:
        kinds.append(token.type)
        for child in token.children or ():
            kind = "text" if child.type == "text_special" else child.type
            if kinds[-1] != "text" or kind != "text":
                kinds.append(kind)
    return kinds
