"""DNS questions and answers, and resolv.conf: all that is known here of dnspython."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from exporter.model import Cause, ProbeError, Records
from exporter.net.resolve import is_address

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_NAMESERVERS = 3
"""The system asks no more than these."""
NOERROR = "NOERROR"
NXDOMAIN = "NXDOMAIN"
Name: TypeAlias = dns.name.Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a name server said to one question.

    `rcode` is DNS's word for the outcome; `addresses` are numeric, or such as `db1.example.com.:5432` where
    SRV records were asked for; `ttl`, in seconds, is the smallest along a chain of aliases, None without
    addresses. A reply that is `truncated` has to be asked for again over TCP.
    """

    rcode: str
    addresses: tuple[str, ...] = ()
    ttl: float | None = None
    truncated: bool = False


class Question:
    """One question, with a random number of its own, and how to know its answer."""

    def __init__(self, name: Name, kind: str) -> None:
        self.kind = kind
        self._query = dns.message.make_query(name, kind)
        self.wire = self._query.to_wire()

    def read(self, packet: bytes) -> Reply | None:
        """Read `packet`; None if it is no answer to this question, or none that can be read."""
        if packet[:2] != self.wire[:2]:
            return None
        try:
            message = dns.message.from_wire(packet, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return None
        if not self._query.is_response(message):
            return None
        rcode = dns.rcode.to_text(message.rcode())
        if message.flags & dns.flags.TC:
            return Reply(rcode=rcode, truncated=True)
        addresses, ttl = _addresses(message) if rcode == NOERROR else ((), None)
        return Reply(rcode=rcode, addresses=addresses, ttl=ttl)


def _addresses(message: dns.message.Message) -> tuple[tuple[str, ...], float | None]:
    """Follow the aliases to the addresses, and give the smallest TTL on the way; none for a loop."""
    assert isinstance(message, dns.message.QueryMessage)  # noqa: S101  it answers a query
    try:
        found = message.resolve_chaining()
    except dns.exception.DNSException:
        return (), None
    if found.answer is None:
        return (), None
    return tuple(map(_address, found.answer)), float(found.minimum_ttl)


def _address(record: Any) -> str:
    return f"{record.target}:{record.port}" if record.rdtype == dns.rdatatype.SRV else str(record.address)


class Inquiry:
    """A question for records of any type, which are counted and not read."""

    def __init__(self, name: str, kind: str, *, recursion: bool) -> None:
        """Put the question; name and type must be sound (see `question_problem`)."""
        self._query = dns.message.make_query(name, kind)
        if not recursion:
            self._query.flags &= ~dns.flags.RD
        self.wire = self._query.to_wire()

    def read(self, packet: bytes) -> tuple[Records, bool] | None:
        """Read `packet`, and whether it was cut short; None if it is no answer to this question."""
        try:
            message = dns.message.from_wire(packet, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return None
        if not self._query.is_response(message):
            return None
        answers, authority, additional = (sum(map(len, part)) for part in message.sections[1:4])
        zones = [record for rrset in message.answer for record in rrset if hasattr(record, "serial")]
        records = Records(
            rcode=dns.rcode.to_text(message.rcode()),
            answers=answers,
            authority=authority,
            additional=additional,
            serial=zones[-1].serial if zones else None,
        )
        return records, bool(message.flags & dns.flags.TC)


def question_problem(name: str, kind: str) -> str:
    """Say why a question cannot be asked; empty where it can."""
    try:
        dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        return "query_name: is not a name that DNS can hold"
    try:
        dns.rdatatype.from_text(kind)
    except (dns.exception.DNSException, ValueError):
        return "query_type: is not a type of records; write it like A, AAAA, SOA, NS or SRV"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What resolv.conf says: numeric addresses of name servers, and how short names are completed."""

    nameservers: tuple[str, ...] = ()
    search: tuple[Name, ...] = ()
    dots: int = 1

    def names(self, host: str) -> Sequence[Name]:
        """Give the names that getaddrinfo would ask for, in its order.

        Raises ProbeError when DNS cannot hold the name.
        """
        try:
            name = dns.name.from_text(host, None, dns.name.IDNA_2003)  # as getaddrinfo does
            if name.is_absolute():
                return (name,)
            completed = [name + domain for domain in self.search]
            completed.insert(0 if len(name) > self.dots else len(completed), name + dns.name.root)
        except (dns.exception.DNSException, UnicodeError):
            raise ProbeError(Cause.DNS_FAILURE, f"{host}: not a name that DNS can hold") from None
        return completed


class ResolvConf:
    """The system's resolv.conf, read again when it has changed."""

    def __init__(self, path: Path = RESOLV_CONF) -> None:
        self._path = path
        self._mark: tuple[int, ...] | None = None
        self._configured = Configured()

    def read(self) -> Configured:
        """Give what it says now, or said when it could be read last; nothing where it makes no sense."""
        with contextlib.suppress(OSError, UnicodeDecodeError):  # what was read before is still the best guess
            status = self._path.stat()
            mark = (status.st_mtime_ns, status.st_ino, status.st_size)
            if mark != self._mark:
                self._configured = _parsed(self._path.read_text())
                self._mark = mark
        return self._configured


def _parsed(text: str) -> Configured:
    resolver = dns.resolver.Resolver(configure=False)
    with contextlib.suppress(dns.exception.DNSException, ValueError):
        resolver.read_resolv_conf(io.StringIO(text))
    search = resolver.search or [resolver.domain]
    servers = [str(server) for server in resolver.nameservers if is_address(str(server))]
    return Configured(
        nameservers=tuple(servers[:MOST_NAMESERVERS]),
        search=tuple(domain for domain in search if domain != dns.name.root),
        dots=1 if resolver.ndots is None else resolver.ndots,
    )
