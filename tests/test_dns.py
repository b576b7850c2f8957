"""Names: what the system and each name server say of them, against a real name server."""

import re
import resource
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from exporter.model import DnsObservation, Endpoint, Target
from exporter.net.dns_query import Configured, ResolvConf
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop, Stopped
from exporter.probes.dns import DnsProbe, DnsSettings
from exporter.probes.kind import NotApplicable
from tests.names import use_own_etc
from tests.networks import in_own_network, needs_namespaces
from tests.probing import probe_tools
from tests.servers.dnsmasq import Dnsmasq, needs_dnsmasq
from tests.waiting import LONGEST, unspoilt, wait_for

FILES = Path("/proc/self/fd")
LOOPBACK = "nameserver 127.0.0.1\n"
Run = Callable[..., Any]


def dns_probe(
    host: str, *, resolver: Resolver | None = None, stop: Stop | None = None, **settings: Any
) -> DnsProbe:
    endpoint = Endpoint(dialect="postgresql", host=host, port=5432, user="u", password=None, database="d")
    tools = probe_tools(endpoint, resolver=resolver, stop=stop)
    return DnsProbe(Target(name="orders", endpoint=endpoint), DnsSettings.model_validate(settings), tools)


def look(host: str, **settings: Any) -> Sequence[DnsObservation]:
    return dns_probe(host, **settings).run()


@pytest.fixture
def named(tmp_path: Path) -> Run:
    """Give a way to run something where resolv.conf names a real name server."""

    def run(
        what: Callable[[Dnsmasq], Any],
        *options: str,
        hosts: dict[str, list[str]] | None = None,
        resolv_conf: str = LOOPBACK,
        etc_hosts: str = "",
    ) -> Any:
        def inside() -> Any:
            use_own_etc(tmp_path, resolv_conf=resolv_conf, hosts=etc_hosts)
            with Dnsmasq(*options, hosts=hosts) as server:
                return what(server)

        return in_own_network(inside)

    return run


def causes(seen: Sequence[DnsObservation]) -> dict[str, str | None]:
    return {one.resolver: str(one.failure.cause) if one.failure else None for one in seen}


real = [needs_namespaces, needs_dnsmasq]


class TestWithARealServer:
    """What a name server does when it is asked."""

    pytestmark = real

    def test_the_system_and_each_name_server_are_asked(self, named: Run) -> None:
        """Over IPv4 and IPv6; only DNS itself tells a TTL and an outcome."""
        addresses = ["10.0.0.1", "10.0.0.2", "fd00::1"]
        seen = named(
            lambda _: look("db.test"),
            hosts={"db.test": addresses},
            resolv_conf=f"{LOOPBACK}nameserver ::1\n",
        )
        assert causes(seen) == {"": None, "127.0.0.1": None, "::1": None}
        assert [one.ttl for one in seen] == [None, 60, 60]
        assert [one.rcode for one in seen] == ["", "NOERROR", "NOERROR"]
        for one in seen:
            assert set(one.answers) == set(addresses)
            assert 0 < one.duration < 2
            assert not one.changed

    def test_the_ttl_is_the_smallest_of_the_chain(self, named: Run) -> None:
        seen = named(
            lambda _: look("alias.test"),
            "cname=alias.test,other.test,7",
            "cname=other.test,db.test,300",
            hosts={"db.test": ["10.0.0.1"]},
        )
        assert [(one.answers, one.ttl) for one in seen] == [(("10.0.0.1",), None), (("10.0.0.1",), 7)]

    @pytest.mark.parametrize(
        ("host", "rcode"),
        [("nobody.test", "NXDOMAIN"), ("text.test", "NOERROR"), ("db.elsewhere", "REFUSED")],
    )
    def test_a_name_without_an_address_is_a_failure(self, named: Run, host: str, rcode: str) -> None:
        """There is no such name; it has no address; the server will not say."""
        seen = named(lambda _: look(host), "txt-record=text.test,hello")
        assert causes(seen) == {"": "dns.failure", "127.0.0.1": "dns.failure"}
        assert [one.rcode for one in seen] == ["", rcode]
        assert seen[1].failure.code == rcode
        assert seen[1].failure.detail == f"127.0.0.1: {'no address' if rcode == 'NOERROR' else rcode}"

    def test_a_name_from_etc_hosts_is_no_failure_of_dns(self, named: Run) -> None:
        """The application gets its address; what the server said is told all the same."""
        system, direct = named(lambda _: look("local.test"), etc_hosts="10.9.9.9 local.test\n")
        assert causes([system, direct]) == {"": None, "127.0.0.1": None}
        assert system.answers == ("10.9.9.9",)
        assert (direct.answers, direct.ttl, direct.rcode) == ((), None, "NXDOMAIN")

    def test_a_server_that_does_not_know_what_another_knows_has_failed(self, named: Run) -> None:
        """Also while the system gets its answer from the other."""

        def what(_: Dnsmasq) -> Sequence[DnsObservation]:
            with Dnsmasq(port=5353):
                return look("db.test", resolvers=["127.0.0.1", "127.0.0.1:5353", "[::1]:5353"])

        seen = named(what, hosts={"db.test": ["10.0.0.1"]})
        assert causes(seen) == {
            "": None, "127.0.0.1": None, "127.0.0.1:5353": "dns.failure", "[::1]:5353": "dns.failure",
        }  # fmt: skip

    def test_an_answer_too_long_for_udp_is_fetched_over_tcp(self, named: Run) -> None:
        many = [f"10.0.{number}.1" for number in range(60)]
        seen = named(lambda _: look("many.test"), hosts={"many.test": many})
        assert causes(seen) == {"": None, "127.0.0.1": None}
        assert [set(one.answers) for one in seen] == [set(many), set(many)]

    @pytest.mark.parametrize(
        ("host", "resolv_conf"),
        [
            ("db", "search nowhere.test shop.test\n"),
            ("db.shop", "search test\noptions ndots:2\n"),
            ("db.shop.test", "search nowhere.test\n"),
            ("db.shop.test.", "search nowhere.test\n"),
            ("db.shop", "search test\n"),
        ],
    )
    def test_short_names_are_completed_as_the_system_does(
        self, named: Run, host: str, resolv_conf: str
    ) -> None:
        seen = named(
            lambda _: look(host),
            "local=/shop/",
            hosts={"db.shop.test": ["10.0.0.1"]},
            resolv_conf=LOOPBACK + resolv_conf,
        )
        assert [one.answers for one in seen] == [("10.0.0.1",), ("10.0.0.1",)]

    def test_another_answer_is_a_change_and_another_order_is_none(self, named: Run) -> None:
        def what(server: Dnsmasq) -> list[list[bool]]:
            probe = dns_probe("db.test")
            rounds = [[one.changed for one in probe.run()] for _ in range(6)]
            server.move("db.test", "10.0.0.1", "10.0.0.9")
            return rounds + [[one.changed for one in probe.run()] for _ in range(2)]

        changes = named(what, hosts={"db.test": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]})
        assert changes == [[False, False]] * 6 + [[True, True], [False, False]]

    def test_a_failure_between_two_equal_answers_is_no_change(self, named: Run) -> None:
        def what(server: Dnsmasq) -> list[Sequence[DnsObservation]]:
            probe = dns_probe("db.test")
            before = probe.run()
            server.stop()
            meanwhile = probe.run()
            server.start()
            return [before, meanwhile, probe.run()]

        before, meanwhile, after = named(what, hosts={"db.test": ["10.0.0.1"]})
        assert causes(before) == causes(after) == {"": None, "127.0.0.1": None}
        assert causes(meanwhile) == {"": "dns.failure", "127.0.0.1": "dns.failure"}
        assert meanwhile[1].failure.code == "ECONNREFUSED"
        assert not any(one.changed for one in [*meanwhile, *after])

    def test_resolv_conf_is_read_again_when_it_changes(self, named: Run, tmp_path: Path) -> None:
        def what(_: Dnsmasq) -> list[list[str]]:
            probe = dns_probe("db.test")
            asked = [[one.resolver for one in probe.run()]]
            (tmp_path / "resolv.conf").write_text("nameserver ::1\n")
            return [*asked, [one.resolver for one in probe.run()]]

        assert named(what, hosts={"db.test": ["10.0.0.1"]}) == [["", "127.0.0.1"], ["", "::1"]]

    def test_an_empty_list_asks_nobody_directly(self, named: Run) -> None:
        assert causes(named(lambda _: look("db.test", resolvers=[]), hosts={"db.test": ["10.0.0.1"]})) == {
            "": None
        }

    def test_a_run_ends_within_its_timeout_when_a_server_is_silent(self, named: Run) -> None:
        """The one that answers is none the worse for it."""

        def what(server: Dnsmasq) -> tuple[Sequence[DnsObservation], float]:
            with Dnsmasq(hosts={"db.test": ["10.0.0.1"]}, port=5353):
                probe = dns_probe("db.test", timeout="3s", resolvers=["127.0.0.1", "127.0.0.1:5353"])
                server.pause()

                def run() -> tuple[Sequence[DnsObservation], float]:
                    before = time.monotonic()
                    return probe.run(), time.monotonic() - before

                return unspoilt(run, lambda found: found[1] < 4 and found[0][2].duration < 2)

        seen, seconds = named(what)
        assert causes(seen) == {"": "dns.failure", "127.0.0.1": "dns.failure", "127.0.0.1:5353": None}
        assert seconds >= 2.8
        assert seen[0].failure.detail == "db.test: no answer from the resolver within 2.850 s"
        said = re.fullmatch(r"127\.0\.0\.1: no answer for A and AAAA within (.*) s", seen[1].failure.detail)
        assert said
        assert 2.8 <= float(said[1]) <= seconds
        assert seen[1].rcode == ""

    def test_the_end_of_the_daemon_wakes_a_run(self, named: Run) -> None:
        def what(server: Dnsmasq) -> float:
            stop = Stop()
            probe = dns_probe("db.test", stop=stop, timeout="2m", interval="2m")
            server.pause()
            threading.Timer(0.1, stop.throw).start()
            before = time.monotonic()
            with pytest.raises(Stopped):
                probe.run()
            return time.monotonic() - before

        assert named(what) < LONGEST

    def test_a_name_that_dns_cannot_hold_is_told_once(self, named: Run) -> None:
        """By the system; nobody else can be asked."""
        assert causes(named(lambda _: look(f"{'x' * 64}.test"))) == {"": "dns.failure"}

    def test_runs_leave_no_descriptors_behind(self, named: Run) -> None:
        def what(_: Dnsmasq) -> None:
            probe = dns_probe("many.test")
            probe.run()
            before = len(list(FILES.iterdir()))
            for _round in range(20):
                probe.run()
            wait_for(lambda: len(list(FILES.iterdir())) <= before)

        named(what, hosts={"many.test": [f"10.0.{number}.1" for number in range(60)]})

    def test_a_machine_without_descriptors_says_so(self, named: Run) -> None:
        """It is no failure of the name servers."""

        def what(_: Dnsmasq) -> Sequence[DnsObservation]:
            probe = dns_probe("db.test", resolvers=["127.0.0.1"])
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                return probe.run()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        seen = named(what, hosts={"db.test": ["10.0.0.1"]})
        assert causes(seen) == {"": "client.resources", "127.0.0.1": "client.resources"}


@needs_namespaces
def test_a_name_server_without_a_route_is_this_hosts_own_trouble() -> None:
    seen = in_own_network(lambda: look("localhost", resolvers=["192.0.2.1"]))
    assert causes(seen) == {"": None, "192.0.2.1": "client.local_network"}
    assert seen[1].duration == 0


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_needs_no_probe(host: str) -> None:
    with pytest.raises(NotApplicable):
        dns_probe(host)


@pytest.mark.parametrize(
    "text", ["ns.example.com", "10.0.0.2:", "10.0.0.2:0", "10.0.0.2:65536", "[fd00::2]", "10.0.0.2:²", ""]
)
def test_a_name_server_is_an_address(text: str) -> None:
    with pytest.raises(ValidationError, match="is no name server's address"):
        DnsSettings.model_validate({"resolvers": [text]})


class Lasting(Resolver):
    """A resolver whose answer is late by a timeout that began earlier."""

    def ask(self, host: str) -> Lookup:  # noqa: ARG002  the base class's signature
        lookup = Lookup(addresses=("10.0.0.1",))
        lookup.seconds = 7.5
        lookup.finish()
        return lookup


def test_the_systems_time_is_the_lookups_own() -> None:
    """Also of one that somebody else has begun, and that was joined."""
    (seen,) = look("db.test", resolver=Lasting(Stop()), resolvers=[])
    assert (seen.duration, seen.answers, seen.failure) == (7.5, ("10.0.0.1",), None)


@pytest.mark.parametrize(
    ("text", "nameservers"),
    [
        (None, ()),
        ("", ()),
        ("# nameserver 10.0.0.1\nnameserver\noptions\n", ()),
        ("nameserver 10.0.0.1\nnameserver fd00::1\n", ("10.0.0.1", "fd00::1")),
        ("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n",
         ("10.0.0.1", "10.0.0.2", "10.0.0.3")),
        ("nameserver https://dns.example/\n", ()),
        ("nameserver nonsense\n", ()),
        (f"search {'x' * 64}\nnameserver 10.0.0.1\n", ()),
    ],
)  # fmt: skip
def test_resolv_conf_is_read_as_far_as_it_makes_sense(
    tmp_path: Path, text: str | None, nameservers: tuple[str, ...]
) -> None:
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text)
    assert ResolvConf(path).read().nameservers == nameservers


def test_a_machine_without_a_domain_completes_nothing() -> None:
    assert [str(name) for name in Configured().names("db")] == ["db."]
