"""Pages below a prefix, under the URL that people know."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.app import Entrance
from exporter.web.mounting import Mount
from exporter.web.site import Site
from tests.test_web import LOOPBACK, ask, site

ROUTES = ("/metrics", "/api/v1/targets", "/api/v1/incidents", "/-/healthy", "/-/ready")


@contextlib.contextmanager
def served(
    app: Site, external_url: str = "", prefix: str | None = None, web: Path | None = None
) -> Iterator[int]:
    entrance = Entrance(web, healthy_open=True, mount=Mount.parse(external_url, prefix))
    running = entrance.open(app, [LOOPBACK])
    try:
        yield running.addresses[0].port
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("external_url", "prefix", "expected"),
    [
        ("", None, ("", "", "", "")),
        ("", "/", ("", "", "", "")),
        ("", "x", ("/x", "", "/x", "")),
        ("", "//x/y//", ("/x/y", "", "/x/y", "")),
        ("https://host", None, ("", "https://host", "", "https://host")),
        ("https://host:8443/", None, ("", "https://host:8443", "", "https://host:8443")),
        ("http://[::1]:80/a/b/", None, ("/a/b", "http://[::1]:80/a/b", "/a/b", "http://[::1]:80")),
        ("https://host/a", "/", ("", "https://host/a", "/a", "https://host")),
        ("https://host/a", "/b/", ("/b", "https://host/a", "/a", "https://host")),
        ("https://host//evil.example/", None, ("/evil.example", "https://host/evil.example", "/evil.example", "https://host")),
    ],
)  # fmt: skip
def test_where_pages_are(external_url: str, prefix: str | None, expected: tuple[str, ...]) -> None:
    """The prefix is the path of the URL unless another is given, as Prometheus has it."""
    mount = Mount.parse(external_url, prefix)
    assert (mount.prefix, mount.url, mount.base, mount.origin) == expected


def test_everything_is_below_the_prefix_and_nothing_beside_it() -> None:
    with served(site(), prefix="/conn/drop") as port:
        for path in ROUTES:
            assert ask(port, f"/conn/drop{path}")[0] == 200, path
            assert ask(port, path)[::2] == (404, b"not found\n"), path
        for path in ("/conn", "/conn/", "/conn/dropped/metrics", "/conn/drop/conn/drop/metrics"):
            assert ask(port, path)[0] == 404, path


@pytest.mark.parametrize("path", ["/", "/b", "/?x=1"])
@pytest.mark.parametrize(
    ("external_url", "prefix", "to"), [("", "/b", "/b/"), ("https://host/a/b", "/b", "/a/b/")]
)
def test_the_root_leads_to_the_pages(path: str, external_url: str, prefix: str, to: str) -> None:
    """Where a browser finds them: behind a proxy, under another path than ours."""
    with served(site(), external_url, prefix) as port:
        status, headers, content = ask(port, path)
        assert (status, headers["Location"], content) == (302, to, b"")
        assert ask(port, path, "HEAD")[0] == 302


def test_passwords_are_asked_for_below_a_prefix_but_not_by_who_asks_for_health(tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text('basic_auth_users: {a: "$2b$04$mjOW9dErqS8SCfQz4mrAFOnZmXlE.vwSeZ9dBMR.LsBNmEElM3ADq"}\n')
    with served(site(), prefix="/b", web=web) as port:
        assert ask(port, "/b/metrics")[0] == 401
        assert ask(port, "/b/-/healthy")[0] == 200
        assert ask(port, "/-/healthy")[0] == 404
