"""A place that every demo must leave as it was."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.showing import living
from tests.waiting import wait_for


@pytest.fixture
def place() -> Iterator[Path]:
    """A place for temporary files of a demo, which others than us may look into; must be empty afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="conndrop-place-"))
    directory.chmod(0o755)
    yield directory
    assert list(directory.iterdir()) == [], "left behind"
    wait_for(lambda: not living(directory))
    directory.rmdir()
    assert not Path("/sys/class/net/middlebox").exists(), "a device in the network of everybody"
