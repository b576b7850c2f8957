"""Asking /probe without a daemon around it: of a prober that is built as the daemon builds it."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from exporter.app import read_configuration
from exporter.blackbox.prober import Prober
from exporter.blackbox.scope import Own, Scope
from exporter.blackbox.turnstile import Turnstile
from exporter.model import Cause, ProbeError, Result
from exporter.net.resolve import Lookup, Resolver
from exporter.net.waiting import Stop
from exporter.probes.kind import Tools
from exporter.web.answer import Answer, Request
from exporter.web.server import ListenAddress, WebServer
from exporter.web.site import Site
from tests.probing import STOPS, probe_tools
from tests.scraping import Samples, samples_in

TARGET = "targets: [{name: orders, url: 'postgresql://u@127.0.0.1:1/d'}]\n"
LOOPBACK = "probe: {allow: [127.0.0.0/8, '::1', localhost]}\n"


class Named(Resolver):
    """A resolver that knows these names, and counts how often it is asked."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        super().__init__(Stop())
        self._turns = {name: list(turns) for name, turns in names.items()}
        self.asked: list[str] = []

    def ask(self, host: str) -> Lookup:
        """Give the next answer for the name, the last of them for ever; others do not resolve."""
        self.asked.append(host)
        turns = self._turns.get(host)
        if not turns:
            lookup = Lookup(error=ProbeError(Cause.DNS_FAILURE, f"{host}: not known"))
        else:
            lookup = Lookup(tuple(turns.pop(0) if len(turns) > 1 else turns[0]))
        lookup.finish()
        return lookup


@dataclass
class Asking:
    """A prober, and what became of what it was asked."""

    prober: Prober
    kept: list[Result] = field(default_factory=list)
    unknown: int = 0
    tools: Mapping[str, Tools] = field(default_factory=dict)

    def answer(self, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        """Ask, as a request does that has come in."""
        request = Request(path="/probe", query=urlencode(query), headers=headers or {})
        return self.prober.routes["/probe"].handler(request)

    def said(self, **query: str) -> tuple[int, str]:
        """Give the status and the text of an answer."""
        answer = self.answer(None, **query)
        return int(answer.status), answer.content.decode()

    def samples(self, **query: str) -> Samples:
        """Give the samples of an answer, which must be one."""
        status, text = self.said(**query)
        assert status == 200, text
        return samples_in(text)

    def value(self, name: str, *, labels: Mapping[str, str] | None = None, **query: str) -> float | None:
        """Give one sample of an answer."""
        return self.samples(**query).get((name, frozenset((labels or {}).items())))

    def failure(self, **query: str) -> tuple[str, str] | None:
        """Give phase and cause of a look, None where it succeeded."""
        samples = self.samples(**query)
        found = [dict(labels) for name, labels in samples if name == "probe_failure_info"]
        assert samples["probe_success", frozenset()] == (not found)
        return (found[0]["phase"], found[0]["cause"]) if found else None


def asking(
    text: str = LOOPBACK,
    *,
    resolver: Resolver | None = None,
    turnstile: Turnstile | None = None,
    offset: float = 0.5,
) -> Asking:
    """Build a prober from a configuration, which needs no targets of its own."""
    stop = Stop()
    STOPS.append(stop)
    with tempfile.TemporaryDirectory(prefix="conndrop-probing-") as directory:
        path = Path(directory, "exporter.yml")
        path.write_text(text if "targets:" in text else TARGET + text)
        configuration = read_configuration(path)

    def count() -> None:
        found.unknown += 1

    kept: list[Result] = []
    names = resolver or Resolver(stop)
    prober = Prober(names, stop, keep=kept.append, unknown=count, offset=offset, turnstile=turnstile)
    tools = {
        probed.target.name: probe_tools(probed.target.endpoint, stop=stop, resolver=names)
        for probed in configuration.targets
    }
    found = Asking(prober, kept, tools=tools)
    own = [Own(probed, tools[probed.target.name]) for probed in configuration.targets]
    prober.configure(Scope.of(configuration, own))
    return found


@contextlib.contextmanager
def served(prober: Prober) -> Iterator[str]:
    """Serve a prober over HTTP; gives host and port."""
    server = WebServer([ListenAddress("127.0.0.1", 0)], Site(prober.routes))
    try:
        yield str(server.addresses[0])
    finally:
        server.stop()
