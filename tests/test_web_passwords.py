"""Passwords, the limit of requests and headers, over real sockets."""

import base64
import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import bcrypt
import pytest

from exporter.app import Entrance
from exporter.model import RateLimit
from exporter.web import passwords as checking
from exporter.web.gate import Bucket, credentials
from exporter.web.passwords import Credentials, Passwords, Verdict, matches
from tests.test_web import LOOPBACK, ask, site
from tests.waiting import in_time, wait_for

CHEAP = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
DEAR = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(10)).decode()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextlib.contextmanager
def serving(directory: Path, text: str, *, healthy_open: bool = False) -> Iterator[int]:
    path = directory / "web.yml"
    path.write_text(text)
    running = Entrance(path, healthy_open=healthy_open).open(site(), [LOOPBACK])
    try:
        yield running.addresses[0].port
    finally:
        running.stop()


def users(**told: str) -> str:
    return "basic_auth_users:\n" + "".join(f"  {name}: {text}\n" for name, text in told.items())


def test_who_has_a_password_comes_in(tmp_path: Path) -> None:
    with serving(tmp_path, users(alice=CHEAP, möwe=CHEAP)) as port:
        for name in ("alice", "möwe"):
            assert ask(port, "/metrics", Authorization=basic(name, "correct horse"))[0] == 200
        assert ask(port, "/metrics", Authorization=basic("alice", "correct horse").lower()[:5])[0] == 401
        for header in (basic("alice", "wrong"), basic("bob", "correct horse"), basic("", ""), "Bearer x"):
            status, headers, content = ask(port, "/metrics", Authorization=header)
            assert (status, content) == (401, b"Unauthorized\n")
            assert headers["Www-Authenticate"] == 'Basic realm="conndrop"'
        for path in ("/", "/-/healthy", "/-/ready", "/api/v1/targets", "/nowhere"):
            assert ask(port, path)[0] == 401
        assert ask(port, "/metrics", "POST")[0] == 401
        assert ask(port, "/metrics", "HEAD")[::2] == (401, b"")


def test_healthy_without_credentials(tmp_path: Path) -> None:
    text = users(alice=CHEAP) + "rate_limit: {interval: 1h, burst: 1}\n"
    with serving(tmp_path, text, healthy_open=True) as port:
        assert [ask(port, "/-/healthy")[0] for _ in range(3)] == [200] * 3
        assert ask(port, "/-/ready")[0] == 401
        assert ask(port, "/-/ready")[0] == 429


def test_users_change_without_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path, users(alice=CHEAP)) as port:
        right = basic("alice", "correct horse")
        assert ask(port, "/metrics", Authorization=right)[0] == 200
        (tmp_path / "web.yml").write_text(users(bob=CHEAP))
        assert ask(port, "/metrics", Authorization=right)[0] == 401
        assert ask(port, "/metrics", Authorization=basic("bob", "correct horse"))[0] == 200
        (tmp_path / "web.yml").write_text(users(bob=bcrypt.hashpw(b"new", bcrypt.gensalt(4)).decode()))
        assert ask(port, "/metrics", Authorization=basic("bob", "correct horse"))[0] == 401
        (tmp_path / "web.yml").write_text("basic_auth_users: {}\n")
        assert ask(port, "/metrics")[0] == 401


def test_headers_are_on_every_answer(tmp_path: Path) -> None:
    text = (
        users(alice=CHEAP) + "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
        "    X-Content-Type-Options: nosniff\n"
    )
    with serving(tmp_path, text) as port:
        right = basic("alice", "correct horse")
        for path, header in (("/metrics", right), ("/nowhere", right), ("/metrics", "x")):
            with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", path, headers={"Authorization": header})
                found = [(name, text) for name, text in connection.getresponse().getheaders()]
            assert ("X-Frame-Options", "deny") in found
            assert found.count(("X-Content-Type-Options", "nosniff")) == 1
        assert ask(port, "/" + "a" * 70_000)[:2][1]["X-Frame-Options"] == "deny"


def test_the_limit_of_requests(tmp_path: Path) -> None:
    with serving(tmp_path, "rate_limit: {interval: 2s, burst: 3}\n") as port:
        found = [ask(port, "/-/healthy")[0] for _ in range(5)]
        assert found[:3] == [200] * 3
        assert 429 in found
        wait_for(lambda: ask(port, "/-/healthy")[0] == 200)


def test_a_bucket_fills_again() -> None:
    bucket, rate = Bucket(), RateLimit(0.5, 2)
    assert [bucket.take(rate, now) for now in (10.0, 10.0, 10.0, 10.4, 10.5, 10.5)] == [
        True, True, False, False, True, False,
    ]  # fmt: skip
    assert [bucket.take(rate, 99.0) for _ in range(3)] == [True, True, False]
    assert bucket.take(RateLimit(0.5, 1), 99.0)
    assert not bucket.take(RateLimit(0.5, 1), 98.0)


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ", "Basic !!!", "Basic YQ==", "Bearer YTpi", "Basic Zé==", "Digest a"]
)
def test_headers_that_hold_no_credentials(header: str) -> None:
    assert credentials(header, "::1") is None


@pytest.mark.parametrize(
    ("header", "user", "password"),
    [
        ("Basic YTpi", "a", b"b"),
        ("bAsIc YTpiOmM=", "a", b"b:c"),
        ("Basic Og==", "", b""),
        ("Basic /zr/", "\udcff", b"\xff"),
    ],
)
def test_headers_that_hold_credentials(header: str, user: str, password: bytes) -> None:
    assert credentials(header, "::1") == Credentials(user, password, "::1")


def test_hashes_as_go_takes_them() -> None:
    """Of a long password only 72 bytes count; a hash that none can have matches nothing."""
    long = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert matches(long, b"x" * 100)
    assert matches(long.replace("$2b$", "$2y$"), b"x" * 72)
    assert matches(long.replace("$2b$", "$2a$"), b"x" * 72)
    assert not matches(long, b"x" * 71)
    assert not matches("$2b$04$" + "!" * 53, b"x")
    assert not matches(f"$2b$04${checking.NOBODYS}", b"")


def seconds(passwords: Passwords, told: dict[str, str], user: str, password: bytes) -> float:
    """Measure the processor's time of one check, in all threads."""
    before = time.process_time()
    assert passwords.judge(told, Credentials(user, password, "a")) is Verdict.WRONG
    return time.process_time() - before


def test_unknown_users_cost_as_much_as_known_ones() -> None:
    told = {"alice": bcrypt.hashpw(b"correct horse", bcrypt.gensalt(9)).decode()}
    passwords = Passwords()
    taken: dict[str, list[float]] = {"alice": [], "nobody": []}
    for number in range(7):  # in turn: a processor is not always as quick
        for user, times in taken.items():
            times.append(seconds(passwords, told, user, b"%d" % number))
    assert median(taken["nobody"]) == pytest.approx(median(taken["alice"]), rel=0.5)
    assert passwords.judge({}, Credentials("nobody", b"x", "a")) is Verdict.WRONG


def test_the_password_of_nobody_lets_nobody_in() -> None:
    """The hash that unknown users are checked against has one, which everybody may know."""
    assert matches(checking._nobodys({"alice": DEAR}), b"fakepassword")
    assert Passwords().judge({"alice": DEAR}, Credentials("bob", b"fakepassword", "a")) is Verdict.WRONG


def test_what_was_found_out_is_remembered() -> None:
    """The right and the wrong, each without another check; and only so many of them."""
    passwords, told = Passwords(), {"alice": CHEAP}
    for password, verdict in ((b"correct horse", Verdict.RIGHT), (b"wrong", Verdict.WRONG)):
        given = Credentials("alice", password, "a")
        assert passwords.judge(told, given) is verdict
        before = time.process_time()
        assert all(passwords.judge(told, given) is verdict for _ in range(20))
        assert time.process_time() - before < 0.02
    for number in range(checking.REMEMBERED + 5):
        passwords.judge(told, Credentials("alice", b"%d" % number, "a"))
    assert len(passwords._known[False]) == checking.REMEMBERED
    assert len(passwords._known[True]) == 1
    assert b"correct horse" not in repr(passwords.__dict__).encode()


def test_the_same_question_is_answered_once() -> None:
    passwords, told = Passwords(), {"alice": DEAR}
    given = Credentials("alice", b"correct horse", "a")
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: passwords.judge(told, given), range(20)))
    assert found == [Verdict.RIGHT] * 20


def test_who_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PATIENCE", 0.0)
    passwords, given = Passwords(), Credentials("alice", b"correct horse", "a")
    assert passwords.judge({"alice": DEAR}, given) is Verdict.BUSY
    monkeypatch.undo()
    wait_for(lambda: passwords.judge({"alice": DEAR}, given) is Verdict.RIGHT)


def test_a_flood_of_wrong_passwords(tmp_path: Path) -> None:
    """Scrapes go on beside it, little of a processor is spent, and most are turned away unchecked."""
    right = basic("alice", "correct horse")
    stop, statuses = threading.Event(), []
    numbers = itertools.count()

    def flood(port: int) -> None:
        while not stop.is_set():
            statuses.append(ask(port, "/metrics", Authorization=basic("alice", str(next(numbers))))[0])

    with serving(tmp_path, users(alice=DEAR)) as port:
        assert ask(port, "/metrics", Authorization=right)[0] == 200
        with ThreadPoolExecutor(8) as pool:
            begun = time.monotonic()
            for _ in range(8):
                pool.submit(flood, port)
            try:
                for _ in range(20):
                    assert in_time(lambda: ask(port, "/metrics", Authorization=right)[0], 0.5) == 200
                    time.sleep(0.1)
            finally:
                stop.set()
        lasted = time.monotonic() - begun
    assert set(statuses) == {401, 429}
    begun = time.thread_time()
    matches(DEAR, b"x")
    # A quarter of the time at most; twice that, because this one check may have been a quick one.
    assert statuses.count(401) <= lasted / (time.thread_time() - begun) / 2 + 2
    assert statuses.count(401) < statuses.count(429)


def test_passwords_are_checked_in_a_thread_that_gives_way() -> None:
    passwords = Passwords()
    passwords.judge({"alice": CHEAP}, Credentials("alice", b"x", "a"))
    found = [os.getpriority(os.PRIO_PROCESS, each.native_id or 0) for each in passwords._pool._threads]
    assert found == [os.getpriority(os.PRIO_PROCESS, 0) + checking.NICENESS]


def test_a_check_that_breaks_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address may have few checks under way: none that has broken may be counted for ever."""
    passwords, told = Passwords(), {"alice": CHEAP}

    def broken(*_: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(checking, "matches", broken)
        for number in range(checking.MOST_FROM_ONE + 1):
            with pytest.raises(MemoryError):
                passwords.judge(told, Credentials("alice", b"%d" % number, "a"))
    assert passwords.judge(told, Credentials("alice", b"correct horse", "a")) is Verdict.RIGHT
