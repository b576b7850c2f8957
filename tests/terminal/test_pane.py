"""Both commands in a real terminal, against a real server: seen, resized, and ended at any stage."""

from collections.abc import Iterator

import pytest

from exporter.db.dialect import PROGRAM
from tests import doubles
from tests.servers import Postgres
from tests.servers.database import PASSWORD
from tests.terminal.pane import VARIABLE, needs_tmux, pane
from tests.waiting import wait_for

pytestmark = needs_tmux

ENDS = "Ctrl-C ends it"
CUT = "ended before its time"
KNOWN = ("--password.env", VARIABLE)


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """Give a URL without its password; at the end none of our sessions is left on the server."""
    yield f"postgresql://probe@127.0.0.1:{postgres.port}/shop?sslmode=disable"
    wait_for(lambda: not sessions(postgres))


def sessions(server: Postgres) -> list[tuple[object, ...]]:
    return [row for row in server.admin(server.sessions) if PROGRAM in str(row[0])]


def test_from_beginning_to_end_in_windows_of_all_sizes(url: str) -> None:
    """A live display on a screen of its own; the report stays, and the password is nowhere."""
    with pane("diagnose", url, *KNOWN, "--hold=0", "--skip=path,mtu") as shown:
        shown.shows(ENDS)
        assert shown.has_its_own_screen()
        assert PASSWORD not in shown.words()
        shown.resize(40, 12)
        shown.shows("✓ server   PostgreSQL")
        shown.resize(200, 50)
        shown.shows("open in")
        assert shown.status() == 0
        assert not shown.has_its_own_screen()
        told = shown.text()
    assert "✓ Nothing is wrong at 127.0.0.1" in told
    assert '        password=os.environ["DB_PASSWORD"],\n' in told
    assert ENDS not in told
    assert PASSWORD not in told


def test_ctrl_z_does_not_leave_its_screen_behind(url: str) -> None:
    """The shell would have neither a cursor nor what stood there before; the examination goes on."""
    with pane("diagnose", url, *KNOWN, "--hold=0", "--only=tcp,session") as shown:
        shown.shows(ENDS)
        shown.press("C-z")
        assert shown.status() == 0
        assert not shown.has_its_own_screen()
        assert "Nothing is wrong at 127.0.0.1" in shown.text()


def test_ctrl_c_while_nobody_answers() -> None:
    with doubles.server(doubles.deaf) as port, pane("diagnose", f"mysql://u@127.0.0.1:{port}/d") as shown:
        shown.shows_like("0:0[1-9]")
        shown.press("C-c")
        assert shown.status() in (0, 1)
        assert CUT in shown.text()


@pytest.mark.parametrize("stage", ["0:0[0-9]", "✓ session", "Connections left silent"])
def test_ctrl_c_at_any_stage_leaves_nothing_behind(postgres: Postgres, url: str, stage: str) -> None:
    with pane("diagnose", url, *KNOWN) as shown:
        shown.shows_like(stage)
        shown.press("C-c")
        assert shown.status() in (0, 2)
        wait_for(lambda: not sessions(postgres))
        told = shown.text()
    assert CUT in told
    assert "Verdict\n" in told


def test_a_password_that_is_asked_for_is_not_shown(url: str) -> None:
    with pane("diagnose", url, "--password.ask", "--only=session", "--hold=0") as shown:
        shown.shows("Password:")
        shown.press(PASSWORD, "Enter")
        shown.shows("✓ session")
        assert shown.status() == 0
        assert PASSWORD not in shown.text()


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (["--plain"], {}),
        ([], {"LC_ALL": "C"}),
    ],
)
def test_terminals_that_want_less(url: str, words: list[str], environ: dict[str, str]) -> None:
    """Lines instead of a screen; and only ASCII where there is no more."""
    command = ("idle", url, *KNOWN, "--ladder=500ms,700ms", "--hold=4s", *words)
    with pane(*command, size=(60, 24), environ=environ) as shown:
        shown.shows("Connections left silent" if environ else "silence: survived")
        assert shown.has_its_own_screen() == bool(environ)
        assert shown.status() == 0
        told = shown.text()
    assert ("ok Nothing" if environ else "✓ Nothing") in told
    assert told.isascii() == bool(environ)
    assert max(map(len, told.splitlines())) <= 60
