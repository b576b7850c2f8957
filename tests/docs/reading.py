"""What stands in pages of documentation: links, headings, and blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "alerts").rglob("*.md")),
)
WRITTEN_BY_CODE: Final = ("causes.md", "metrics.md")
"""Pages with tests of their own for what is in their blocks."""
MANUALS: Final = tuple(
    page
    for page in PAGES
    if page.name not in WRITTEN_BY_CODE
    and page.parent in (ROOT, ROOT / "docs", ROOT / "docs" / "guides", ROOT / "docs" / "deploy")
)
"""Pages that tell people what to type."""
WITH_TESTS_OF_THEIR_OWN: Final = (
    "containers.md",
    "diagnose.md",
    "getting-started.md",
    "instrument.md",
    "kubernetes.md",
    "path.md",
    "systemd.md",
)
"""Manuals whose commands want a scene: the tests of what they tell of read and run them."""
COMMENT: Final = re.compile(r"<!-- (not run|run): (.+?) -->\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code; `order` and `why` are of the comment before it, which tells tests what to do."""

    page: Path
    line: int
    language: str
    text: str
    order: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Say where it stands, as editors read it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The name of a file, where the first line is a comment that gives one; empty otherwise."""
        match = re.match(r"# ([\w.-]+\.yml)\n", self.text)
        return match[1] if match else ""


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """Take a page apart."""
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text()))


def blocks(*languages: str) -> list[Block]:
    """Give all blocks in these languages of all manuals; in any language, where none is given."""
    found = (block for page in MANUALS for block in _blocks(page))
    return [block for block in found if not languages or block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    before = None
    for token in tokens(page):
        if token.type in ("fence", "code_block"):
            comment = before.content if before is not None and before.type == "html_block" else ""
            order = COMMENT.fullmatch(comment)
            yield Block(
                page=page,
                line=(token.map or [0])[0] + 1,
                language=token.info.strip(),
                text=token.content,
                order=order[1] if order else "",
                why=order[2] if order else "",
            )
        before = token


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Give path and anchor of each link and picture that leads to a file; both may be empty."""
    for token in tokens(page):
        for child in token.children or ():
            where = str(child.attrGet("href") or child.attrGet("src") or "")
            if where and not re.match(r"\w+:", where):
                path, _, anchor = where.partition("#")
                yield path, anchor


@cache
def anchors(page: Path) -> frozenset[str]:
    """Give the anchors that GitHub makes of headings; one that comes again has a number behind it."""
    found: dict[str, int] = {}
    for opening, inline in pairwise(tokens(page)):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            found[name] = found.get(name, -1) + 1
    return frozenset(
        name if number == 0 else f"{name}-{number}"
        for name, most in found.items()
        for number in range(most + 1)
    )
