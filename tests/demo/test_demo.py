"""`conndrop demo` as a whole: what one sees of it, and that it leaves nothing."""

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from exporter.net.icmp import why_unavailable
from tests.demo.showing import Demo, living, shown
from tests.networks import needs_capture, needs_namespaces
from tests.test_daemon import conndrop
from tests.waiting import unspoilt, wait_for

SOMEBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
"""Starts a program without a power over anything, as somebody who is not root."""
WITHOUT_TUN = ("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /dev/net/tun; exec "$@"', "sh")
"""Starts a program where nobody gets a TUN device."""
FOUND = 90.0
"""Seconds within which all is found out; the machine may be busy."""
LONGEST_WAIT = 6
"""Seconds after which the application has given up, which it is to do after three; it may be busy then."""


@needs_namespaces
@needs_capture
def test_the_application_fails_until_it_does_what_was_found(place: Path) -> None:
    """The page names the timeout, the cause and the setting, to somebody who is not root, too.

    All goes on where the server ends.
    """
    with shown(place, "--forget", "3s", "--apply", before=SOMEBODY) as demo:
        wait_for(lambda: "from now on" in demo.said, FOUND)
        assert "names a cause: middlebox.idle_timeout" in demo.said
        waited = r"application +no answer for (\d+) s: could not receive data from server"
        assert 3 <= min(map(int, re.findall(waited, demo.said)), default=0) <= LONGEST_WAIT, demo.said
        recycle = demo.value("conndrop_recommended_pool_recycle_seconds")
        assert recycle in (1, 2)
        assert f"create_engine(…, pool_recycle={recycle:.0f})" in demo.said
        assert [incident["cause"] for incident in demo.incidents()] == ["middlebox.idle_timeout"]
        page = demo.get("targets/demo")
        assert "middlebox.idle_timeout" in page
        assert f"create_engine(url, pool_recycle={recycle:.0f}" in page
        if not why_unavailable():
            unspoilt(lambda: lost(demo), lambda echoes: echoes == 0)
        assert demo.value("conndrop_path_hops") == 2
        wait_for(lambda: " before, " in demo.said, FOUND)
        before = re.search(r"(\d+) errors? in the 20s before, none after: the errors have stopped", demo.said)
        assert before, demo.said
        assert int(before[1]) > 0
        server = re.search(r"trouble +kill -INT (\d+) ", demo.said)
        assert server, demo.said
        os.kill(int(server[1]), signal.SIGINT)
        wait_for(lambda: demo.value("conndrop_up") == 0, 30)
        assert demo.end(signal.SIGINT) == ""
        assert demo.process.returncode == 0
        assert demo.lines[-1].endswith("nothing of the demo is left")


def lost(demo: Demo) -> float:
    """Count the echoes that are lost while five are answered."""

    def total(name: str) -> float:
        return demo.value(f"conndrop_ping_{name}") or 0.0

    before, answered = total("lost_total"), total("rtt_seconds_count")
    wait_for(lambda: total("rtt_seconds_count") >= answered + 5)
    return total("lost_total") - before


@needs_namespaces
@needs_capture
@pytest.mark.thorough
def test_where_no_network_is_to_be_had_a_relay_stands_in(place: Path) -> None:
    """It says so, and works all the same."""
    with shown(place, "--forget", "3s", before=WITHOUT_TUN) as demo:
        wait_for(lambda: "application  server closed the connection unexpectedly" in demo.said, FOUND)
        assert "behind a relay that resets what is idle for 3s" in demo.said
        assert "needs --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun.)" in demo.said
        assert demo.end(signal.SIGTERM) == ""


def test_a_demo_may_end_by_itself(place: Path) -> None:
    with shown(place, "--for", "1s", "--relay") as demo:
        assert demo.ended(60) == ""
        assert demo.process.returncode == 0
        assert "cap-add" not in demo.said, "it was asked for"
        assert "  end " in demo.lines[-1]


STAGES = {
    "begun": lambda demo: any(demo.place.iterdir()),
    "initdb": lambda demo: any(demo.place.glob("*/initdb.log")),
    "postgres": lambda demo: any(demo.place.glob("*/postgres.log")),
    "application": lambda demo: any("demo.application" in line for line in living(demo.place)),
}


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        ("begun", signal.SIGTERM),
        ("initdb", signal.SIGINT),
        ("postgres", signal.SIGHUP),
        ("application", signal.SIGINT),
    ],
)
def test_a_demo_that_is_interrupted_leaves_nothing(place: Path, stage: str, number: signal.Signals) -> None:
    """At each stage, whatever it is that ends it."""
    with shown(place) as demo:
        wait_for(lambda: STAGES[stage](demo), 30)
        assert demo.end(number) == ""
        assert demo.process.returncode == 0


def test_a_demo_that_nobody_reads_any_more_ends(place: Path) -> None:
    with shown(place, "--forget", "3s", "--relay", before=("sh", "-c", '"$@" | head -n 3', "sh")) as demo:
        assert demo.ended(60) == ""
        assert len(demo.lines) == 3


def test_a_demo_without_an_address_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(place))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = conndrop("demo", "--web.listen-address", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--forget", "10"], "'10' is not a duration; write a number with ms, s, m, h or d, such as 15s"),
        (["--forget", "1s"], "'1s' is out of range; 3s to 5m is allowed"),
        (["--forget", "1h"], "'1h' is out of range; 3s to 5m is allowed"),
        (["--for", "0s"], "'0s' is out of range; 1s to 365d is allowed"),
    ],
)
def test_mistakes(words: list[str], message: str) -> None:
    done = conndrop("demo", *words)
    assert done.returncode == 2
    assert message in done.stderr
