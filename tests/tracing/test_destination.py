"""Where a path leads to, as people write it, and what is said where it leads nowhere."""

import pytest

from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop
from exporter.tracing.destination import NoDestination, find, read_place

PORTS = {"postgresql": 5432, "mysql": 3306}


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("db.example", "db.example", None),
        ("db.example:5433", "db.example", 5433),
        ("10.0.0.1", "10.0.0.1", None),
        ("10.0.0.1:1", "10.0.0.1", 1),
        ("2001:db8::1", "2001:db8::1", None),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:5433", "2001:db8::1", 5433),
        ("postgresql://db.example", "db.example", 5432),
        ("postgresql+psycopg2://u:p:w/d?#@db.example:5433/d?x=a@b", "db.example", 5433),
        ("mysql://u@[2001:db8::1]/d", "2001:db8::1", 3306),
        ("MySQL://u@db.example:/d", "db.example", 3306),
        ("mysql://db.example?user=a@b", "db.example", 3306),
    ],
)
def test_a_place_is_read(written: str, host: str, port: int | None) -> None:
    assert read_place(written, PORTS) == (host, port)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "no host is named; write HOST, HOST:PORT, "),
        (":5432", "no host is named"),
        ("db:", "a port is a number from 1 to 65535"),
        ("db:0", "a port is a number"),
        ("db:65536", "a port is a number"),
        ("db:٣", "a port is a number"),
        ("u:secret@db", "this is no host; write HOST"),
        ("[::1", "this is no host"),
        ("::1]:5", "no host is named"),
        ("[db]:5", "only an IPv6 address stands in brackets"),
        ("[10.0.0.1]:5", "only an IPv6 address stands in brackets"),
        ("a b", "this is neither a host name nor an address"),
        ("db/5432", "this is neither a host name nor an address"),
        ("db\x1b2J", "this is neither a host name nor an address"),
        (
            "redis://u:secret@db",
            "the URL is of no database known here; it may begin with postgresql:// or mysql://",
        ),
        ("postgresql:///d?host=/run", "no host is named"),
        ("postgresql://u:secret@a,b/d", "this is neither a host name nor an address"),
        ("postgresql://u:secret@[::1/d", "only an IPv6 address stands in brackets"),
        ("://u:secret@db/d", "this is no database URL"),
    ],
)
def test_what_is_no_place_is_refused_and_no_password_shown(written: str, message: str) -> None:
    with pytest.raises(NoDestination) as refused:
        read_place(written, PORTS)
    assert str(refused.value).startswith(message)
    assert "secret" not in str(refused.value)


class Known(Resolver):
    """A resolver that knows one name."""

    def ask(self, host: str) -> Lookup:
        """Answer at once."""
        lookup = Lookup(("10.0.0.1", "2001:db8::1", "10.0.0.2") if host == "db.test" else ())
        lookup.finish()
        return lookup


def test_one_of_several_addresses_is_traced() -> None:
    resolver = Known(Stop())
    found = find("db.test", 1, resolver, protocol="tcp")
    assert (found.address, found.others) == ("10.0.0.1", ("2001:db8::1", "10.0.0.2"))
    found = find("db.test", 1, resolver, protocol="tcp", version=6)
    assert (found.address, found.others) == ("2001:db8::1", ("10.0.0.1", "10.0.0.2"))
    assert str(found) == "TCP port 1 of db.test (2001:db8::1)"


def test_an_address_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(NoDestination, match=r"^127\.0\.0\.1 has no IPv6 address, but 127\.0\.0\.1$"):
        find("127.0.0.1", 1, Resolver(Stop()), protocol="tcp", version=6)


def test_a_name_that_is_none_is_said() -> None:
    with pytest.raises(NoDestination, match=r"^no\.such\.name\.invalid: "):
        find("no.such.name.invalid", 1, Resolver(Stop()), protocol="tcp")
