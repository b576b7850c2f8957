"""The catalogue: complete, consistent with itself, and printed in docs/causes.md as it is."""

import re
from pathlib import Path

import pytest

from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.entry import PLACE, VALUES, Entry
from exporter.diagnosis.catalogue.page import LAYERS, anchor, page
from exporter.diagnosis.catalogue.sheet import listing, sheet
from exporter.model import Cause

DOCUMENT = Path(__file__).parents[2] / "docs" / "causes.md"
ENTRIES = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))


def texts(entry: Entry) -> list[str]:
    """Give every text of an entry that may have places for values."""
    return [entry.summary, *(text for fix in entry.fixes for text in (fix.text, *fix.copy))]


def test_every_cause_has_its_entry_in_the_order_of_the_list() -> None:
    assert [entry.cause for entry in CATALOGUE.values()] == list(CATALOGUE) == list(Cause)


def test_every_layer_has_a_heading() -> None:
    assert list(LAYERS) == list(dict.fromkeys(cause.partition(".")[0] for cause in Cause))


@ENTRIES
def test_places_have_names_that_evidence_may_give(entry: Entry) -> None:
    assert {name for text in texts(entry) for name in PLACE.findall(text)} <= VALUES.keys()


def test_every_value_has_a_use() -> None:
    used = {name for entry in CATALOGUE.values() for text in texts(entry) for name in PLACE.findall(text)}
    assert VALUES.keys() - used == {"code"}, "SQLSTATEs and numbers stand in what the server said"


@ENTRIES
def test_what_is_said_without_values_needs_none(entry: Entry) -> None:
    assert set(PLACE.findall(entry.bare or entry.summary)) == {"target"}
    plain = (entry.title, entry.meaning, *(alike.splitter for alike in entry.look_alikes))
    assert not any(PLACE.search(text) for text in (*plain, *(fix.otherwise for fix in entry.fixes)))


@ENTRIES
def test_a_summary_names_its_target(entry: Entry) -> None:
    assert "{target}" in entry.summary
    assert not entry.summary.endswith(".")


@ENTRIES
def test_a_bare_summary_stands_where_it_is_needed(entry: Entry) -> None:
    assert bool(entry.bare) == (set(PLACE.findall(entry.summary)) != {"target"})


@ENTRIES
def test_there_is_something_to_do_for_every_family_whatever_is_known(entry: Entry) -> None:
    for family in ("postgresql", "mysql"):
        fixes = [fix for fix in entry.fixes if fix.family in (None, family)]
        assert any(not PLACE.search("".join((fix.text, *fix.copy))) or fix.otherwise for fix in fixes)


@ENTRIES
def test_look_alikes_are_other_causes(entry: Entry) -> None:
    alike = [each.cause for each in entry.look_alikes]
    assert len(alike) == len(set(alike))
    assert entry.cause not in alike
    assert Cause.UNKNOWN not in alike
    assert bool(alike) == (entry.cause is not Cause.UNKNOWN)


@ENTRIES
def test_a_splitter_says_which_of_the_two_it_is_about(entry: Entry) -> None:
    for alike in entry.look_alikes:
        assert re.search(r"\b(there|here|that one|that is)\b", alike.splitter), alike


@ENTRIES
def test_nothing_is_said_twice(entry: Entry) -> None:
    assert len(set(entry.looks)) == len(entry.looks)
    assert len(set(entry.fixes)) == len(entry.fixes)


@ENTRIES
def test_lines_to_copy_are_lines(entry: Entry) -> None:
    for fix in entry.fixes:
        assert not any("\n" in line or "`" in line for line in fix.copy)
        assert "`" not in fix.text


@pytest.mark.parametrize(
    ("cause", "alike"),
    [
        (Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT),
        (Cause.PROXY_IDLE_TIMEOUT, Cause.SERVER_IDLE_TIMEOUT),
        (Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.NET_BLACKHOLE),
        (Cause.MIDDLEBOX_IDLE_TIMEOUT, Cause.MIDDLEBOX_STATE_LOST),
        (Cause.SERVER_SESSION_KILLED, Cause.SERVER_RESTART),
        (Cause.SERVER_SLOW_QUERY, Cause.NET_MTU_BLACKHOLE),
        (Cause.SERVER_DOWN, Cause.MIDDLEBOX_CONNECT_BLOCKED),
        (Cause.MIDDLEBOX_CONNECT_LIMITED, Cause.SERVER_SATURATED),
        (Cause.AUTH_CREDENTIALS, Cause.AUTH_NOT_ALLOWED),
        (Cause.SERVER_UNRESPONSIVE, Cause.PROXY_BACKEND_UNAVAILABLE),
        (Cause.NET_BLACKHOLE, Cause.CLIENT_LOCAL_NETWORK),
    ],
)
def test_the_nearest_look_alikes_know_each_other(cause: Cause, alike: Cause) -> None:
    for one, other in ((cause, alike), (alike, cause)):
        assert other in [each.cause for each in CATALOGUE[one].look_alikes]


def test_the_document_is_what_the_catalogue_says() -> None:
    assert DOCUMENT.read_text() == page(CATALOGUE), "make causes writes it anew"


def test_every_link_of_the_document_leads_to_a_heading() -> None:
    document = page(CATALOGUE)
    headings = re.findall(r"^#+ (.+)$", document, flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", document)) <= set(anchors)
    assert {anchor(cause) for cause in Cause} <= set(anchors)


def test_no_place_for_a_value_vanishes_from_the_document() -> None:
    """Outside of code, an angle bracket begins a tag that no reader sees."""
    prose = re.sub(r"```.*?```|`[^`\n]*`|<!--.*?-->", "", page(CATALOGUE), flags=re.DOTALL)
    assert "<" not in prose
    assert not PLACE.search(prose)


def test_the_list_is_in_columns() -> None:
    lines = listing(CATALOGUE).splitlines()
    assert len(lines) == len(Cause)
    assert len({line.index(entry.title) for line, entry in zip(lines, CATALOGUE.values(), strict=True)}) == 1


@ENTRIES
def test_a_sheet_has_all_of_an_entry(entry: Entry) -> None:
    text = " ".join(sheet(entry).split())
    for each in (entry.title, entry.meaning, *(looks.text for looks in entry.looks)):
        assert " ".join(each.split()) in text
    assert all(alike.cause in text for alike in entry.look_alikes)
    lines = [line.strip() for line in sheet(entry).splitlines()]
    assert all(PLACE.sub(r"<\1>", line) in lines for fix in entry.fixes for line in fix.copy)
    assert ("How it looks:" in text) == bool(entry.looks)
