"""`conndrop healthy`, which a container's health check runs, with our own pages and with what has none."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from exporter.app import Entrance
from exporter.web.mounting import Mount
from exporter.web.operating import Operating
from exporter.web.server import WebServer
from exporter.web.site import Site
from tests.encrypted import Folder, serving
from tests.test_cli import told
from tests.test_daemon import conndrop
from tests.test_web import LOOPBACK

USERS = 'basic_auth_users: {me: "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"}\n'


@contextlib.contextmanager
def saying(words: bytes) -> Iterator[str]:
    """Something that says this to whoever comes, and then no more; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as kept:

        def serve() -> None:
            with contextlib.suppress(OSError):
                sock = kept.enter_context(listener.accept()[0])
                sock.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("hanging", "expected"),
    [
        ((), (0, "Healthy\n", "")),
        (("meter",), (1, "", "not healthy: 503: Not healthy: meter hangs\n")),
        (("meter", "watcher"), (1, "", "not healthy: 503: Not healthy: meter, watcher hangs\n")),
    ],
)
def test_what_hangs_is_named(hanging: Sequence[str], expected: tuple[int, str, str]) -> None:
    operating = Operating(lambda: True, str, hanging=lambda: hanging)
    web = WebServer([LOOPBACK], Site(operating.routes))
    try:
        assert told("healthy", f"http://127.0.0.1:{web.addresses[0].port}") == expected
    finally:
        web.stop()


def test_below_a_path_and_over_tls(tmp_path: Path) -> None:
    """The certificate is for another name, which is no matter."""
    with serving(Entrance(Folder(tmp_path).write("", ""), mount=Mount.parse("", "/x"))) as port:
        assert told("healthy", f"https://127.0.0.1:{port}/x/") == (0, "Healthy\n", "")
        status, _, errors = told("healthy", f"https://127.0.0.1:{port}")
        assert (status, errors) == (
            1, "not healthy: 404: is it served below a path? Then that belongs to the URL\n",
        )  # fmt: skip
        assert told("healthy", f"http://127.0.0.1:{port}/x/")[2].endswith(
            "; if it has TLS, its URL begins with https://\n"
        )


def test_a_password_is_not_asked_for_but_told_of(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(USERS)
    with serving(Entrance(file)) as port:
        status, _, errors = told("healthy", f"http://127.0.0.1:{port}")
        assert status == 1
        assert "401: it wants a password here, too: run it with --web.healthy-without-credentials" in errors
    with serving(Entrance(file, healthy_open=True)) as port:
        assert told("healthy", f"http://127.0.0.1:{port}")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"", "URL: no answer within 4 s"),
        (b"SSH-2.0-\x1b[2JOpenSSH\r\n", "URL: SSH-2.0-"),
        (b"HTTP/1.0 500 No\r\nContent-Length: 4\r\n\r\n\x1b[2J", "500: "),
    ],
)
def test_what_is_no_exporter(words: bytes, said: str) -> None:
    """Who accepts and says nothing is waited for four seconds; no control character gets out."""
    with saying(words) as url:
        done = conndrop("healthy", url)
        assert (done.returncode, done.stdout) == (1, "")
        assert said.replace("URL", url) in done.stderr
        assert "\x1b" not in done.stderr


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert told("healthy", f"http://127.0.0.1:{port}/")[::2] == (
        1,
        f"not healthy: http://127.0.0.1:{port}/: Connection refused\n",
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:10054", "cannot be asked; write http://host:port/, without a password"),
        ("ftp://127.0.0.1/", "cannot be asked; write http://host:port/, without a password"),
        (
            "http://me:hunter2@127.0.0.1/",
            "cannot be asked; write http://host:port/, without a password",
        ),
        ("http://127.0.0.1:x/", "Port could not be cast to integer value as 'x'"),
    ],
)
def test_what_cannot_be_asked(url: str, said: str) -> None:
    status, _, errors = told("healthy", url)
    assert status == 2
    assert said in errors
    assert "hunter2" not in errors
