"""The real blackbox_exporter and we, asked about the same targets by the same modules."""

import contextlib
import json
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import Metric

from tests.blackbox.asking import LOOPBACK, Asking, asking
from tests.blackbox.pages import pages
from tests.scraping import parse_text
from tests.servers import Certificates
from tests.servers.blackbox import blackbox
from tests.servers.database import ServerMissing, free_port
from tests.servers.dnsmasq import Dnsmasq, needs_dnsmasq
from tests.servers.service import Service
from tests.waiting import ATTEMPTS

MODULES: dict[str, dict[str, Any]] = {
    "http_2xx": {"prober": "http", "timeout": "5s"},
    "http_any": {
        "prober": "http", "timeout": "5s", "http": {"tls_config": {"insecure_skip_verify": True}}
    },
    "http_500": {"prober": "http", "timeout": "5s", "http": {"valid_status_codes": [500]}},
    "http_stay": {"prober": "http", "timeout": "5s", "http": {"follow_redirects": False}},
    "tcp_connect": {"prober": "tcp", "timeout": "5s"},
    "tcp_soon": {"prober": "tcp", "timeout": "1s"},
    "tls_connect": {"prober": "tcp", "timeout": "5s", "tcp": {"tls": True}},
    "icmp": {"prober": "icmp", "timeout": "5s"},
    "dns": {
        "prober": "dns", "timeout": "5s", "dns": {"query_name": "db.test", "query_type": "A"}
    },
    "dns_soon": {
        "prober": "dns", "timeout": "1s", "dns": {"query_name": "db.test", "query_type": "A"}
    },
    "dns_tcp": {
        "prober": "dns", "timeout": "5s",
        "dns": {"query_name": "db.test", "query_type": "A", "transport_protocol": "tcp"},
    },
    "dns_none": {
        "prober": "dns", "timeout": "5s",
        "dns": {"query_name": "nobody.test", "query_type": "A", "valid_rcodes": ["NXDOMAIN"]},
    },
}  # fmt: skip
"""In the words of blackbox_exporter, which are ours. Where time passes until it is out, it is soon."""
OURS = {"probe_timeout_seconds", "probe_failure_info", "probe_tcp_duration_seconds", "probe_tls_cipher_info"}
"""What this release of it does not have. `probe_timeout_seconds` and the cipher are of later ones."""
NOT_OURS = {"probe_icmp_reply_hop_limit", "probe_ssl_last_chain_expiry_timestamp_seconds"}
"""What we cannot tell, or not of a chain that leads nowhere: it says the year 1 then."""
OUR_LABELS = {"serialnumber"}
"""Of later releases of it, too."""
TIMED = ("probe_duration_seconds", "probe_dns_lookup_time_seconds")


@pytest.fixture(scope="module")
def theirs(certificates: Certificates) -> Iterator[Service]:
    modules = json.loads(json.dumps(MODULES))
    modules["tls_connect"]["tcp"]["tls_config"] = {"ca_file": str(certificates.ca)}
    try:
        with blackbox(modules) as running:
            yield running
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def context(certificates: Certificates) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(made)
    return made


@pytest.fixture
def ours(certificates: Certificates) -> Asking:
    modules = json.loads(json.dumps(MODULES))
    modules["tls_connect"]["tcp"]["tls_config"] = {"ca_file": str(certificates.ca)}
    return asking(f"{LOOPBACK}modules: {json.dumps(modules)}\n")


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Listen without room for anybody: connects are not answered."""
    with contextlib.ExitStack() as full:
        listener = full.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filling = full.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def compared(ours: Asking, theirs: Service, **query: str) -> tuple[float, ...]:
    """Ask both; names, types, helps and labels must be the same. Gives probe_success of ours, and theirs.

    Times must be about the same; both are asked again where one of them stood still meanwhile.
    """
    for _ in range(ATTEMPTS):
        _, text = ours.said(**query)
        mine, its = families(text), families(theirs.get("/probe", **query).decode())
        alike(mine, its, query)
        apart = [name for name in set(mine) & set(its) if far_apart(mine[name], its[name])]
        if not apart:
            return tuple(each["probe_success"].samples[0].value for each in (mine, its))
    raise AssertionError(f"other times again and again: {apart}")


def alike(mine: Mapping[str, Metric], its: Mapping[str, Metric], query: Mapping[str, str]) -> None:
    """All but times is the same."""
    assert set(its) - set(mine) <= NOT_OURS
    assert set(mine) - set(its) <= OURS | told_of_a_failure(query)
    for name in set(mine) & set(its):
        assert (mine[name].type, mine[name].documentation) == (its[name].type, its[name].documentation)
        assert labels(mine[name]) == labels(its[name]), name
        assert timed(name) or all(value == other for value, other in values(mine[name], its[name])), name


def told_of_a_failure(query: Mapping[str, str]) -> set[str]:
    """Name what we tell of a handshake of which the real one, which breaks it off, can say nothing."""
    encrypted = query["module"] == "tls_connect" or query["target"].startswith("https")
    told = ("probe_tls_version_info", "probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_info")
    return set(told) if encrypted else set()


def families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in parse_text(text)}


def labels(family: Metric) -> set[frozenset[tuple[str, str]]]:
    return {
        frozenset((name, text) for name, text in sample.labels.items() if name not in OUR_LABELS)
        for sample in family.samples
    }


def timed(name: str) -> bool:
    return name.endswith("_duration_seconds") or name in TIMED


def values(mine: Metric, its: Metric) -> Iterator[tuple[float, float]]:
    """Give our values, each with that of theirs."""
    for extra, value in ((one.labels, one.value) for one in mine.samples):
        yield value, next(one.value for one in its.samples if {**extra, **one.labels} == extra)


def far_apart(mine: Metric, its: Metric) -> bool:
    """Whether these are times, and not about the same.

    Of a phase that was not completed we say nothing, and it how long it has lasted.
    """
    pairs = list(values(mine, its))
    return timed(mine.name) and not all(value == 0 or abs(value - other) < 0.5 for value, other in pairs)


def test_connects(ours: Asking, theirs: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        assert compared(ours, theirs, target=target, module="tcp_connect") == (1, 1)
    assert compared(ours, theirs, target=f"127.0.0.1:{free_port()}", module="tcp_connect") == (0, 0)
    with black_hole() as port:
        assert compared(ours, theirs, target=f"127.0.0.1:{port}", module="tcp_soon") == (0, 0)


def test_handshakes(ours: Asking, theirs: Service, context: ssl.SSLContext) -> None:
    with pages(context) as port:
        assert compared(ours, theirs, target=f"localhost:{port}", module="tls_connect") == (1, 1)
        assert compared(ours, theirs, target=f"127.0.0.1:{port}", module="tls_connect") == (0, 0), "its name"
    with pages() as port:
        assert compared(ours, theirs, target=f"localhost:{port}", module="tls_connect") == (0, 0)


def test_echoes(ours: Asking, theirs: Service) -> None:
    assert compared(ours, theirs, target="127.0.0.1", module="icmp") == (1, 1)
    assert compared(ours, theirs, target="::1", module="icmp") == (1, 1)


def test_pages(ours: Asking, theirs: Service, context: ssl.SSLContext) -> None:
    with pages() as port, pages(context) as encrypted:
        host = f"127.0.0.1:{port}"
        looks = {
            ("http_2xx", host): 1,
            ("http_2xx", f"http://localhost:{port}/500"): 0,
            ("http_500", f"http://{host}/500"): 1,
            ("http_2xx", f"http://{host}/chunked"): 1,
            ("http_2xx", f"http://{host}/to?/200"): 1,
            ("http_2xx", f"http://{host}/to?http://{host}/to?/404"): 0,
            ("http_stay", f"http://{host}/to?/200"): 0,
            ("http_2xx", f"http://{host}/host"): 0,
            ("http_any", f"https://127.0.0.1:{encrypted}/"): 1,
            ("http_2xx", f"https://127.0.0.1:{encrypted}/"): 0,
            ("http_2xx", f"127.0.0.1:{free_port()}"): 0,
        }
        for (module, target), expected in looks.items():
            assert compared(ours, theirs, target=target, module=module) == (expected, expected), target
        query = {"target": f"http://{host}/host", "module": "http_2xx", "hostname": "shop.example.com"}
        assert compared(ours, theirs, **query) == (1, 1)


@needs_dnsmasq
def test_name_servers(ours: Asking, theirs: Service) -> None:
    with Dnsmasq(hosts={"db.test": ["10.0.0.1", "10.0.0.2"]}, port=free_port()) as names:
        target = str(names.nameserver)
        for module in ("dns", "dns_tcp", "dns_none"):
            assert compared(ours, theirs, target=target, module=module) == (1, 1), module
        assert ours.value("probe_dns_answer_rrs", target=target, module="dns") == 2
        names.pause()
        assert compared(ours, theirs, target=target, module="dns_soon") == (0, 0)
        names.resume()
    for module in ("dns", "dns_tcp"):
        assert compared(ours, theirs, target=target, module=module) == (0, 0)


def test_what_is_wrong_with_a_request(ours: Asking, theirs: Service) -> None:
    for query in ({"module": "icmp"}, {"target": "h", "module": "x"}):
        status, text = ours.said(**query)
        assert (status, text) == (400, theirs.answer("/probe", **query).decode())
    assert theirs.answer("/probe", target="h", module="icmp", debug="true").startswith(
        b"Logs for the probe:\n"
    )
