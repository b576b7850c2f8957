"""The pictures of the pages: those that are taken are those that the document shows, and small."""

import re

from tests.browser.screenshots import INCIDENT, LARGEST, PLACE, TROUBLE, WELL

SHOWN = set(re.findall(r"\(pages/([a-z-]+)\.png\)", PLACE.with_suffix(".md").read_text()))


def test_every_picture_that_is_taken_is_shown() -> None:
    taken = {shot.name for shot in (*WELL, *TROUBLE, INCIDENT)}
    assert taken == SHOWN == {path.stem for path in PLACE.iterdir()}


def test_pictures_are_small() -> None:
    for path in PLACE.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size <= LARGEST, path
