"""Whether a connection has a way out of this host; nothing is sent to find it out."""

import socket

import pytest

from exporter.net.routes import routed
from tests.networks import in_own_network, needs_namespaces, run_inside


@needs_namespaces
@pytest.mark.parametrize(
    ("address", "gone"),
    [
        ("127.0.0.1", ["address", "flush", "dev", "lo"]),
        ("::1", ["address", "flush", "dev", "lo"]),
        ("fd00:1:2:3::4", ["address", "flush", "dev", "lo"]),
        ("::1", ["link", "set", "lo", "down"]),
    ],
)
def test_a_way_is_there_until_it_is_not(address: str, gone: list[str]) -> None:
    def what() -> list[bool]:
        if address not in ("127.0.0.1", "::1"):
            run_inside("ip", "address", "add", address, "dev", "lo", "nodad")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with (
            socket.create_server((address, 0), family=family) as listener,
            socket.create_connection(listener.getsockname()[:2]) as client,
        ):
            before = routed(client.fileno())
            run_inside("ip", *gone)
            return [before, routed(client.fileno())]

    assert in_own_network(what) == [True, False]


def test_what_has_no_way_to_be_looked_for() -> None:
    """No peer, or none at an address."""
    with socket.socket() as alone:
        assert routed(alone.fileno())
    here, there = socket.socketpair()
    with here, there:
        assert routed(here.fileno())
