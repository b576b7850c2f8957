"""The demo's PostgreSQL, where it cannot be had."""

import socket
from pathlib import Path

import pytest

from exporter.demo.ending import DemoError, own_directory
from exporter.demo.postgres import private_postgres


def why_not(directory: Path, port: int) -> str:
    """Say why it cannot be had."""
    with (
        pytest.raises(DemoError) as told,
        private_postgres(directory, port, {"listen_addresses": "127.0.0.1"}),
    ):
        raise AssertionError("it runs")
    return str(told.value)


def test_files_that_are_in_the_way_are_told() -> None:
    with own_directory() as directory:
        (directory / "data" / "x").mkdir(parents=True)
        said = why_not(directory, 1)
    assert said.startswith("initdb failed:\n")
    assert "exists but is not empty" in said


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, own_directory() as directory:
        said = why_not(directory, taken.getsockname()[1])
    assert said.startswith("PostgreSQL did not start:\n")
    assert "Address already in use" in said
    assert not directory.exists()
