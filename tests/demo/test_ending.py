"""Signals that come in the very moment in which something of the demo is made."""

import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.demo.ending import own_directory, own_group


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """Let a signal end the demo as it does while it is being prepared."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    yield
    signal.signal(signal.SIGTERM, before)


def interrupted(make: Callable[..., Any], made: list[Any]) -> Callable[..., Any]:
    """Make it, and be told to end before it is handed over."""

    def makes(*args: Any, **options: Any) -> Any:
        made.append(make(*args, **options))
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        return made[0]

    return makes


def test_a_directory_that_has_just_been_made_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(tempfile, "mkdtemp", interrupted(tempfile.mkdtemp, made))
    with pytest.raises(SystemExit), own_directory():
        pytest.fail("goes on")
    assert not Path(made[0]).exists()


def test_a_process_that_has_just_been_started_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(subprocess, "Popen", interrupted(subprocess.Popen, made))
    with pytest.raises(SystemExit), own_group(["sleep", "600"]):
        pytest.fail("goes on")
    assert made[0].wait(1) == -signal.SIGKILL
