"""What axe-core, and a look at the layout, have against a page."""

from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WIDER: Final = """() => {
  const wide = document.documentElement.scrollWidth, room = document.documentElement.clientWidth;
  if (wide <= room) return [];
  return [...document.body.querySelectorAll("*")]
    .filter(each => each.getBoundingClientRect().right > room + 1 && !each.closest(".scroll"))
    .map(each => `${each.tagName} ${each.className.baseVal ?? each.className} ${each.id}`)
    .concat(`the page is ${wide} px wide, and has ${room}`);
}"""


def violations(page: Page, *rules: str) -> list[str]:
    """Give what axe-core finds wrong, a line for each element; by all of RULES, or by some rules only."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{page.url}: {rule['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """Give what makes a page wider than its window, so that it has to be scrolled sideways."""
    wide: list[str] = page.evaluate(WIDER)
    return wide
