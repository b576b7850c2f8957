"""The pages that the code writes of itself: complete, and printed in docs/ as they are."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from exporter.config import configuration_page, json_schema
from exporter.exposition.labels import LABELS
from exporter.exposition.reference import HEADINGS, NOTES, page, rows
from exporter.probes import KINDS
from tests.test_cli import told
from tests.test_shipped import names

ROOT = Path(__file__).parents[1]


def test_the_page_of_metrics_is_printed() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == page(), "make metrics writes it"
    assert told("metrics", "--markdown") == (0, page(), "")


def test_the_page_of_keys_is_printed() -> None:
    printed = configuration_page(KINDS)
    assert (ROOT / "docs" / "configuration.md").read_text() == printed, "make configuration writes it"
    assert told("schema", "--markdown") == (0, printed, "")


def test_every_metric_is_on_its_page_and_no_other() -> None:
    listed = re.findall(r"^\| `(conndrop_\w+)` \| \w+ \|", page(), flags=re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == {name for name in names() if name.startswith("conndrop_")}


def test_every_label_is_explained_and_no_other() -> None:
    assert {label for row in rows() for label in row.labels} | {"vantage"} == set(LABELS)


def test_notes_and_headings_are_about_sections_that_there_are() -> None:
    sections = {row.section for row in rows()}
    assert set(NOTES) <= sections
    assert sections == {*(kind.name for kind in KINDS), *HEADINGS}


def test_units_are_those_of_prometheus() -> None:
    units = {row.name: row.unit for row in rows()}
    assert units["conndrop_outage_seconds_total"] == units["conndrop_drop_age_seconds"] == "seconds"
    assert (
        units["conndrop_server_start_timestamp_seconds"] == units["process_start_time_seconds"] == "Unix time"
    )
    assert units["conndrop_server_limit_usage_ratio"] == "0 to 1"
    assert units["conndrop_drops_total"] == ""


def test_one_metric_on_a_terminal() -> None:
    status, said, _ = told("metrics", "conndrop_drop_age_seconds_bucket")
    assert status == 0
    assert said.startswith("conndrop_drop_age_seconds (histogram, seconds)\n\nHow old")
    assert "\n  target        the target's name" in said
    assert "\n\nBuckets: 1, 5, 15, " in said
    assert told("metrics", "conndrop_up")[1].count("Buckets") == 0
    assert "Labels" not in told("metrics", "conndrop_clock_steps_total")[1]


def test_markdown_stays_out_of_a_terminal() -> None:
    _, said, _ = told("metrics", "conndrop_drops_total")
    assert "of a closed list\n" in said
    assert not set("`[]") & set(said)


def test_all_metrics_on_a_terminal() -> None:
    _, said, _ = told("metrics")
    assert [line.split()[0] for line in said.splitlines()] == [row.name for row in rows()]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("conndrp_up", "did you mean conndrop_up?"), ("x", "`conndrop metrics` lists them")],
)
def test_a_metric_that_there_is_not(word: str, hint: str) -> None:
    status, _, errors = told("metrics", word)
    assert status == 2
    assert f"there is no metric '{word}'; {hint}" in errors


def test_defaults_are_as_they_are_written() -> None:
    """An editor that fills in a default must not write what is then refused."""
    schema = json_schema(KINDS)
    named = {
        "prober": "dns",
        "name": "a",
        "url": "mysql://u@h/d",
        "user": "u",
        "dialect": "mysql",
        "auth": {"user": "u"},
        "username": "u",
        "files": ["x.json"],
        "names": ["a"],
        "target": {"url": "mysql://u@{address}/d"},
    }
    for name, block in schema["$defs"].items():
        written = {key: field["default"] for key, field in block["properties"].items() if "default" in field}
        whole = {**{key: named[key] for key in block.get("required", ())}, **written}
        jsonschema.validate(whole, {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})
    assert schema["$defs"]["SessionSettings"]["properties"]["interval"]["default"] == "15s"
    assert schema["properties"]["diagnosis"]["default"]["loss"] == "1%"


def test_the_example_shows_the_defaults_on_the_page() -> None:
    """Two places that say what happens anyway say the same."""
    example = yaml.safe_load((ROOT / "config" / "exporter.yml").read_text())["defaults"]
    schema = json.loads((ROOT / "config" / "schema.json").read_text())["$defs"]
    for kind in KINDS:
        fields = schema[kind.settings.__name__]["properties"]
        for key, value in example.get(kind.name, {}).items():
            if value is not None:
                assert _seconds(fields[key]["default"]) == _seconds(value), (kind.name, key)


def _seconds(value: object) -> object:
    """Give 60s and 1m as the same."""
    if isinstance(value, list):
        return [_seconds(each) for each in value]
    match = re.fullmatch(r"(\d+)(s|m|h)", str(value))
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else value
