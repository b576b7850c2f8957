"""A web configuration that changes: certificates are rotated, and nonsense changes nothing."""

import logging
import socket
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from exporter.app import Entrance
from exporter.app import entrance as entering
from exporter.config import ConfigurationError
from exporter.model import Access, ClientCertificate, Encryption
from tests.encrypted import REQUEST, Folder, let_in, serving
from tests.servers.certificates import NAME
from tests.waiting import wait_for

HASH = "$2b$04$vEOwF8T5PkTQcJWOw1RX1uZzkI/6oPC1OCe/ZMPmqf1HKuYYJTuaG"


KEPT = b"GET /-/healthy HTTP/1.1\r\n\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_certificate_is_rotated_without_a_restart(folder: Folder) -> None:
    """Requests go on all the while, and none of them fails."""
    entrance = Entrance(folder.write())
    serials: set[str] = set()
    failed: list[str] = []
    stop = threading.Event()

    def scrape(port: int) -> None:
        context = folder.context()
        while not stop.is_set():
            with (
                socket.create_connection(("127.0.0.1", port), 5) as plain,
                context.wrap_socket(plain, server_hostname=NAME) as sock,
            ):
                serials.add(str((sock.getpeercert() or {})["serialNumber"]))
                sock.sendall(REQUEST)
                if not sock.recv(65536).startswith(b"HTTP/1.1 200"):
                    failed.append("answer")

    def watched(port: int) -> None:
        try:
            scrape(port)
        except OSError as error:
            failed.append(str(error))

    with serving(entrance) as port:
        threads = [threading.Thread(target=watched, args=(port,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_for(lambda: failed or serials)  # the first certificate counts, too
        for count in range(1, 6):
            folder.rotate()
            wait_for(lambda count=count: failed or len(serials) > count)  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join(10)
    assert not failed
    assert len(serials) >= 6


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == entering.__name__]


def test_nonsense_changes_nothing_and_is_told_once(
    folder: Folder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "AGAIN", 0.0)
    caplog.set_level(logging.INFO)
    good = folder.write().read_text()
    wrong, anew = "web configuration cannot be used", "web configuration read anew"
    with serving(Entrance(folder.file)) as port:
        for nonsense in (f"x: {HASH}", ""):
            caplog.clear()
            folder.file.write_text(nonsense)
            assert all(let_in(port, folder.context()) for _ in range(3))
            assert lines(caplog) == [wrong]
            assert HASH not in caplog.text
        folder.file.unlink()
        assert let_in(port, folder.context())
        folder.file.write_text(good)
        assert let_in(port, folder.context())
        assert lines(caplog) == [wrong, wrong, anew]
        (folder.path / "server.pem").rename(folder.path / "away.pem")
        assert let_in(port, folder.context())
        (folder.path / "away.pem").rename(folder.path / "server.pem")
        assert let_in(port, folder.context())
        assert lines(caplog)[3:] == [wrong, anew]


def test_a_second_change_within_the_kernels_tick_is_seen(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the same size, written twice in a moment, may have the stamp that it had between."""
    exact, tick = Path.stat, 10**9

    def coarse(path: Path, **options: bool) -> SimpleNamespace:
        found = exact(path, **options)
        stamps = {name: getattr(found, name) // tick * tick for name in ("st_mtime_ns", "st_ctime_ns")}
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**fields | stamps)

    monkeypatch.setattr(Path, "stat", coarse)
    entrance = Entrance(folder.write())
    files = [folder.path / name for name in ("server.pem", "server.key")]
    pairs = []
    for _ in range(2):
        folder.rotate()
        pairs.append([file.read_bytes().ljust(2000, b"\n") for file in files])
    for turn in range(20):
        pair = pairs[turn % 2]
        for file, content in zip(files, pair, strict=True):
            file.write_bytes(content)
        held = entrance._now().access.encryption
        assert held is not None
        assert [held.certificate, held.key] == pair, turn


def test_a_file_that_is_wrong_is_not_read_with_each_request(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "FRESH", 0.0)
    entrance = Entrance(folder.write())
    folder.file.write_text("x: 1")
    with serving(entrance) as port:
        assert let_in(port, folder.context())
        before = entrance._read_at
        assert all(let_in(port, folder.context()) for _ in range(5))
        assert entrance._read_at - before in (0.0, pytest.approx(1.0, abs=0.9))


def test_what_was_open_can_be_closed(folder: Folder) -> None:
    """Without a restart: TLS where there was none."""
    folder.file.write_text("")
    with serving(Entrance(folder.file)) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(REQUEST)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        folder.write()
        assert let_in(port, folder.context())


KNOWN = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"


@pytest.mark.parametrize(
    ("before", "after", "served"),
    [
        ("", "  min_version: TLS13\n", True),
        ("", KNOWN, False),
        (KNOWN, f"{KNOWN}  client_allowed_sans: [other.test]\n", False),
        (None, "", False),
    ],
)
def test_a_connection_that_is_kept(before: str | None, after: str, served: bool, folder: Folder) -> None:
    """Who has shown less than has to be shown now comes in anew; a rotation ends no connection."""
    folder.file.write_text("") if before is None else folder.write(before)
    with (
        serving(Entrance(folder.file)) as port,
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        plain if before is None else folder.context("known").wrap_socket(plain, server_hostname=NAME) as sock,
    ):
        for rotated in (False, True):
            if rotated:
                folder.rotate()
            sock.sendall(KEPT)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        folder.write(after)
        sock.sendall(KEPT)
        assert sock.recv(65536)[:12] == (b"HTTP/1.1 200" if served else b"")


def test_a_file_that_is_wrong_at_the_start(folder: Folder) -> None:
    folder.write("  zzz: 1\n")
    with pytest.raises(ConfigurationError, match=r"web\.yml:4: tls_server_config\.zzz: unknown key"):
        Entrance(folder.file)


TLS = Encryption(certificate=b"", key=b"")
CLIENTS = replace(TLS, client=ClientCertificate.REQUIRE_AND_VERIFY)
NAMED = replace(CLIENTS, client_names=("a",))


@pytest.mark.parametrize(
    ("before", "after", "opened"),
    [
        (Access(), Access(), ""),
        (Access(), Access(encryption=NAMED, users={"a": HASH}), ""),
        (Access(users={"a": HASH}), Access(), "basic_auth_users"),
        (Access(users={"a": HASH}), Access(users={"b": HASH}), ""),
        (Access(encryption=TLS), Access(), "tls_server_config"),
        (Access(encryption=CLIENTS), Access(encryption=TLS), "client_auth_type"),
        (
            Access(encryption=CLIENTS),
            Access(encryption=replace(TLS, client=ClientCertificate.REQUIRE_ANY)),
            "client_auth_type",
        ),
        (
            Access(encryption=CLIENTS),
            Access(encryption=replace(TLS, client=ClientCertificate.VERIFY_IF_GIVEN)),
            "client_auth_type",
        ),
        (Access(encryption=TLS), Access(encryption=CLIENTS), ""),
        (Access(encryption=NAMED), Access(encryption=CLIENTS), "client_allowed_sans"),
        (Access(encryption=NAMED), Access(encryption=replace(NAMED, client_names=("b",))), ""),
    ],
)
def test_what_would_open(before: Access, after: Access, opened: str) -> None:
    assert after.opens(before) == opened
