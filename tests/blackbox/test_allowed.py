"""Where may be looked, by names and by addresses, and what is looked at."""

import socket
import time

import pytest

from exporter.blackbox.lookups import MOST, Lookups
from exporter.model import ProbeError
from exporter.model.allowance import Rule
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop
from tests.blackbox.asking import Named, asking
from tests.blackbox.pages import pages
from tests.servers.database import free_port

RULES = [
    # the entry, a host and a port, whether it is meant by its name, and by its address
    ("db.example.com", "db.example.com", 1, True),
    ("db.example.com", "DB.example.COM.", 1, True),
    ("db.example.com", "xdb.example.com", 1, False),
    ("db.example.com", "a.db.example.com", 1, False),
    (".example.com", "db.example.com", 1, True),
    (".example.com", "example.com", 1, False),
    (".example.com", "notexample.com", 1, False),
    (".Example.com:5432", "db.example.com", 5432, True),
    (".example.com:5432", "db.example.com", 5433, False),
    ("10.0.0.5", "10.0.0.5", 1, True),
    ("10.0.0.0/8", "10.9.9.9", 1, True),
    ("10.0.0.0/8", "11.0.0.1", 1, False),
    ("10.0.0.0/8:5432", "10.9.9.9", 5432, True),
    ("10.0.0.0/8:5432", "10.9.9.9", 22, False),
    ("10.0.0.0/8:5432", "10.9.9.9", None, False),
    ("10.0.0.0/8", "::ffff:10.9.9.9", 1, True),
    ("::/0", "::ffff:10.9.9.9", 1, False),
    ("fd00::/8", "fd00::5", 1, True),
    ("fd00::5", "fd00::5", 1, True),
    ("fe80::/10", "fe80::1%lo", 1, True),
    ("[fd00::/8]:5432", "fd00::5", 5432, True),
    ("[fd00::/8]:5432", "fd00::5", 1, False),
    ("[fd00::5]", "fd00::5", 1, True),
]
NO_RULES = (
    "",
    "a b",
    "*",
    "*.example.com",
    "10.0.0.0/33",
    "10.0.0.1/8",
    "[::1",
    "http://h/",
    "h:x",
    "h:0",
    "::1:x",
    "999.1.1.1",
)


@pytest.mark.parametrize(("entry", "host", "port", "expected"), RULES)
def test_an_entry(entry: str, host: str, port: int | None, expected: bool) -> None:
    rule = Rule.parse(entry)
    is_name = host.removesuffix(".")[-1].isalpha() and ":" not in host
    assert (rule.names(host, port) if is_name else rule.holds(host, port)) is expected


@pytest.mark.parametrize("entry", NO_RULES)
def test_no_entry(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is neither a host name|has port 0"):
        Rule.parse(entry)


def test_by_default_nothing_but_our_targets_is_allowed() -> None:
    resolver = Named({"db.test": [["127.0.0.1"]]})
    asked = asking("connection_budget: 9\n", resolver=resolver)
    for target in ("127.0.0.1", "::1", "db.test"):
        status, text = asked.said(target=target, module="icmp")
        assert (status, text) == (
            403,
            "the configuration does not allow this target: see probe.allow, or the module's allow\n",
        )
    assert resolver.asked == [], "nobody's name is resolved for who may not look there"
    assert asked.kept == []
    assert asked.said(target="orders", module="ping")[0] == 200


def test_nothing_is_sent_to_where_it_is_not_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        asked = asking("probe: {allow: [10.0.0.0/8, db.test]}\n", resolver=Named({"x.test": [["127.0.0.1"]]}))
        for module in ("http_2xx", "tcp_connect", "tls_connect", "postgresql", "mysql", "dns", "icmp"):
            for host in ("127.0.0.1", "x.test", "[::ffff:127.0.0.1]"):
                assert asked.said(target=f"{host}:{port}", module=module)[0] == 403
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_name_is_judged_by_its_address() -> None:
    port = free_port()
    names = Named(
        {"in.test": [["127.0.0.1"]], "out.test": [["192.0.2.1"]], "both.test": [["192.0.2.1", "127.0.0.1"]]}
    )
    asked = asking("probe: {allow: [127.0.0.0/8]}\n", resolver=names)
    statuses = {
        name: asked.said(target=f"{name}.test:{port}", module="tcp_connect")[0]
        for name in ("in", "out", "both", "nowhere")
    }
    assert statuses == {"in": 200, "out": 403, "both": 200, "nowhere": 403}, (
        "that there is no such name is told to nobody for whom it would be a discovery"
    )
    allowed = asking("probe: {allow: [.test]}\n", resolver=Named({}))
    assert allowed.failure(target="nowhere.test", module="icmp") == ("resolve", "dns.failure")


def test_the_address_that_was_judged_is_the_one_that_is_looked_at() -> None:
    """A name that changes its answer between the judgement and the connect gains nothing by it."""
    with pages() as port:
        names = Named({"turning.test": [["127.0.0.1"], ["127.0.0.2"]]})
        asked = asking("probe: {allow: [127.0.0.1]}\n", resolver=names)
        found = asked.samples(target=f"turning.test:{port}", module="http_2xx")
        assert found["probe_success", frozenset()] == 1
        assert names.asked == ["turning.test"]
        assert asked.said(target=f"turning.test:{port}", module="http_2xx")[0] == 403


def test_a_redirect_leads_only_to_where_it_is_allowed() -> None:
    with pages() as port, socket.create_server(("127.0.0.2", 0)) as other:
        other.settimeout(0.2)
        asked = asking("probe: {allow: [127.0.0.1]}\n")
        here = f"http://127.0.0.1:{port}"
        assert asked.value("probe_http_redirects", target=f"{here}/to?/200") == 1
        there = f"http://127.0.0.2:{other.getsockname()[1]}/"
        found = asked.samples(target=f"{here}/to?{there}")
        assert found["probe_success", frozenset()] == 0
        assert found["probe_http_status_code", frozenset()] == 302
        assert "redirects to where it is not allowed" in asked.kept[-1].log
        with pytest.raises(TimeoutError):
            other.accept()
        for nonsense in ("http://u:p@127.0.0.1/", "http://a..b/", "ftp://127.0.0.1/"):
            assert asked.failure(target=f"{here}/to?{nonsense}") == ("processing", "unknown")
        assert asked.failure(target=f"{here}/to?/to?/to?/to?/to?/to?/to?/to?/to?/to?/to?/to?/200")


def test_a_module_may_have_hosts_of_its_own() -> None:
    asked = asking(
        "probe: {allow: [127.0.0.2]}\n"
        "modules: {mine: {prober: icmp, allow: [127.0.0.1]}, none: {prober: icmp, allow: []}}\n"
    )
    statuses = {
        (module, host): asked.said(target=host, module=module)[0]
        for module in ("icmp", "mine", "none")
        for host in ("127.0.0.1", "127.0.0.2")
    }
    assert [pair for pair, status in statuses.items() if status == 200] == [
        ("icmp", "127.0.0.2"),
        ("mine", "127.0.0.1"),
    ]


def test_the_version_of_ip_is_chosen() -> None:
    names = Named({"both.test": [["127.0.0.1", "::1"]], "four.test": [["127.0.0.1"]]})
    asked = asking(
        "probe: {allow: [.test]}\nmodules:\n  four: {prober: icmp, icmp: {preferred_ip_protocol: ip4}}\n"
        "  six: {prober: icmp, icmp: {ip_protocol_fallback: false}}\n",
        resolver=names,
    )
    assert asked.value("probe_ip_protocol", target="both.test", module="icmp") == 6
    assert asked.value("probe_ip_protocol", target="both.test", module="four") == 4
    assert asked.value("probe_ip_protocol", target="four.test", module="icmp") == 4
    assert asked.failure(target="four.test", module="six") == ("resolve", "dns.failure")


def test_lookups_are_bounded() -> None:
    """A resolver that hangs has a thread for each name, however short the time of those who asked."""

    class Hanging(Resolver):
        """Never answers."""

    stop = Stop()
    lookups = Lookups(Hanging(stop), stop, most=0)
    with pytest.raises(ProbeError, match="too many names"):
        lookups.addresses("a.test", 1)
    one = Lookups(Resolver(stop), stop, most=1)
    for _ in range(3):
        assert one.addresses("localhost", 5)
        time.sleep(0.05)  # the callback comes after the answer


def test_strangers_leave_room_for_names_that_are_allowed() -> None:
    """Who may ask for any name, since its addresses are judged, can make up names that resolve slowly."""

    class Slow(Resolver):
        """Answers only for what is allowed."""

        def ask(self, host: str) -> Lookup:
            lookup = Lookup(("127.0.0.1",))
            if host == "ours.test":
                lookup.finish()
            return lookup

    allowed = "probe: {allow: [127.0.0.0/8, ours.test]}\nmodules: {quick: {prober: tcp, timeout: 20ms}}\n"
    asked = asking(allowed, resolver=Slow(Stop()))
    strangers = {asked.said(target=f"x{number}.test:1", module="quick")[0] for number in range(MOST + 1)}
    assert strangers == {403}
    assert asked.failure(target="ours.test:1", module="tcp_connect") == ("connect", "server.down")
