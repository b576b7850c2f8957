"""Runbooks in Markdown, made into HTML whose links lead to our own pages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

CAUSES: Final = "../../docs/causes.md"


class Manuscripts:
    """Renders runbooks; `causes` are their names by the anchors that they have in the document of causes."""

    def __init__(self, texts: Mapping[str, str], causes: Mapping[str, str], prefix: str) -> None:
        self._texts = texts
        self._causes = causes
        self._prefix = prefix
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def html(self, name: str) -> Markup:
        """Render the runbook of an alert, without its heading; raise KeyError where there is none."""
        _, _, body = self._texts[name].partition("\n")
        tokens = self._markdown.parse(body)
        for token in tokens:
            if token.children:
                token.children = list(self._led(token.children))
        text = str(self._markdown.renderer.render(tokens, self._markdown.options, {}))
        table = '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>'
        text = text.replace("<table>", table).replace("</table>", "</table></div>")
        text = text.replace("<th>", '<th scope="col">')
        return Markup(text)  # noqa: S704  our own file, rendered without HTML

    def _led(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """Let links lead to our pages; those that lead elsewhere stay behind, and their words remain."""
        leads = True
        for token in tokens:
            if token.type == "link_open":
                place = self._place(str(token.attrs["href"]))
                leads = place is not None
                token.attrs["href"] = f"{self._prefix}{place}"
            if leads or token.type not in ("link_open", "link_close"):
                yield token

    def _place(self, link: str) -> str | None:
        file, _, anchor = link.partition("#")
        if file == CAUSES:
            return f"/causes/{self._causes[anchor]}" if anchor in self._causes else "/causes"
        name = file.removesuffix(".md")
        return f"/runbooks/{name}" if name in self._texts else None
