"""Pages read as a strict reader reads them: every element closed, every id once, nothing inline."""

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

VOID = ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
APART = ("dd", "dt", "li", "td", "th")
"""Elements whose words do not run into those of the next."""
HEADINGS = ("h1", "h2", "h3", "h4")


class Markup(HTMLParser):
    """One page: its links, ids, headings and text; AssertionError where it is not sound."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self._referred: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open
        assert len(set(self.ids)) == len(self.ids), "an id is there twice"
        assert set(self._referred) <= set(self.ids), "an id is referred to that is not there"
        assert self.headings.count("h1") == 1
        assert self.headings[0] == "h1"
        for before, after in zip(self.headings, self.headings[1:], strict=False):
            assert HEADINGS.index(after) <= HEADINGS.index(before) + 1, self.headings

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert len(named) == len(attrs), f"an attribute of {tag} is there twice"
        assert "style" not in named, tag
        assert not any(name.startswith("on") for name in named), (tag, named)
        assert tag != "style"
        assert tag != "script" or named.get("src"), "a script within the page"
        assert tag != "img" or named.get("alt") is not None
        assert tag != "th" or named.get("scope"), "a heading of a table without a scope"
        assert tag != "svg" or "svg" in self._open or named.get("role") == "img"
        self.ids += [value for name, value in attrs if name == "id" and value]
        for name in ("aria-labelledby", "aria-describedby", "for"):
            self._referred += (named.get(name) or "").split()
        self.links += [value for name, value in attrs if name in ("href", "src", "action") and value]
        if tag in HEADINGS:
            self.headings.append(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> without its beginning"
        opened = self._open.pop()
        assert opened == tag, f"</{tag}> ends <{opened}>"
        self.text += " " if tag in APART else ""

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        """The text, with one space between words."""
        return " ".join(self.text.split())

    def within(self, prefix: str) -> Iterator[str]:
        """Give every link to our own pages, without what follows a #; those to elsewhere are a mistake."""
        for link in self.links:
            if link.startswith("#"):
                assert link[1:] in self.ids, link
                continue
            assert link.startswith(f"{prefix}/"), link
            yield link.partition("#")[0]
