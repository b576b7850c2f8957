"""From what is asked to the errand: at our targets by their own settings, at other hosts by a module's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from exporter.blackbox.asking import Asked, Refused, bad, unknown
from exporter.blackbox.errand import Errand
from exporter.blackbox.lookups import Lookups
from exporter.blackbox.places import BadTarget, Place, host_name, page, place
from exporter.blackbox.scope import Own, Scope
from exporter.blackbox.turnstile import crowded
from exporter.config import Module
from exporter.config.modules import DnsModule, IcmpModule, SessionModule, TcpModule
from exporter.net.waiting import Stop
from exporter.probes.ping import PingSettings
from exporter.probes.session import SessionSettings
from exporter.settings import ProbeSettings, format_duration

LOOKS: Final[Mapping[str, str]] = {
    "": "session",
    "session": "session",
    "ping": "ping",
    "icmp": "ping",
    "tcp": "tcp",
    "tcp_connect": "tcp",
    "tls": "tls",
    "tls_connect": "tls",
    "dns": "dns",
}
"""What each module means for a target of ours: one of its probes."""
PROBERS: Final[Mapping[str, str]] = {"ping": "icmp", "dns": "resolve", "tls": "tcp"}
DNS_PORT: Final = 53
DEFAULT_MODULE: Final = "http_2xx"
TIMEOUT: Final = 5.0
"""Seconds for a look at a target of ours by a probe that is off."""


class UnknownModule(Refused):
    """There is no such module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """An errand without its time: `timeout` is what its module grants, `own` the target of ours it is for.

    `module` is its name, as the answer tells it; `shown` are its settings, for people.
    """

    module: str
    errand: Errand
    timeout: float
    shown: Mapping[str, object]
    own: Own | None = None

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Count the connection against the budget of a target of ours; raise Refused where none is left."""
        errand, budget = self.errand, self.own.tools.budget if self.own else None
        if not all(each.harmless() for each in (errand.opener, errand.encryption) if each is not None):
            raise crowded("the server is left alone for a while, so that it does not block this host")
        if budget is None or not (errand.opener or errand.encryption):
            yield
            return
        if not budget.enter():
            raise crowded("the target's connection_budget is used up")
        try:
            yield
        finally:
            budget.leave()


def commission(asked: Asked, scope: Scope, resolver: Lookups, stop: Stop) -> Commission:
    """Find out what is to be looked at; raise Refused, UnknownModule where that is why."""
    own = scope.targets.get(asked.target)
    try:
        if own is not None:
            return _at_own(asked, own, resolver, stop)
        module = scope.modules.get(asked.module or DEFAULT_MODULE)
        if module is None:
            raise UnknownModule(*unknown(asked.module).args)
        return _elsewhere(asked, module, scope, resolver, stop)
    except BadTarget as problem:
        raise bad(problem) from None


def _at_own(asked: Asked, own: Own, resolver: Lookups, stop: Stop) -> Commission:
    """Look at a target of ours as its own probe would."""
    kind = LOOKS.get(asked.module)
    if kind is None:
        raise UnknownModule(
            f"{unknown(asked.module)} for a target of the configuration; "
            f"allowed: {', '.join(name for name in LOOKS if name)}"
        )
    settings: ProbeSettings | None = own.settings(kind)
    errand = Errand(
        prober=PROBERS.get(kind, kind),
        host=own.probed.target.endpoint.host,
        port=own.probed.target.endpoint.port,
        seconds=0.0,
        settings=settings,
        resolver=resolver,
        stop=stop,
    )
    timeout = settings.timeout if settings else TIMEOUT
    shown = {"prober": kind, "timeout": format_duration(timeout)}
    return Commission(
        module=asked.module or kind, errand=_as(kind, errand, own), timeout=timeout, shown=shown, own=own
    )


def _as(kind: str, errand: Errand, own: Own) -> Errand:
    """Add what a look at a target of ours needs besides."""
    opener = own.tools.opener
    if kind == "session":
        settings = errand.settings or SessionSettings()
        return replace(errand, opener=opener, settings=settings, leftovers=own.tools.leftovers)
    if kind == "ping":
        size = (errand.settings or PingSettings()).size
        return replace(errand, settings=IcmpModule(payload_size=size))
    if kind == "tls":
        if opener.encryption is None:
            raise Refused("the target's URL switches TLS off")
        return replace(errand, encryption=opener.encryption, policy=opener.encryption.policy)
    return errand


def _elsewhere(asked: Asked, module: Module, scope: Scope, resolver: Lookups, stop: Stop) -> Commission:
    """Look at a host by a module."""
    settings = module.settings
    where = _where(asked.target, module)
    name = host_name(asked.hostname) if asked.hostname else ""
    errand = Errand(
        prober=module.block.prober,
        host=where.host,
        port=where.port,
        seconds=0.0,
        settings=settings,
        resolver=resolver,
        stop=stop,
        allow=module.allow,
        server_name=name,
        virtual_host=name,
        path=where.path,
        encrypted=where.encrypted,
    )
    if module.policy is not None and (module.block.prober == "http" or settings.tls):
        errand = replace(errand, policy=module.policy, server_name=settings.tls_config.server_name or name)
    if module.dialect is not None:
        opener = scope.openers.opener(module, where.host, where.port or 0)
        if isinstance(settings, SessionModule):
            errand = replace(errand, opener=opener)
        elif settings.tls:
            errand = replace(errand, encryption=opener.encryption)
    shown = module.block.model_copy(update={module.block.prober: settings}).model_dump(exclude_none=True)
    return Commission(module=module.name, errand=errand, timeout=module.block.timeout, shown=shown)


def _where(target: str, module: Module) -> Place:
    """Read a target as its module understands it; raise BadTarget."""
    if module.block.prober == "http":
        return page(target)
    found = place(target)
    if module.block.prober == "icmp":
        return replace(found, port=None)
    if isinstance(module.settings, DnsModule):
        return replace(found, port=found.port or DNS_PORT)
    default = module.dialect.default_port if module.dialect else None
    if isinstance(module.settings, TcpModule) and found.port is None and default is None:
        raise BadTarget("target has no port; write it behind the host, as in db.example.com:5432")
    return replace(found, port=found.port or default)
