"""Text in Markdown, as far as dashboards have it."""

import re
from typing import Final

from tests.dashboards.boards import Panel
from tests.dashboards.pictures.paper import Area, Paper, broken
from tests.dashboards.pictures.telling import Told

SIZE: Final = 13.0
HIGH: Final = 19.0


def note(paper: Paper, area: Area, panel: Panel, _: Told) -> None:
    """Write headings bold and all else plain; of links only what stands there to be read."""
    y = area.y + HIGH / 2
    for paragraph in panel.document["options"]["content"].splitlines():
        heading = paragraph.startswith("#")
        for text in broken(plain(paragraph), area.w, SIZE, bold=heading):
            if y + HIGH / 2 > area.y + area.h + 1:
                return
            paper.write(text, area.x, y, size=SIZE, bold=heading)
            y += HIGH
        y += 0 if paragraph else HIGH / 2


def plain(markdown: str) -> str:
    """Leave out what Markdown marks text with."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"^[#>\s]+|[*`]", "", re.sub(r"^\s*[-*] ", "• ", text)).strip()
