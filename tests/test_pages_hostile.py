"""Pages, logs and headers, where everything that somebody else can write says what it should not."""

from email.message import Message

import pytest

from exporter.model import Result, Step
from tests.markup import Markup
from tests.seen import NASTY, NOW, broken, incident, target
from tests.status import Status


@pytest.fixture(scope="module")
def hostile() -> Status:
    """Everything that somebody else can write says what it should not."""
    long = NASTY + "A" * 1_000_000
    found = Status(
        targets=[target("orders", host=long, team=NASTY)],
        incidents=[
            incident(summary=long, evidence=(long,) * 100, fix=(Step(text=long, copy=(long,)),) * 100),
            incident(number=2, ended=NOW, summary=long),
        ],
        probes={"session": "", "ping": NASTY},
    )
    found.see(broken("orders", long))
    found.history.add(Result(target=long, module=NASTY, started=NOW, duration=0.1, success=False, log=long))
    return found


def test_nothing_hostile_gets_through(hostile: Status) -> None:
    pages = (
        "/",
        "/targets/orders",
        "/incidents",
        "/incidents/orders-1",
        f"/{NASTY}",
        f"/?q={NASTY}",
        f"/incidents?target={NASTY}",
    )
    for path in pages:
        code, headers, content = hostile.get(path)
        text = content.decode()
        page = Markup(text)
        assert code in (200, 404)
        assert "<script>alert" not in text, path
        assert "\x1b" not in text, path
        assert "\u202e" not in text, path
        assert "\x00" not in text, path
        assert "\n" not in headers["Content-Type"]
        assert len(text) < 100_000, (path, len(text))
        assert page.text.count("<script>alert") == text.count("&lt;script&gt;alert")
    assert "<script>alert(1)</script>␛[31m�␀" in Markup(hostile.page("/targets/orders")).text


def test_logs_are_harmless_and_whole(hostile: Status) -> None:
    [(number, _)] = hostile.history.listed()
    _, headers, content = hostile.get(f"/logs?id={number}")
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == (
        "text/plain; charset=utf-8",
        "nosniff",
    )
    text = content.decode()
    assert len(text) > 1_000_000
    assert "\x1b" not in text
    assert "\x00" not in text


def test_headers_take_nothing_from_anybody(hostile: Status) -> None:
    for path in ("/", "/targets/orders", "/a%0d%0aSet-Cookie:x"):
        _, headers, _ = hostile.get(path)
        told = Message()
        for name, value in headers.items():
            told[name] = value
        assert "Set-Cookie" not in told
