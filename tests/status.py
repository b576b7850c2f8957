"""The status pages over what was recorded, asked as a WSGI server asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from exporter.alerts import manuscripts, runbooks
from exporter.model import (
    Cause,
    Incident,
    Observation,
    Result,
    Target,
)
from exporter.probes import KINDS
from exporter.runtime.history import History
from exporter.runtime.latest import Latest
from exporter.web.pages import Pages, Sources, Watch
from exporter.web.site import Site
from tests.seen import NOW, broken, healthy, incident, target

PROBES = {kind.name: "" for kind in KINDS} | {"pool": "it is switched off"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@dataclass
class Status:
    """The pages over what was recorded, asked as a WSGI server asks."""

    targets: Sequence[Target] = ()
    incidents: Sequence[Incident] = ()
    probes: Mapping[str, str] = field(default_factory=lambda: PROBES)
    prefix: str = ""
    clock: Callable[[], float] = lambda: NOW
    latest: Latest = field(default_factory=Latest)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        sources = Sources(
            targets=lambda: self.targets,
            seen=self.latest.of,
            watch=lambda _: Watch(probes=self.probes, rungs=(30.0, 60.0, 120.0, 240.0, 360.0, 600.0)),
            incidents=lambda: self.incidents,
            failures=self.history.failures,
            results=self.history.listed,
            find=self.history.find,
            latest=self.history.latest,
            runbooks=runbooks(),
            manuscripts=manuscripts(),
            clock=self.clock,
        )
        pages = Pages(sources, self.prefix)
        self.site = Site(pages.routes, pages.missing)

    def see(self, observations: Sequence[Observation]) -> None:
        """Take in what probes have seen."""
        for observation in observations:
            self.latest.record(observation)
            self.history.record(observation)

    def get(
        self, path: str, accept: str = BROWSER, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path as it stands in a link, with its query."""
        where, _, query = path.partition("?")
        told: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": where,
            "QUERY_STRING": query,
            "HTTP_ACCEPT": accept,
            "wsgi.input": BytesIO(),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        content = b"".join(self.site(environ, lambda *what: told.append(what)))  # type: ignore[arg-type]  # no write()
        status, named = told[0]
        return int(status.split()[0]), dict(named), content

    def page(self, path: str) -> str:
        """Ask for a page that there is."""
        status, headers, content = self.get(path)
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8"), content
        return content.decode()


def three(prefix: str = "") -> Status:
    """Pages of one target that fails, one that is well, and one that nothing is known of."""
    over = incident("shop", 2, started=NOW - 4000, ended=NOW - 3000, cause=Cause.UNKNOWN, evidence=())
    found = Status(
        targets=[target("orders", team="shop"), target("shop", host="192.0.2.9"), target("new")],
        incidents=[incident(), over, incident("gone", 3)],
        prefix=prefix,
    )
    found.see(broken("orders"))
    found.see(healthy("shop"))
    failed = Result(target="db:5432", module="tcp", started=NOW, duration=1.0, success=False, log="no\n")
    found.history.add(failed)
    found.history.add(replace(failed, success=True))
    return found


def only(*observations: Observation, **more: Any) -> Status:
    """Pages of `orders`, of which nothing else was seen."""
    found = Status(targets=[target()], **more)
    found.see(observations)
    return found
