"""The idle timeouts that are tried: where they are, how they end a connection, and what has to be found."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.lab.fronts import Haproxy, PgBouncer
from tests.lab.resetter import Resetter
from tests.lab.site import PORTS, Site

MIDDLEBOX: Final = "middlebox.idle_timeout"
PROXY: Final = "proxy.idle_timeout"
SERVER: Final = "server.idle_timeout"
LIMITS: Final = {"postgresql": "idle_session_timeout", "mariadb": "wait_timeout", "mysql": "wait_timeout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One target: its name and URL, and each cause with the seconds after which it ends a connection."""

    name: str
    url: str
    truth: Mapping[str, float] = field(default_factory=dict)


Faults = Callable[[Site, ExitStack, int], list[Case]]
"""Brings the faults of one site about, for as long as the stack stands."""


def nat(site: Site, stack: ExitStack, seconds: int) -> list[Case]:
    """Forget silently on the router; and beside it, proxies and a pooler that end what is idle."""
    cases = _forgetting(site, stack, seconds, "silent")
    for number, name in enumerate(PORTS):
        front = stack.enter_context(Haproxy(site, site.databases[name], client=seconds, port=9000 + number))
        cases.append(Case(name=f"{name}-haproxy", url=site.url(name, via=front), truth={PROXY: seconds}))
    pooler = PgBouncer(
        site, site.databases["postgresql"], pooling="transaction", client_idle=seconds, settings=()
    )
    url = site.url("postgresql", via=stack.enter_context(pooler))
    return [*cases, Case(name="postgresql-pgbouncer", url=url, truth={PROXY: seconds})]


def refusing(site: Site, stack: ExitStack, seconds: int) -> list[Case]:
    """Forget on the router, and reset what comes afterwards."""
    return _forgetting(site, stack, seconds, "rst")


def _forgetting(site: Site, stack: ExitStack, seconds: int, refusal: str) -> list[Case]:
    for port in PORTS.values():
        stack.enter_context(site.firewall.idle(port, seconds, refusal))  # type: ignore[arg-type]  # one of two words
    return _direct(site, f"nat-{refusal}", {MIDDLEBOX: seconds})


def resetting(site: Site, stack: ExitStack, seconds: int) -> list[Case]:
    """Reset both ends when the time has come, as balancers do."""
    for port in PORTS.values():
        stack.enter_context(Resetter(site.router, port, idle=seconds))
    return _direct(site, "balancer", {MIDDLEBOX: seconds})


def serving(site: Site, stack: ExitStack, seconds: int) -> list[Case]:
    """Let the servers themselves end what is idle."""
    _limit(site, stack, seconds)
    return _direct(site, "server", {SERVER: seconds})


def both(site: Site, stack: ExitStack, seconds: int) -> list[Case]:
    """Forget silently on the router, and let the servers end what is idle a little longer."""
    for port in PORTS.values():
        stack.enter_context(site.firewall.idle(port, seconds))
    _limit(site, stack, seconds + 3)
    return _direct(site, "nat-and-server", {MIDDLEBOX: seconds, SERVER: seconds + 3})


def _limit(site: Site, stack: ExitStack, seconds: int) -> None:
    for name, database in site.databases.items():
        stack.enter_context(database.limited(LIMITS[name], seconds))


def _direct(site: Site, what: str, truth: Mapping[str, float]) -> list[Case]:
    return [Case(name=f"{name}-{what}", url=site.url(name), truth=truth) for name in site.databases]


KINDS: Final[tuple[Faults, ...]] = (nat, refusing, resetting, serving)
