"""The address book: what it knows at once, when it asks again, and what is no change."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.model import Cause, Endpoint, Failure, ProbeError, Target
from exporter.net.book import AddressBook
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop, Stopped
from exporter.probes.dns import DnsProbe, DnsSettings
from tests.names import use_own_etc
from tests.networks import in_own_network, needs_namespaces
from tests.probing import probe_tools
from tests.servers.dnsmasq import Dnsmasq, needs_dnsmasq
from tests.waiting import wait_for

HOST = "db.test"
Told = list[tuple[tuple[str, ...], Failure | None]]
GONE = ProbeError(Cause.DNS_FAILURE, "gone", code="-2")


class Scripted(Resolver):
    """A resolver with one outcome after the other; the last for ever. None is a lookup that does not end."""

    def __init__(self, *outcomes: tuple[str, ...] | ProbeError | None) -> None:
        super().__init__(Stop())
        self._outcomes = list(outcomes)
        self.asked: list[float] = []
        self.hanging: list[Lookup] = []

    def ask(self, host: str) -> Lookup:  # noqa: ARG002  the base class's signature
        self.asked.append(time.monotonic())
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        lookup = Lookup()
        if outcome is None:
            self.hanging.append(lookup)
        else:
            self.end(lookup, outcome)
        return lookup

    def end(self, lookup: Lookup, outcome: tuple[str, ...] | ProbeError) -> None:
        if isinstance(outcome, ProbeError):
            lookup.error = outcome
        else:
            lookup.addresses = outcome
        lookup.finish()


class Counting(Resolver):
    """The system's own resolution, counted."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop)
        self.asked = 0

    def ask(self, host: str) -> Lookup:
        self.asked += 1
        return super().ask(host)


OTHERS: list[threading.Thread] = []
"""Threads from before the test: tests elsewhere leave books that nobody has ended."""


@pytest.fixture
def stop() -> Iterator[Stop]:
    """End the book with the test."""
    OTHERS[:] = threading.enumerate()
    stop = Stop()
    yield stop
    stop.throw()
    wait_for(lambda: not books())


def books() -> int:
    return sum(thread.name == "address book" and thread not in OTHERS for thread in threading.enumerate())


def watched(book: AddressBook, host: str = HOST) -> Told:
    told: Told = []
    book.watch(host, lambda addresses, failure: told.append((addresses, failure)))
    return told


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_needs_no_resolver(stop: Stop, host: str) -> None:
    resolver = Scripted(None)
    book = AddressBook(resolver, stop)
    assert book.addresses(host, 0) == (host,)
    told = watched(book, host)
    wait_for(lambda: told)
    assert told == [((host,), None)]
    assert not resolver.asked


def test_who_watches_is_told_at_once_and_then_of_changes_only(stop: Stop) -> None:
    """A watcher that comes late is told what is known."""
    resolver = Scripted(("a", "b"), ("a", "b"), ("a", "b"), ("c",))
    book = AddressBook(resolver, stop, default=0.01)
    first = watched(book)
    wait_for(lambda: len(first) == 2)
    late = watched(book)
    wait_for(lambda: late)
    assert first == [(("a", "b"), None), (("c",), None)]
    assert late == [(("c",), None)]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((("a", "b", "c"), ("b", "c", "a"), ("c", "b", "a")), [("a", "b", "c")]),
        ((("a", "b"), ("c", "a")), [("a", "b"), ("a", "c")]),
        ((("a", "b"), ("b",), ("a", "b")), [("a", "b"), ("b",), ("b", "a")]),
        ((("a",), ("b",), ("a",)), [("a",), ("b",), ("a",)]),
    ],
    ids=["rotation", "joined", "left and back", "moved"],
)
def test_what_is_in_use_stays_in_use_while_it_is_among_the_answers(
    stop: Stop, answers: tuple[tuple[str, ...], ...], told: list[tuple[str, ...]]
) -> None:
    resolver = Scripted(*answers)
    seen = watched(AddressBook(resolver, stop, default=0.01))
    wait_for(lambda: len(resolver.asked) > len(answers) + 2)
    assert seen == [(addresses, None) for addresses in told]


def test_a_resolver_that_fails_changes_nothing_once_there_is_an_address(stop: Stop) -> None:
    """It is asked again, at longer and longer intervals, and heard when it answers."""
    resolver = Scripted(("a",), GONE, GONE, GONE, None)
    book = AddressBook(resolver, stop, default=0.02)
    told = watched(book)
    wait_for(lambda: resolver.hanging)
    assert len(resolver.asked) == 5
    assert book.addresses(HOST, 0) == ("a",)
    resolver.end(resolver.hanging[0], ("b",))
    wait_for(lambda: len(told) == 2)
    assert told == [(("a",), None), (("b",), None)]


def test_before_the_first_answer_the_failure_is_told(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, however often it is tried."""
    monkeypatch.setattr("exporter.net.book.FIRST_RETRY", 0.01)
    resolver = Scripted(GONE, GONE, GONE, GONE, ("a",))
    book = AddressBook(resolver, stop)
    told = watched(book)
    with pytest.raises(ProbeError, match="gone") as caught:
        book.addresses(HOST, 5)
    assert (caught.value.cause, caught.value.code) == ("dns.failure", "-2")
    wait_for(lambda: len(told) == 2)
    assert told == [((), Failure(phase=None, cause=GONE.cause, detail="gone", code="-2")), (("a",), None)]
    assert book.addresses(HOST, 0) == ("a",)
    pauses = [after - before for before, after in itertools.pairwise(resolver.asked)]
    assert all(pause >= least for pause, least in zip(pauses, (0.01, 0.02, 0.04, 0.08), strict=True))


def test_a_resolver_that_hangs_is_told_as_a_failure_and_heard_later(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.net.book.PATIENCE", 0.05)
    resolver = Scripted(None)
    book = AddressBook(resolver, stop)
    with pytest.raises(ProbeError, match=r"db\.test: no answer from the resolver within 0\.010 s"):
        book.addresses(HOST, 0.01)
    told = watched(book)
    wait_for(lambda: told)
    ((addresses, failure),) = told
    assert (addresses, failure and str(failure.cause)) == ((), "dns.failure")
    resolver.end(resolver.hanging[0], ("a",))
    wait_for(lambda: len(told) == 2)
    assert told[1] == (("a",), None)
    assert len(resolver.asked) == 1


def test_a_resolver_that_hangs_changes_nothing_once_there_is_an_address(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.net.book.PATIENCE", 0.01)
    resolver = Scripted(("a",), None)
    book = AddressBook(resolver, stop, default=0.01)
    told = watched(book)
    other = watched(book, "192.0.2.1")
    wait_for(lambda: resolver.hanging and other)
    time.sleep(0.05)  # past the patience, in which nothing may happen
    assert book.addresses(HOST, 0) == ("a",)
    assert told == [(("a",), None)]
    assert len(resolver.asked) == 2, "none is begun while one is under way"


def test_a_name_is_resolved_again_when_its_ttl_is_over(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within bounds; and a TTL that is told later than agreed puts nothing off."""
    monkeypatch.setattr("exporter.net.book.ROUNDING", 0.0)
    resolver = Scripted(("a",))
    book = AddressBook(resolver, stop, shortest=0.1, longest=0.3, default=3600)
    assert book.addresses(HOST, 5) == ("a",)
    told = time.monotonic()
    for ttl in (0.0, 3600.0):
        book.keep(HOST, ttl)
    book.keep("nobody.test", 1.0)
    wait_for(lambda: len(resolver.asked) == 3)
    _, second, third = resolver.asked
    assert second - told >= 0.1, "the shortest"
    assert third - second >= 0.3, "the longest, which is the largest TTL told of late"


def test_a_ttl_told_while_a_lookup_is_under_way_counts_after_it(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.net.book.ROUNDING", 0.0)
    resolver = Scripted(None, ("b",))
    book = AddressBook(resolver, stop, shortest=0.01, default=3600)
    told = watched(book)
    book.keep(HOST, 0.02)
    wait_for(lambda: resolver.hanging)
    resolver.end(resolver.hanging[0], ("a",))
    wait_for(lambda: len(told) == 2)
    assert told == [(("a",), None), (("b",), None)]


def test_a_name_that_dns_cannot_hold_is_a_failure(stop: Stop) -> None:
    with pytest.raises(ProbeError, match="not a name that DNS can hold"):
        AddressBook(Resolver(stop), stop).addresses(f"{'ü' * 70}.test", 5)


def test_the_end_of_the_daemon_ends_the_book_and_wakes_who_waits(stop: Stop) -> None:
    book = AddressBook(Scripted(None), stop)
    threading.Timer(0.1, stop.throw).start()
    with pytest.raises(Stopped):
        book.addresses(HOST, 30)
    wait_for(lambda: not books())


def test_where_no_thread_can_be_had_the_next_who_asks_gets_one(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = AddressBook(Scripted(("10.0.0.1",)), stop)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError):
            book.addresses(HOST, 1.0)
    assert book.addresses(HOST, 10.0) == ("10.0.0.1",)


def test_a_thousand_hosts_take_one_thread(stop: Stop) -> None:
    resolver = Scripted(("a",))
    book = AddressBook(resolver, stop)
    told = [watched(book, f"db{number}.test") for number in range(1000)]
    wait_for(lambda: all(told))
    assert len(resolver.asked) == 1000
    assert books() == 1


def ask_directly(book: AddressBook, stop: Stop) -> None:
    """Let the probe of names look once; its answers tell the book the TTL."""
    endpoint = Endpoint(dialect="postgresql", host=HOST, port=5432, user="u", password=None, database="d")
    tools = probe_tools(endpoint, book=book, stop=stop)
    seen = DnsProbe(Target(name="orders", endpoint=endpoint), DnsSettings(), tools).run()
    assert [one.failure for one in seen] == [None, None]


@needs_namespaces
@needs_dnsmasq
def test_a_failover_reaches_who_watches_when_the_ttl_is_over(stop: Stop, tmp_path: Path) -> None:
    """Nothing but the TTL that a real name server told makes the book ask again."""

    def what() -> Told:
        use_own_etc(tmp_path, resolv_conf="nameserver 127.0.0.1\n", hosts="")
        with Dnsmasq(hosts={HOST: ["10.0.0.1"]}, ttl=1) as server:
            book = AddressBook(Resolver(stop), stop, shortest=0.1, default=3600)
            told = watched(book)
            wait_for(lambda: told)
            ask_directly(book, stop)
            server.move(HOST, "10.0.0.2")
            wait_for(lambda: len(told) == 2)
            return told

    assert in_own_network(what) == [(("10.0.0.1",), None), (("10.0.0.2",), None)]


@needs_namespaces
@needs_dnsmasq
def test_a_name_server_that_takes_turns_moves_nobody(stop: Stop, tmp_path: Path) -> None:
    addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]

    def what() -> tuple[set[tuple[str, ...]], Told]:
        use_own_etc(tmp_path, resolv_conf="nameserver 127.0.0.1\n", hosts="")
        with Dnsmasq(hosts={HOST: addresses}) as server:
            resolver = Counting(stop)
            told = watched(AddressBook(resolver, stop, default=0.01))
            orders = {server.answers(HOST) for _ in range(20)}
            wait_for(lambda: resolver.asked > 20)
            return orders, told

    orders, told = in_own_network(what)
    assert len(orders) > 1, "the server does take turns"
    assert len(told) == 1
    assert set(told[0][0]) == set(addresses)


@needs_namespaces
@needs_dnsmasq
def test_a_dead_name_server_stops_nobody_whose_address_is_known(stop: Stop, tmp_path: Path) -> None:
    """Whether it is silent or gone; and back again, it is heard."""

    def what() -> Told:
        use_own_etc(tmp_path, resolv_conf="nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", hosts="")
        with Dnsmasq(hosts={HOST: ["10.0.0.1"]}) as server:
            resolver = Counting(stop)
            book = AddressBook(resolver, stop, default=0.01)
            told = watched(book)
            wait_for(lambda: told)
            server.pause()
            silent = resolver.asked
            wait_for(lambda: resolver.asked > silent + 1)
            assert book.addresses(HOST, 0) == ("10.0.0.1",)
            server.stop()
            gone = resolver.asked
            wait_for(lambda: resolver.asked > gone + 1)
            assert book.addresses(HOST, 0) == ("10.0.0.1",)
            assert len(told) == 1
            server.start()
            server.move(HOST, "10.0.0.2")
            wait_for(lambda: len(told) == 2)
            return told

    assert in_own_network(what) == [(("10.0.0.1",), None), (("10.0.0.2",), None)]


def test_who_watches_no_more_is_told_nothing(stop: Stop) -> None:
    resolver = Scripted(("a",), ("b",), ("c",))
    book = AddressBook(resolver, stop, default=0.05)
    told: Told = []
    end = book.watch(HOST, lambda addresses, failure: told.append((addresses, failure)))
    wait_for(lambda: told)
    end()
    other = watched(book)
    wait_for(lambda: other and other[-1][0] == ("c",))
    assert told[-1][0] != ("c",)


def test_a_host_that_is_not_retained_is_looked_up_no_more(stop: Stop) -> None:
    """An answer that comes late is nothing any more; who asks again is told anew."""
    resolver = Scripted(None, ("b",))
    book = AddressBook(resolver, stop, default=0.01)
    told = watched(book)
    wait_for(lambda: resolver.asked)
    book.retain({HOST})
    assert HOST in book._entries
    entry = book._entries[HOST]
    book.retain(set())
    wait_for(lambda: entry.retired)
    assert entry.lookup is not None
    entry.lookup.finish()
    assert book.addresses(HOST, 5) == ("b",)
    assert not told
    wait_for(lambda: entry.lookup is None)
    assert not told
