"""Link-local addresses of an interface that is not there: a failure of one target, until it is there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exporter.model import Cause, EchoOrder, Order, PathOrder, ProbeError, TcpOrder
from exporter.net.connects import TcpEngine
from exporter.net.dial import dial
from exporter.net.echo import EchoEngine
from exporter.net.engine import Engine, Lateness, Report
from exporter.net.packet_sizes import DatagramSizes, EchoSizes, Sizes
from exporter.net.path import PathEngine
from exporter.net.phases import PhaseClock
from exporter.net.waiting import Stop
from tests.engines import Driven
from tests.networks import in_own_network, needs_namespaces, run_inside

ADDRESS = "fe80::1%late"
MISSING = "fe80::1%late: this host has no such interface"
ENGINES: list[tuple[Callable[[Report, Lateness], Engine[Any]], Order]] = [
    (EchoEngine, EchoOrder(job=0, interval=0.05, timeout=0.05, size=56)),
    (TcpEngine, TcpOrder(job=0, interval=0.05, timeout=0.05, port=1, every_address=True)),
    (
        lambda report, lateness: PathEngine(report, lateness, gap=0.05),
        PathOrder(job=0, interval=0.05, timeout=0.5, port=1, protocol="tcp", most_hops=3),
    ),
]


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Driven.close_all()


@needs_namespaces
@pytest.mark.parametrize(("make", "order"), ENGINES, ids=["ping", "tcp", "path"])
def test_an_interface_that_is_not_there_yet(
    make: Callable[[Report, Lateness], Engine[Any]], order: Order
) -> None:
    """An engine outlives it, says what is wrong, and measures as soon as the interface has come."""

    def what() -> None:
        driven = Driven(make)
        driven.engine.add(order)
        driven.engine.locate(0, [ADDRESS], None)
        _, reading = driven.until(bool)[0]
        assert MISSING in repr(reading)
        assert Cause.CLIENT_LOCAL_NETWORK in repr(reading)
        run_inside("ip", "link", "add", "late", "type", "veth", "peer", "name", "other")
        run_inside("ip", "address", "add", "fe80::1/64", "dev", "late", "nodad")
        for name in ("other", "late"):
            run_inside("ip", "link", "set", name, "up")
        driven.taken()
        driven.until(lambda readings: readings and MISSING not in repr(readings[-1]))

    in_own_network(what)


@pytest.mark.parametrize("sizes", [EchoSizes, DatagramSizes])
def test_no_size_can_be_tried(sizes: Callable[[str, Stop], Sizes]) -> None:
    with pytest.raises(ProbeError, match=MISSING):
        sizes(ADDRESS, Stop())


def test_no_session_can_be_opened() -> None:
    with pytest.raises(ProbeError, match=MISSING) as raised:
        dial(ADDRESS, 5432, PhaseClock(1.0, {}, Stop()), 1.0)
    assert raised.value.cause is Cause.CLIENT_LOCAL_NETWORK
