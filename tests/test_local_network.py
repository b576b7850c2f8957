"""Faults of this host's own network: every probe that meets one has to say so, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from exporter.model import Cause, Phase
from tests.lab.exporter import Exporter, exporter, only
from tests.lab.site import Site
from tests.networks import needs_namespaces
from tests.servers import Certificates, MariaDb, Postgres
from tests.waiting import wait_for

pytestmark = needs_namespaces
NAMES = ("postgresql", "mariadb")
LOCAL = frozenset({str(Cause.CLIENT_LOCAL_NETWORK)})
SECOND = "10.0.0.9"


@pytest.fixture(scope="module")
def site(certificates: Certificates) -> Iterator[Site]:
    with Site(certificates, Postgres, MariaDb) as site:
        yield site


@pytest.fixture
def running(site: Site) -> Iterator[Exporter]:
    """An exporter with the probes that an interface, a route or a firewall of its own can stop."""
    probes = only(
        ping={"interval": "200ms", "timeout": "200ms"},
        tcp={"interval": "2s", "timeout": "2s"},
        session={"interval": "3s", "timeout": "3s"},
        server={"interval": "4s", "timeout": "4s"},
        sentinel={"heartbeat": "500ms", "timeout": "4s"},
    )
    targets = [
        {"name": name, "url": site.url(name, site.databases[name].plain), "probes": probes} for name in NAMES
    ]
    with exporter(site.client, targets) as running:
        wait_for(
            lambda: all(
                running.value("conndrop_up", target=name) == 1
                and running.value("conndrop_held_connections", target=name, probe="sentinel") == 1
                for name in NAMES
            )
        )
        yield running


LOGGED = ("ping", "server")
FAMILIES = ("conndrop_tcp_connect_failures_total", "conndrop_session_failures_total", "conndrop_drops_total")


def causes(running: Exporter, family: str, target: str) -> frozenset[str]:
    """Of sessions those of connects: one that was under way as the fault began had left, and was cut off."""
    return frozenset(
        labels["cause"]
        for labels, count in running.every(family, target=target)
        if count and labels.get("phase", Phase.TCP) == Phase.TCP
    )


def logged_causes(running: Exporter, target: str, probe: str) -> frozenset[str]:
    return frozenset(
        line["cause"] for line in running.log if line.get("probe") == probe and line["target"] == target
    )


@contextmanager
def shut(site: Site) -> Iterator[None]:
    """A firewall of this host's own drops what leaves, and says nothing."""
    site.client.rules("output", "oifname lo accept", "drop")
    try:
        yield
    finally:
        site.client.rules("output")


@contextmanager
def refused(site: Site) -> Iterator[None]:
    """It refuses, and says so by ICMP."""
    site.client.rules("output", "oifname lo accept", "meta l4proto tcp reject", "drop")
    try:
        yield
    finally:
        site.client.rules("output")


@contextmanager
def down(site: Site) -> Iterator[None]:
    site.client.ip("link set to-r1 down")
    try:
        yield
    finally:
        site.client.ip("link set to-r1 up", "route add 10.0.1.0/24 via 10.0.0.2")


def seen(running: Exporter, families: tuple[str, ...]) -> Callable[[], bool]:
    return lambda: all(causes(running, family, name) for family in families for name in NAMES)


@pytest.mark.parametrize("fault", [shut, refused, down])
def test_what_cannot_leave_is_this_hosts_own_trouble(
    site: Site, running: Exporter, fault: Callable[[Site], AbstractContextManager[None]]
) -> None:
    with fault(site):
        wait_for(seen(running, FAMILIES), seconds=30.0)
        wait_for(lambda: all(logged_causes(running, name, probe) for name in NAMES for probe in LOGGED))
        told = {(name, family): causes(running, family, name) for family in FAMILIES for name in NAMES} | {
            (name, probe): logged_causes(running, name, probe) for name in NAMES for probe in LOGGED
        }
    assert told == dict.fromkeys(told, LOCAL)


def test_connections_from_an_address_that_is_gone_stop_here(site: Site, running: Exporter) -> None:
    """New ones leave from another address, and are well."""
    site.client.ip(f"address add {SECOND}/24 dev to-r1")
    try:
        site.client.ip(
            "address del 10.0.0.1/24 dev to-r1",
            f"address replace {SECOND}/24 dev to-r1",
            "route replace 10.0.1.0/24 via 10.0.0.2",
        )
        wait_for(seen(running, ("conndrop_drops_total",)), seconds=30.0)
        assert [causes(running, "conndrop_drops_total", name) for name in NAMES] == [LOCAL, LOCAL]
        wait_for(
            lambda: all(
                running.value("conndrop_held_connections", target=name, probe="sentinel") == 1
                for name in NAMES
            )
        )
        assert not any(causes(running, FAMILIES[0], name) for name in NAMES)
    finally:
        site.client.ip(
            f"address del {SECOND}/24 dev to-r1",
            "address add 10.0.0.1/24 dev to-r1",
            "route replace 10.0.1.0/24 via 10.0.0.2",
        )


def test_who_refuses_on_the_way_is_named_and_is_not_the_server(site: Site, running: Exporter) -> None:
    """Port unreachable, as firewalls say it, is what a connect takes for a closed port."""
    site.router.rules("forward", "oifname to-server meta l4proto tcp reject")
    try:
        wait_for(seen(running, FAMILIES[:2]), seconds=30.0)
        told = {causes(running, family, name) for family in FAMILIES[:2] for name in NAMES}
        refusals = [
            line["detail"]
            for line in running.log
            if line.get("probe") in ("tcp", "session")
            and line.get("phase", Phase.TCP) == Phase.TCP
            and "detail" in line
        ]
    finally:
        site.router.rules("forward")
    assert told == {frozenset({str(Cause.NET_UNREACHABLE)})}
    assert set(refusals) == {f"{site.host}: 10.0.0.2 says: port unreachable"}
