"""The target's name: resolved as the application does it, and asked of each name server directly."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field

from exporter.model import DnsObservation, ProbeError, Target
from exporter.net.dns_exchange import Answer, Nameserver, ask
from exporter.net.dns_query import ResolvConf
from exporter.net.resolve import Lookup, is_address, silent
from exporter.net.waiting import wait_for_event
from exporter.probes.kind import Kind, NotApplicable, Tools
from exporter.settings import Duration, ProbeSettings

PATIENCE = 0.95
"""Part of the timeout that a run waits for answers; the rest is for reading them."""
SYSTEM = ""
"""Stands for the system's own resolution, where otherwise a name server is named."""


def _nameserver(text: str) -> str:
    try:
        Nameserver.parse(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no name server's address; write it like 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:5353"
        ) from None
    return text


class DnsSettings(ProbeSettings):
    """Resolving the host's name, by the system and by each name server; nothing for a numeric host."""

    interval: Duration = Field(default=30.0, description="time between two rounds of questions")
    timeout: Duration = Field(default=5.0, description="longest time the answers may take in all")
    resolvers: list[Annotated[str, AfterValidator(_nameserver)]] | None = Field(
        default=None,
        description="name servers to ask directly; default: those of /etc/resolv.conf; [] for none",
    )


class DnsProbe:
    """Lets the system resolve the name, asks every name server, and compares with the round before."""

    def __init__(
        self, target: Target, settings: DnsSettings, tools: Tools, resolv_conf: ResolvConf | None = None
    ) -> None:
        self._host = target.endpoint.host
        if is_address(self._host):
            raise NotApplicable(f"{self._host} is an address")
        self._target = target
        self._settings = settings
        self._tools = tools
        self._resolv_conf = resolv_conf or ResolvConf()
        self._before: dict[str, frozenset[str]] = {}

    def run(self) -> Sequence[DnsObservation]:
        """Ask everybody once and report (see `exporter.probes.kind.Probe`)."""
        started, begun = time.time(), time.monotonic()
        seconds = PATIENCE * self._settings.timeout
        lookup = self._tools.resolver.ask(self._host)
        answers = self._ask_directly(seconds)
        system = self._system(lookup, begun, seconds)
        ttls = [answer.ttl for answer in answers.values() if answer.ttl is not None]
        if ttls:
            self._tools.book.keep(self._host, min(ttls))
        if system.error is None and all(answer.unknown for answer in answers.values()):
            # The name stands in /etc/hosts or the like. That DNS does not know it then is no failure.
            answers = {server: replace(answer, error=None) for server, answer in answers.items()}
        return [self._seen(server, started, answer) for server, answer in {SYSTEM: system, **answers}.items()]

    def _ask_directly(self, seconds: float) -> dict[str, Answer]:
        configured = self._resolv_conf.read()
        wanted = self._settings.resolvers
        servers = dict.fromkeys(map(Nameserver.parse, configured.nameservers if wanted is None else wanted))
        try:
            names = configured.names(self._host)
        except ProbeError:
            return {}  # no name that could be asked for; the system says the same
        answers = ask(names, list(servers), seconds, self._tools.stop)
        return {str(server): answer for server, answer in zip(servers, answers, strict=True)}

    def _system(self, lookup: Lookup, begun: float, seconds: float) -> Answer:
        """Give the outcome of the system's resolution; none within `seconds` of `begun` is a failure."""
        left = begun + seconds - time.monotonic()
        if not wait_for_event(lookup.done, left, self._tools.stop):
            return Answer(seconds=time.monotonic() - begun, error=silent(self._host, seconds))
        return Answer(seconds=lookup.seconds, addresses=lookup.addresses, error=lookup.error)

    def _seen(self, resolver: str, started: float, answer: Answer) -> DnsObservation:
        return DnsObservation(
            target=self._target.name,
            probe=KIND.name,
            started=started,
            duration=answer.seconds,
            failure=answer.error.failure() if answer.error else None,
            resolver=resolver,
            answers=answer.addresses,
            ttl=answer.ttl,
            changed=self._changed(resolver, answer),
            rcode=answer.rcode,
        )

    def _changed(self, resolver: str, answer: Answer) -> bool:
        """Compare with the last whole answer of the same resolver, and keep this one for the next time."""
        if answer.error or not answer.addresses:
            return False
        addresses = frozenset(answer.addresses)
        before, self._before[resolver] = self._before.get(resolver, addresses), addresses
        return addresses != before


KIND = Kind(name="dns", settings=DnsSettings, build=DnsProbe)
