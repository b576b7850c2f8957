"""The status pages: what they say, that every link leads somewhere, and that nothing gets through them."""

import re
from dataclasses import replace
from gzip import decompress

import pytest

from exporter.model import (
    Cause,
    Severity,
)
from exporter.web.pages.rendering import POLICY
from exporter.web.pages.static import VERSION
from tests.markup import Markup
from tests.seen import NOW, REFUSED, healthy, incident, session, target
from tests.status import BROWSER, Status, only, three


@pytest.fixture(scope="module")
def plain() -> Status:
    """Give pages that begin at the root."""
    return three()


@pytest.mark.parametrize("prefix", ["", "/conndrop"])
def test_every_link_of_every_page_leads_somewhere(prefix: str) -> None:
    """And every page is sound, and says nothing to a browser that its policy does not allow."""
    status = three(prefix)
    waiting, visited = [f"{status.prefix}/", f"{status.prefix}/nowhere"], set[str]()
    while waiting:
        link = waiting.pop()
        if link in visited:
            continue
        visited.add(link)
        path = link.removeprefix(status.prefix)
        if path in ("/metrics", "/api/v1/targets", "/api/v1/incidents", "/-/ready"):
            continue  # of other rooms
        code, headers, content = status.get(path.replace("&amp;", "&"))
        assert code == (404 if path == "/nowhere" else 200), link
        if headers["Content-Type"].startswith("text/html"):
            assert headers["Content-Security-Policy"] == POLICY
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-cache"
            assert headers["X-Content-Type-Options"] == "nosniff"
            waiting += Markup(content.decode()).within(status.prefix)
    kinds = {link.removeprefix(status.prefix).split("/")[1].split("?")[0] for link in visited}
    assert kinds >= {"", "targets", "incidents", "causes", "runbooks", "logs", "static"}
    assert len(visited) > 100


def test_the_front_page_says_first_what_is_wrong() -> None:
    found = Status(
        targets=[target("well"), target("a"), target("b")],
        incidents=[
            incident("a"),
            incident("a", 2, severity=Severity.INFO),
            incident("b", severity=Severity.WARNING),
        ],
    )
    found.see(healthy("well"))
    page = Markup(found.page("/"))
    assert "✖ 2 of 3 targets are in trouble: a, b." in page.words
    rows = re.findall(r'id="target-(\w+)"', found.page("/"))
    assert rows == ["a", "b", "well"]
    assert "✖ Failing a db.example.com:5432 Nothing listens at a any more server.down" in page.words
    assert "and 1 other incident" in page.words
    assert "▲ Trouble b" in page.words
    assert "✔ Well well db.example.com:5432 Nothing" in page.words
    assert "16 ms 0 % none" in page.words


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Status(), "No targets are configured yet."),
        (Status(targets=[target()]), "Nothing has been seen yet of 1 of 1 target."),
        (only(session()), "The target is well."),
        (only(session(REFUSED)), "orders is in trouble."),
        (
            only(session(), incidents=[incident(severity=Severity.INFO)]),
            "No trouble; worth knowing of 1 of 1 target: orders.",
        ),
        (
            Status(
                targets=[target(f"t{number}") for number in range(5)],
                incidents=[incident(f"t{number}") for number in range(5)],
            ),
            "5 of 5 targets are in trouble: t0, t1, t2 and 2 more.",
        ),
        (
            Status(
                targets=[target(f"t{number}") for number in range(4)],
                incidents=[incident(f"t{number}") for number in range(4)],
            ),
            "4 of 4 targets are in trouble: t0, t1, t2, t3.",
        ),
    ],
)
def test_the_front_page_has_a_verdict_for_everything(found: Status, verdict: str) -> None:
    assert verdict in Markup(found.page("/")).words


def test_all_well_is_said() -> None:
    found = Status(targets=[target("a"), target("b")])
    found.see([*healthy("a"), *healthy("b")])
    assert "✔ All 2 targets are well." in Markup(found.page("/")).words


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=ORD", ["orders"]),
        ("q=192.0.2", ["shop"]),
        ("q=server.down", ["orders"]),
        ("q=team-a", ["new"]),
        ("state=well", ["shop"]),
        ("state=failing&q=shop", []),
        ("state=nonsense", []),
        ("q=", ["orders", "new", "shop"]),
        ("&&=&%", ["orders", "new", "shop"]),
    ],
)
def test_targets_are_found(query: str, names: list[str]) -> None:
    found = Status(
        targets=[target("orders"), target("shop", host="192.0.2.9"), target("new", team="team-a")],
        incidents=[incident()],
    )
    found.see(healthy("shop"))
    text = found.page(f"/?{query}")
    assert re.findall(r'id="target-(\w+)"', text) == names
    assert names or "None of the 3 targets fits" in Markup(text).words


def test_two_hundred_targets_are_one_page() -> None:
    found = Status(targets=[target(f"db-{number:03}") for number in range(200)])
    seen = healthy("db-000")
    for one in found.targets:
        found.see([replace(each, target=one.name) for each in seen[-70:]])
    text = found.page("/")
    assert text.count('id="target-') == 200
    Markup(text)
    code, headers, content = found.get("/", accept_encoding="gzip")
    assert (code, headers["Content-Encoding"], "Accept-Encoding" in headers["Vary"]) == (200, "gzip", True)
    assert decompress(content).decode() == text
    assert len(content) < 200_000


def test_incidents_are_listed_filtered_and_paged() -> None:
    many = [
        incident(f"t{number % 2}", number, ended=None if number < 3 else NOW, cause=list(Cause)[number % 4])
        for number in range(120)
    ]
    found = Status(targets=[target("t0"), target("t1")], incidents=many)

    def ids(query: str) -> list[str]:
        return re.findall(r'id="incident-(t\d-\d+)"', found.page(f"/incidents?{query}"))

    assert ids("") == [one.id for one in many[:50]]
    assert ids("page=3") == ids("page=99") == [one.id for one in many[100:]]
    assert ids("page=nonsense") == ids("page=0") == ids("")
    assert ids("active=true") == ["t0-0", "t1-1", "t0-2"]
    assert ids("active=true&target=t1") == ["t1-1"]
    assert len(ids(f"cause={list(Cause)[3]}&page=1")) == 30
    assert ids("target=nobody") == []
    page = Markup(found.page("/incidents?target=t0&page=1"))
    assert "/incidents?target=t0&page=2" in page.links
    assert "Page 1 of 2" in page.words
    assert "No incident of this kind is known" in Markup(found.page("/incidents?target=nobody")).words


def test_an_incident_is_told_whole(plain: Status) -> None:
    said = Markup(plain.page("/incidents/orders-1")).words
    for words in (
        "Nothing listens at orders any more.",
        "✖ critical orders, server.down, for 10 min, still going on",
        "Start the server",
        "echoes to the host are answered",
        "Confidence: 95 %",
        "likeliest first: net.unreachable.",
        "It is still going on, for 10 min by now.",
    ):
        assert words in said
    said = Markup(plain.page("/incidents/shop-2")).words
    assert "after 16 min 40 s" in said
    assert "Nothing has been noted yet." in said
    assert "No cause has stood out while it lasted." in said
    page = Markup(plain.page("/incidents/gone-3"))
    assert "gone, which is no longer configured" in page.words
    assert not any("/targets/gone" in link for link in page.links)


def test_causes_and_runbooks_are_pages_for_browsers_and_text_for_others(plain: Status) -> None:
    said = Markup(plain.page("/causes/middlebox.idle_timeout")).words
    assert "Idle connections are forgotten on the way" in said
    assert "create_engine(url, pool_recycle=<pool_recycle>, pool_pre_ping=True)" in said
    assert "Nothing listens at orders any more" in Markup(plain.page("/causes/server.down")).words
    code, headers, content = plain.get("/causes/server.down", accept="*/*")
    assert (code, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert content.startswith(b"server.down (critical)\n")
    assert "What this rests" not in plain.page("/runbooks/DatabaseDown")
    assert f"{plain.prefix}/causes/server.down" in Markup(plain.page("/runbooks/DatabaseDown")).links
    for accept in ("", "*/*", "text/plain", "text/plain, text/html;q=0.5", "text/html;q=nonsense"):
        code, headers, content = plain.get("/runbooks/DatabaseDown", accept=accept)
        assert (code, headers["Content-Type"]) == (200, "text/plain; charset=utf-8"), accept
        assert content.startswith(b"# DatabaseDown\n\n## Meaning\n")
        assert "Accept" in headers["Vary"]


def test_tables_of_runbooks_are_tables() -> None:
    page = Status().page("/runbooks/DatabaseOutageBudgetBurning")
    assert '<th scope="col">severity</th>' in page
    assert '<div class="scroll" role="region"' in page


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/targets/", "/targets/none", "/targets/orders/more", "/incidents/none", "/causes/none",
        "/runbooks/", "/runbooks/../DatabaseDown.md", "/a/b/c", "/targets/" + "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_there_helps_browsers_on(plain: Status, path: str) -> None:
    code, headers, content = plain.get(path)
    assert (code, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert headers["Content-Security-Policy"] == POLICY
    page = Markup(content.decode())
    assert "There is nothing at this address" in page.words
    assert f"{plain.prefix}/" in page.links
    assert len(content) < 10_000
    assert plain.get(path, accept="*/*")[::2] == (404, b"not found\n")


def test_a_name_written_nearly_right_is_found(plain: Status) -> None:
    assert f"{plain.prefix}/targets/orders" in Markup(plain.get("/targets/Order")[2].decode()).links


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("", 400, "Probe id or target must be defined"),
        ("module=tcp", 400, "Probe id or target must be defined"),
        ("id=x", 400, "Invalid probe id"),
        ("id=-1", 400, "Invalid probe id"),
        ("id=" + "9" * 30, 400, "Invalid probe id"),
        ("id=1&target=orders", 400, "can't be defined at the same time"),
        ("id=999999", 404, "Probe id not found"),
        ("target=none", 404, "Probe target not found"),
        ("target=orders&module=none", 404, "Probe target not found"),
        ("target=orders", 200, " of orders, "),
        ("target=orders&module=session", 200, "failed in phase tcp: server.down"),
        ("target=db:5432", 200, "no\n"),
    ],
)
def test_logs_are_given_as_blackbox_exporter_gives_them(
    plain: Status, query: str, code: int, words: str
) -> None:
    answered, headers, content = plain.get(f"/logs?{query}")
    assert (answered, headers["Content-Type"]) == (code, "text/plain; charset=utf-8")
    assert words in content.decode()


def test_files_are_kept_by_browsers_as_long_as_they_are_the_same(plain: Status) -> None:
    for name, kind in (
        ("style.css", "text/css"),
        ("live.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ):
        code, headers, content = plain.get(f"/static/{name}?v={VERSION}")
        assert (code, headers["Content-Type"].partition(";")[0], bool(content)) == (200, kind, True)
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert plain.get(f"/static/{name}")[1]["Cache-Control"] == "no-cache"
    for path in ("/static/", "/static/../pages/static.py", "/static/none.css"):
        assert plain.get(path)[0] == 404


def test_pages_are_read_and_not_written_to(plain: Status) -> None:
    for path in ("/", "/targets/orders", "/incidents", "/logs?id=1", "/static/style.css"):
        assert plain.get(path, method="POST")[0] == 405
        assert plain.get(path, method="HEAD")[2] == b""


def test_a_browser_is_told_from_others() -> None:
    found = only(session())
    assert found.get("/nowhere", accept=BROWSER)[1]["Content-Type"].startswith("text/html")
    assert found.get("/nowhere", accept="text/html;q=0")[1]["Content-Type"].startswith("text/plain")
