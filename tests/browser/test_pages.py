"""Every page, of what is well and of what is broken: in both colours, large and small, with and without."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.audit import too_wide, violations
from tests.browser.troubled import ENDLESS, ILL, SCRIPT
from tests.browser.visit import LARGE, SMALL, Visit, visit

OF_A_KIND = 2
"""Pages of one kind that are looked at, where they are as many as there are causes."""
ALL = ("targets",)
"""The kinds of pages of which every one is looked at."""
MACHINES = ("/-/", "/metrics", "/api/")
"""What machines ask for."""
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")
FOCUSED = """() => {
  const one = document.activeElement, seen = getComputedStyle(one);
  const shown = seen.outlineStyle !== "none" && seen.outlineWidth !== "0px";
  return { where: one.outerHTML.slice(0, 200), shown };
}"""
REACHABLE = "a[href], button, input, select, summary, [tabindex='0']"


@pytest.fixture
def reader(browser: Browser, base: str) -> Iterator[Visit]:
    """Come to read; at the end nothing may have gone wrong behind the pages."""
    with visit(browser, base) as come:
        yield come
        assert come.troubles == []


def every_page(reader: Visit) -> Iterator[str]:
    """Follow links from the front page; those of one kind differ in the last part of their path only."""
    waiting, met, kinds = ["/"], {"/"}, Counter[str]()
    while waiting:
        path = waiting.pop()
        if kinds[kind(path)] >= OF_A_KIND and kind(path) not in ALL:
            continue
        kinds[kind(path)] += 1
        answer = reader.go(path)
        assert answer.ok, path
        if answer.headers["content-type"].startswith("text/html"):
            yield path
            new = [link for link in reader.links() if link not in met and not link.startswith(MACHINES)]
            met.update(new)
            waiting += sorted(new, key=lambda link: link.startswith("/logs"))


def kind(path: str) -> str:
    """Give what pages have in common that differ in what they are about."""
    place, _, _ = path.partition("?")
    return place.strip("/").rpartition("/")[0] or place


def test_every_page_is_for_everybody(reader: Visit) -> None:
    """No rule of accessibility is broken in light or dark, and nothing has to be scrolled sideways."""
    seen, wrong = [], []
    for path in every_page(reader):
        seen.append(path)
        wrong += violations(reader.page)
        reader.page.emulate_media(color_scheme="dark")
        wrong += violations(reader.page, "color-contrast")
        reader.page.emulate_media(color_scheme="light")
        reader.page.set_viewport_size(SMALL)
        wrong += [f"{path}: {line}" for line in too_wide(reader.page)]
        reader.page.set_viewport_size(LARGE)
    assert not wrong, "\n".join(wrong)
    kinds = {path.split("?")[0].split("/")[1] for path in seen}
    assert kinds >= {"", "targets", "incidents", "causes", "runbooks"}
    assert {f"/targets/{name}" for name in (*ILL, "orders")} <= set(seen)


def test_the_audit_would_find_what_is_wrong(browser: Browser) -> None:
    with visit(browser, "about:blank") as come:
        come.page.set_content(
            "<main style='width: 2000px'><h1>Pale</h1><p style='color: #ddd'>words</p></main>"
        )
        assert {line.split()[1] for line in violations(come.page)} >= {"color-contrast", "html-has-lang"}
        assert any("2000" in line or "MAIN" in line for line in too_wide(come.page))


def test_a_visit_would_tell_what_goes_wrong(browser: Browser) -> None:
    with visit(browser, "about:blank") as come:
        come.page.set_content("<script>console.error('broken')</script><img src='http://127.0.0.1:1/x.png'>")
        come.page.set_content("<script>nothing()</script>")
        told = "\n".join(come.troubles)
    for words in ("broken", "asks http://127.0.0.1:1/x.png", "x.png failed", "nothing is not defined"):
        assert words in told


def test_the_front_page_tells_what_is_wrong_first(reader: Visit) -> None:
    reader.go("/")
    expect(reader.page.get_by_role("heading", level=1)).to_contain_text("6 of 7 targets are in trouble")
    rows = reader.page.locator("tbody tr")
    assert {rows.nth(number).locator("th a").inner_text() for number in range(6)} == set(ILL)
    expect(rows.nth(6)).to_contain_text("orders")
    expect(rows.nth(6)).to_contain_text("Well")


@pytest.mark.parametrize("name", ["script", "endless", "greeting"])
def test_hostile_words_are_nothing_but_words(reader: Visit, name: str) -> None:
    """What a server or a label says is shown, cut and harmless: on every page, and in the logs."""
    reader.go("/")
    incident = next(link for link in reader.links() if link.startswith(f"/incidents/{name}-"))
    reader.go(f"/targets/{name}")
    logs = max(link for link in reader.links() if link.startswith("/logs?id="))
    plain = reader.go(logs)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert CONTROLS.search(plain.text()) is None
    foreign = reader.page.locator("script:not([src^='/static/']), img, b, [onerror], [style]")
    for path in ("/", f"/targets/{name}", incident, f"/incidents?target={name}"):
        text = reader.go(path).text()
        assert len(text) < len(ENDLESS) / 5
        assert CONTROLS.search(text) is None, path
        assert foreign.count() == 0, path
    reader.go(f"/targets/{name}")
    assert SCRIPT in reader.page.locator("main").inner_text()


def test_a_page_that_is_not_there_helps_on(browser: Browser, base: str) -> None:
    with visit(browser, base) as reader:
        answer = reader.go(f"/targets/orderz{SCRIPT}")
        assert answer.status == 404
        assert violations(reader.page) == []
        assert reader.page.locator("script:not([src])").count() == 0
        assert reader.go("/targets/orderz").status == 404
        reader.page.get_by_role("link", name="orders", exact=True).click()
        expect(reader.page.get_by_role("heading", level=1)).to_contain_text("orders")


def test_everything_is_there_without_a_script(browser: Browser, base: str) -> None:
    """A reader who runs none goes by links and finds verdict, reason, and pictures."""
    with visit(browser, base, java_script_enabled=False) as reader:
        reader.go("/")
        reader.page.get_by_role("link", name="password", exact=True).click()
        expect(reader.page.get_by_role("heading", level=2).first).to_contain_text("password")
        assert reader.page.get_by_role("img").count() >= 3
        reader.page.get_by_role("link", name="auth.credentials").first.click()
        expect(reader.page).to_have_url(f"{base}/causes/auth.credentials")
        reader.page.get_by_role("link", name="Incidents", exact=True).click()
        reader.page.locator("#main a[href*='/incidents/password-']").first.click()
        expect(reader.page.locator("main")).to_contain_text("password")
        reader.page.get_by_role("link", name="Targets", exact=True).click()
        reader.page.get_by_label("Find a target").fill("orders")
        reader.page.get_by_role("button", name="Find").click()
        assert reader.page.locator("tbody tr").count() == 1
        assert reader.troubles == []


def test_pictures_tell_what_they_show(reader: Visit) -> None:
    """To who does not see them, by their description."""
    reader.go("/targets/orders")
    charts = reader.page.locator("svg.chart")
    names = [str(charts.nth(number).get_attribute("class")) for number in range(charts.count())]
    assert {name.split()[1] for name in names} >= {"smoke", "waterfall", "ladder"}
    assert "The session took" in reader.page.locator("svg.waterfall desc").inner_html()


@pytest.mark.parametrize("path", ["/", "/targets/password", "/incidents"])
def test_the_keyboard_leads_everywhere(reader: Visit, path: str) -> None:
    """First to the link past the menu, then to everything that can be used, and it can be seen where."""
    page = reader.page
    reader.go(path)
    page.evaluate("() => document.querySelector('main').removeAttribute('data-refresh')")
    reached = list(tabbed(page))
    assert "skip" in reached[0]
    visible = page.locator(REACHABLE).filter(visible=True)
    assert len(reached) == visible.count()
    page.keyboard.press("Home")
    reader.go(path)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def tabbed(page: Page) -> Iterator[str]:
    """Press Tab until the page has been gone through."""
    most = page.locator(REACHABLE).count() + 1
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["where"].startswith("<body"):
            return
        assert found["shown"], found["where"]
        yield found["where"]
