"""Faults of the resolution of names: the exporter has a resolver of its own, on its host's loopback."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from exporter.model import Cause
from tests.faults.scenario import Place, Scenario
from tests.lab.nameserver import Nameserver
from tests.lab.routers import address

Bringing = Callable[[Place], AbstractContextManager[Any]]
HOST: Final = "db.test"
ETC: Final = {"resolv.conf": "nameserver 127.0.0.1\n", "nsswitch.conf": "hosts: files dns\n", "hosts": ""}
NOBODY_LISTENS: Final = address(1, 1, 4)
"""The router's address on the server's side: whoever is sent there is refused."""
SLOW: Final = 1.5
PATIENT: Final = {"session": {"interval": "4s", "timeout": "4s"}, "dns": {"interval": "4s", "timeout": "4s"}}


def by_name(place: Place, *addresses: str) -> dict[str, Any]:
    """Give a target that is reached by its name, which stands for the server's IPv4 address."""
    site = place.site
    if "nameserver" not in place.notes:
        place.notes["nameserver"] = place.stack.enter_context(
            Nameserver(site.client, *(addresses or [site.host]))
        )
        etc = Path(tempfile.mkdtemp(prefix="etc-", dir=site.directory))
        for name, text in ETC.items():
            (etc / name).write_text(text)
        place.notes["etc"] = etc
    place.etc = place.notes["etc"]
    return {"url": site.url(place.name).replace(site.host, HOST)}


def by_two_names(place: Place) -> dict[str, Any]:
    """Give a target whose name stands for both of the server's addresses."""
    return by_name(place, place.site.host, place.site.host_six)


def patiently(place: Place) -> dict[str, Any]:
    """Give a target whose probes are patient with names."""
    return {**by_name(place), "probes": PATIENT}


def answering(*turns: list[str], **how: Any) -> Bringing:
    """Give a fault: this is what the name server answers from now on."""

    @contextmanager
    def bring(place: Place) -> Iterator[None]:
        server: Nameserver = place.notes["nameserver"]
        server.answer(*(turns or [[place.site.host]]), **how)
        try:
            yield
        finally:
            server.answer([place.site.host])

    return bring


@contextmanager
def dead(place: Place) -> Iterator[None]:
    """Have the name server answer nobody."""
    server: Nameserver = place.notes["nameserver"]
    server.fall_silent()
    try:
        yield
    finally:
        server.answer([place.site.host])


@contextmanager
def flapping(place: Place) -> Iterator[None]:
    """Have the name stand for another host each time, one of them the wrong one."""
    with answering([place.site.host], [NOBODY_LISTENS], ttl=0)(place):
        yield


@contextmanager
def moved(place: Place) -> Iterator[None]:
    """Have the name stand for another host, where nobody listens."""
    with answering([NOBODY_LISTENS])(place):
        yield


def six_gone(place: Place) -> AbstractContextManager[None]:
    """Let nothing pass that goes to the server's IPv6 address."""
    return place.site.firewall.filtering(f"ip6 daddr {place.site.host_six} drop")


def _scenario(name: str, expected: Cause, bring: Bringing, **more: Any) -> Scenario:
    return Scenario(name=name, expected=expected, bring=bring, **{"prepare": by_name, "shared": True, **more})


SCENARIOS: Final = (
    _scenario("no such name", Cause.DNS_FAILURE, answering(rcode="NXDOMAIN")),
    _scenario("name server fails", Cause.DNS_FAILURE, answering(rcode="SERVFAIL")),
    _scenario("name server dead", Cause.DNS_FAILURE, dead),
    _scenario("name server slow", Cause.DNS_SLOW, answering(delay=SLOW), prepare=patiently, seconds=60),
    _scenario("name flaps", Cause.DNS_ANSWER_CHANGED, flapping, seconds=60),
    _scenario("name has moved", Cause.DNS_ANSWER_CHANGED, moved),
    _scenario("IPv6 black-holed", Cause.DNS_IPV6_BROKEN, six_gone, prepare=by_two_names),
)
