"""Records in DNS as lists of targets, from a real name server."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import read_configuration
from exporter.config.listing import DnsListing
from exporter.config.template import Found
from exporter.discovery import dns
from exporter.discovery.dns import Records
from exporter.discovery.groups import Broken
from exporter.net.dns_exchange import TRIES
from exporter.net.waiting import Stop
from tests.names import use_own_etc
from tests.networks import in_own_network, needs_namespaces
from tests.servers.dnsmasq import Dnsmasq, needs_dnsmasq

pytestmark = [needs_namespaces, needs_dnsmasq]
NAME = "_postgresql._tcp.test"
TWO = (f"srv-host={NAME},db1.test,5432", f"srv-host={NAME},db2.test,6432")
HOSTS = {"db.test": ["10.0.0.1", "fd00::1"]}


def inside(tmp_path: Path, what: Callable[[], object], nameservers: str = "127.0.0.1") -> None:
    """Run `what` where these name servers are the system's, in turn."""

    def run() -> bool:
        lines = "".join(f"nameserver {address}\n" for address in nameservers.split())
        use_own_etc(tmp_path, resolv_conf=f"{lines}search test\n", hosts="")
        what()
        return True

    in_own_network(run)


def records(folder: Path, *names: str, **more: Any) -> Records:
    path = folder / "exporter.yml"
    entry = {"names": list(names), "target": {"url": "postgresql://u@{address}/d"}, **more}
    path.write_text(yaml.safe_dump({"dns_sd_configs": [entry]}))
    (listing,) = read_configuration(path).listings
    assert isinstance(listing, DnsListing)
    return Records(listing, Stop())


def wrong(look: Records) -> str:
    with pytest.raises(Broken) as caught:
        look()
    return str(caught.value)


def addresses(found: Any) -> list[str]:
    return sorted(one.address for one in found)


def test_services_that_come_and_go(tmp_path: Path) -> None:
    """With their ports, a name that resolv.conf completes, and what Prometheus has of them; then no more."""

    def run() -> None:
        look = records(tmp_path, NAME, "_postgresql._tcp")
        with Dnsmasq(*TWO):
            found = look()
            assert addresses(found) == ["db1.test:5432", "db1.test:5432", "db2.test:6432", "db2.test:6432"]
            assert (
                Found(
                    address="db1.test:5432",
                    labels={
                        "__meta_dns_name": NAME,
                        "__meta_dns_srv_record_target": "db1.test.",
                        "__meta_dns_srv_record_port": "5432",
                    },
                )
                in found
            )
        with Dnsmasq(f"srv-host={NAME}"):
            assert look() == [], "RFC 2782: a target of . is no service"
        with Dnsmasq(f"txt-record={NAME},no service"):
            assert wrong(look) == f"{NAME}: there is no record of type SRV (NOERROR)"
        with Dnsmasq():
            assert wrong(look) == f"{NAME}: there is no record of type SRV (NXDOMAIN)"
        assert wrong(look) == f"{NAME}: 127.0.0.1: Connection refused"

    inside(tmp_path, run)


def test_a_list_that_is_too_long_for_a_datagram(tmp_path: Path) -> None:
    """It is asked for again over TCP; a thousand services are no trouble."""
    services = [f"srv-host={NAME},database-{number:04}.example.test,5432" for number in range(1000)]

    def run() -> None:
        with Dnsmasq(*services):
            assert len({one.address for one in records(tmp_path, NAME)()}) == 1000

    inside(tmp_path, run)


def test_addresses_of_both_kinds(tmp_path: Path) -> None:
    def run() -> None:
        with Dnsmasq(hosts=HOSTS):
            assert addresses(records(tmp_path, "db.test", type="A", port=5432)()) == ["10.0.0.1:5432"]
            (found,) = records(tmp_path, "db.test", type="AAAA", port=5432)()
            assert found == Found(address="[fd00::1]:5432", labels={"__meta_dns_name": "db.test"})

    inside(tmp_path, run)


def test_name_servers_are_asked_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that refuses is passed over; the same failure has the same words each time.

    One that is silent is waited for once, and not for each name.
    """
    monkeypatch.setattr(dns, "PATIENCE", 0.3)

    def run() -> None:
        look = records(tmp_path, NAME)
        with Dnsmasq(*TWO) as server:
            assert len(look()) == 2
            server.pause()
            told = wrong(look)
            assert told == f"{NAME}: 127.0.0.1: no answer for SRV"
            server.resume()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                silent.bind(("127.0.0.9", 53))
                silent.setblocking(False)
                assert len(records(tmp_path, *[f"{NAME}."] * 3)()) == 6
                with pytest.raises(BlockingIOError):
                    [silent.recv(512) for _ in range(2 * TRIES)]

    inside(tmp_path, run, "127.0.0.9 127.0.0.1")


def test_without_a_name_server(tmp_path: Path) -> None:
    def run() -> None:
        assert wrong(records(tmp_path, NAME)) == f"{NAME}: resolv.conf names no name server"
        assert wrong(records(tmp_path, "a" * 63 + "." + "b" * 63)).endswith(
            "resolv.conf names no name server"
        )

    inside(tmp_path, run, "")
