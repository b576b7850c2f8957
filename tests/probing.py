"""Building what the tests look at the way the daemon builds it."""

from collections.abc import Sequence
from typing import Any

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.model import Endpoint, Observation, Secret, SessionObservation, Target, TlsObservation
from exporter.net.book import AddressBook
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop
from exporter.probes.kind import Tools
from exporter.probes.session import SessionProbe, SessionSettings
from exporter.probes.tls import TlsProbe, TlsSettings

STOPS: list[Stop] = []
"""Those of all tools made for the test that runs; what they began in threads ends with it."""


class Answering(Resolver):
    """A resolver with a fixed answer."""

    def __init__(self, answers: Sequence[str]) -> None:
        super().__init__(Stop())
        self._answers = tuple(answers)

    def addresses(self, host: str, seconds: float) -> tuple[str, ...]:  # noqa: ARG002  the base class's signature
        return self._answers

    def ask(self, host: str) -> Lookup:  # noqa: ARG002  the base class's signature
        lookup = Lookup(self._answers)
        lookup.finish()
        return lookup


def a_target(host: str, port: int = 5432) -> Target:
    """Make a target that is reached under `host`."""
    endpoint = Endpoint(dialect="postgresql", host=host, port=port, user="u", password=None, database="d")
    return Target(name="orders", endpoint=endpoint)


def probe_tools(
    endpoint: Endpoint,
    *,
    stop: Stop | None = None,
    resolver: Resolver | None = None,
    book: AddressBook | None = None,
) -> Tools:
    """Give what a probe of `endpoint` is built with; the book takes its addresses from the resolver."""
    stop = stop or Stop()
    STOPS.append(stop)
    resolver = resolver or Resolver(stop)
    (dialect,) = (dialect for dialect in DIALECTS if endpoint.dialect in dialect.names)
    return Tools(
        opener=dialect.prepare(endpoint),
        resolver=resolver,
        book=book or AddressBook(resolver, stop),
        stop=stop,
    )


def session_probe(
    url: str,
    *,
    stop: Stop | None = None,
    password: Secret | None = None,
    answers: Sequence[str] = (),
    **settings: Any,
) -> SessionProbe:
    """Build a session probe for `url`; settings are written as in the configuration."""
    endpoint, _ = read_url(url, password, DIALECTS)
    tools = probe_tools(endpoint, stop=stop, resolver=Answering(answers) if answers else None)
    target = Target(name="orders", endpoint=endpoint)
    return SessionProbe(target, SessionSettings.model_validate(settings), tools)


def session(url: str, **settings: Any) -> SessionObservation:
    """Hold one session at `url` and return what was seen."""
    (observation,) = session_probe(url, **settings).run()
    return observation


def tls_probe(
    url: str, *, stop: Stop | None = None, answers: Sequence[str] = (), **settings: Any
) -> TlsProbe:
    """Build a TLS probe for `url`; settings are written as in the configuration."""
    endpoint, _ = read_url(url, None, DIALECTS)
    tools = probe_tools(endpoint, stop=stop, resolver=Answering(answers) if answers else None)
    target = Target(name="orders", endpoint=endpoint)
    return TlsProbe(target, TlsSettings.model_validate(settings), tools)


def handshake(url: str, **settings: Any) -> TlsObservation:
    """Make one TLS handshake at `url` and return what was seen."""
    (observation,) = tls_probe(url, **settings).run()
    return observation


def verdict(observation: Observation) -> tuple[str, str] | None:
    """Give the phase and cause of a failure as plain words; None where there is none."""
    failure = observation.failure
    return (str(failure.phase), str(failure.cause)) if failure else None
