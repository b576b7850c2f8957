"""Every link in the documentation leads somewhere, and no page stands alone."""

from pathlib import Path

import pytest

from tests.docs.reading import MANUALS, PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [f"{path}#{anchor}" for path, anchor in links(page) if not _leads(page, path, anchor)] == []


def _leads(page: Path, path: str, anchor: str) -> bool:
    there = (page.parent / path).resolve() if path else page
    inside = there.exists() and there.is_relative_to(ROOT)
    return inside and (not anchor or anchor in anchors(there))


def test_every_page_is_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    reached = {(index.parent / path).resolve() for path, _ in links(index)}
    assert {page for page in MANUALS if page.parent != ROOT} - reached - {index} == set()


def test_headings_become_anchors_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The server's own `view`\n## `targets[].probes`\n## A - b\n## A_b, c\n## A - b\n")
    assert anchors(page) == {"the-servers-own-view", "targetsprobes", "a---b", "a_b-c", "a---b-1"}
