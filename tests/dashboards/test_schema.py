"""The dashboards keep to Grafana's own JSON Schemas, where those are at hand.

They are no part of this project. They are looked for in the directory that GRAFANA_SCHEMAS names, and in
`schemas/grafana` beside the project.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

from tests.dashboards.boards import PLACE, Board, Panel, boards
from tests.dashboards.rules.questions import named

ROOT: Final = PLACE.parent
ANYTHING: Final = {"DynamicConfigValue": "value", "MatcherConfig": "options"}
"""Where the source of the schemas says `any`, and what was made of it says `object`, which most are not."""


def places() -> Iterator[Path]:
    """Give directories that may have the schemas."""
    if named_place := os.environ.get("GRAFANA_SCHEMAS"):
        yield Path(named_place)
    yield ROOT.parent / "schemas" / "grafana"
    yield from ROOT.parent.glob("*/schemas/grafana")


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Any]:
    """Give all schemas by the names of their files; skip where there are none."""
    for place in places():
        if (place / "dashboard.jsonschema.json").is_file():
            files = place.glob("*.jsonschema.json")
            return relaxed({path.name.partition(".")[0]: json.loads(path.read_text()) for path in files})
    pytest.skip("Grafana's JSON Schemas are not here: GRAFANA_SCHEMAS can name their directory")


def relaxed(schemas: dict[str, Any]) -> dict[str, Any]:
    """Have schemas say what their source does, where they say what no dashboard of Grafana's keeps to."""
    dashboard, table = schemas["dashboard"]["definitions"], schemas["table"]["definitions"]
    for definition, name in ANYTHING.items():
        dashboard[definition]["properties"][name] = {}
    # Links of values have a title and an address only; the schema takes them for those of a dashboard.
    dashboard["FieldConfig"]["properties"]["links"] = {"type": "array"}
    # The kinds of cells have lost the words by which they are told apart: several fit.
    table["TableCellOptions"]["anyOf"] = table["TableCellOptions"].pop("oneOf")
    return schemas


def mistakes(schema: Mapping[str, Any], definition: str, document: object) -> list[str]:
    """Say what is wrong with a part of a dashboard."""
    validator = Draft7Validator({**schema, "$ref": f"#/definitions/{definition}"})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def found_in_panel(schemas: Mapping[str, Any], panel: Panel) -> list[str]:
    """Say what is wrong with a panel, with the options of its kind, and with what overrides them."""
    document = panel.document
    own = schemas[panel.kind.replace("-", "")]
    found = mistakes(schemas["dashboard"], "Panel", document)
    found += mistakes(own, "Options", document["options"])
    custom = document.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
    if "FieldConfig" in own["definitions"]:
        found += mistakes(own, "FieldConfig", custom)
    elif custom:
        found.append(f"a {panel.kind} has nothing of its own: {custom}")
    for name, value in overridden(document):
        whole, _, part = name.rpartition(".")
        if whole:
            found += mistakes(own, "FieldConfig", {**custom, part: value})
        else:
            found += mistakes(schemas["dashboard"], "FieldConfig", {part: value})
    return [f"{named(panel)} {mistake}" for mistake in found]


def overridden(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what is said of some values only, by its name."""
    for override in document.get("fieldConfig", {}).get("overrides", ()):
        for one in override["properties"]:
            yield one["id"], one["value"]


@pytest.mark.parametrize("board", boards(), ids=lambda board: board.name)
def test_dashboards_keep_to_the_schemas(board: Board, schemas: Mapping[str, Any]) -> None:
    found = [mistake for panel in board.panels for mistake in found_in_panel(schemas, panel)]
    # Panels one by one, since of a whole dashboard it is only said that one is neither a panel nor a row.
    found += mistakes(schemas["dashboard"], "Dashboard", board.document)
    assert not found, "\n".join(["", *found])


BROKEN: Final = {
    "an option that there is not": ('"graphMode"', '"graphModes"'),
    "a word that there is not": ('"textMode": "auto"', '"textMode": "large"'),
    "a number for a word": ('"unit": "percentunit"', '"unit": 7'),
    "a key that there is not": ('"refresh"', '"refreshed"'),
    "an override that there is not": ('"id": "custom.width"', '"id": "custom.widths"'),
    "an override of the wrong kind": ('"id": "unit"', '"id": "mappings"'),
    "an option of a field of the wrong kind": ('"fillOpacity": 0,', '"fillOpacity": "0",'),
    "an override that is no kind of cell": ('"mode": "basic"', '"mode": "blink"'),
    "a kind of annotations that there is not": ('"titleFormat"', '"titleForm"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_found(name: str, schemas: Mapping[str, Any], tmp_path: Path) -> None:
    text = (PLACE / "conndrop-overview.json").read_text()
    old, new = BROKEN[name]
    assert old in text
    document = json.loads(text.replace(old, new))
    found = mistakes(schemas["dashboard"], "Dashboard", document)
    if not found:
        (tmp_path / "conndrop-overview.json").write_text(text.replace(old, new))
        (board,) = boards(tmp_path)
        found = [mistake for panel in board.panels for mistake in found_in_panel(schemas, panel)]
    assert found
