"""Faults of the host that the exporter, and with it the application, runs on."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from exporter.model import Cause
from tests.faults.scenario import Place, Scenario, straight
from tests.lab.application import Application
from tests.lab.routers import address, subnet
from tests.waiting import wait_for

Bringing = Callable[[Place], AbstractContextManager[Any]]
PORTS: Final = (61000, 61011)
"""Few enough to use up, and none that anybody has been given before."""
OTHER: Final = f"{address(0, 1, 4).rpartition('.')[0]}.7"
"""Another address of the client, of the same network."""


def leaving(what: str) -> Bringing:
    """Give a fault: this becomes of what leaves the host."""

    @contextmanager
    def bring(place: Place) -> Iterator[None]:
        place.site.client.rules("output", f"ip daddr {place.site.host} {what}")
        try:
            yield
        finally:
            place.site.client.rules("output")

    return bring


@contextmanager
def other_address(place: Place) -> Iterator[None]:
    """Give the host another address, and take the one away that connections began with."""
    client, width = place.site.client, 24
    client.sysctl({"net.ipv4.conf.all.promote_secondaries": 1})
    _change(
        place, f"address add {OTHER}/{width} dev to-r1", f"address del {address(0, 1, 4)}/{width} dev to-r1"
    )
    try:
        yield
    finally:
        _change(
            place,
            f"address add {address(0, 1, 4)}/{width} dev to-r1",
            f"address del {OTHER}/{width} dev to-r1",
        )


def _change(place: Place, *lines: str) -> None:
    place.site.client.ip(*lines, f"route replace {subnet(1, 4)} via {address(0, 2, 4)}")


@contextmanager
def unplugged(place: Place) -> Iterator[None]:
    """Take the host's link down."""
    place.site.client.ip("link set to-r1 down")
    try:
        yield
    finally:
        _change(place, "link set to-r1 up")


@contextmanager
def no_descriptors(place: Place) -> Iterator[None]:
    """Allow the exporter hardly more descriptors than it has open."""
    assert place.exporter
    pid = place.exporter.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = sorted(int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_allowed(used), before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def _allowed(used: list[int]) -> int:
    """Give the limit that leaves one descriptor: the exporter is asked over it what it thinks."""
    free = [number for number in range(used[-1] + 2) if number not in used]
    return free[0] + 1


@contextmanager
def no_ports(place: Place) -> Iterator[None]:
    """Have few ports to connect from, all of them in use by somebody else."""
    client, setting = place.site.client, "net.ipv4.ip_local_port_range"
    before = client.run(lambda: Path("/proc/sys", *setting.split(".")).read_text().strip())
    with Application(place.site, place.name) as application:
        client.sysctl({setting: f"{PORTS[0]} {PORTS[1]}"})
        wait_for(lambda: application.open(1) == PORTS[1] - PORTS[0] + 1)
        try:
            yield
        finally:
            client.sysctl({setting: before})


def _scenario(name: str, expected: Cause, bring: Bringing, **more: Any) -> Scenario:
    return Scenario(
        name=name, expected=expected, bring=bring, **{"prepare": straight, "shared": True, **more}
    )


SCENARIOS: Final = (
    _scenario("own firewall drops", Cause.CLIENT_LOCAL_NETWORK, leaving("drop")),
    _scenario("own firewall rejects", Cause.CLIENT_LOCAL_NETWORK, leaving("reject")),
    _scenario("own address taken away", Cause.CLIENT_LOCAL_NETWORK, other_address),
    _scenario("own link down", Cause.CLIENT_LOCAL_NETWORK, unplugged),
    _scenario("no descriptors left", Cause.CLIENT_RESOURCES, no_descriptors, shared=False),
    _scenario("no ports left", Cause.CLIENT_RESOURCES, no_ports, shared=False),
)
