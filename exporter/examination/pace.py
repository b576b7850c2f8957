"""How an examination looks: every probe that is wanted, quickly, and silences that fit the time there is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from exporter.config import Configuration, ProbedTarget
from exporter.diagnosis.evidence import tolerance
from exporter.examination.aiming import Aim
from exporter.examination.plan import Plan, PlanError, PoolPlan
from exporter.examination.report import Side
from exporter.probes import KINDS
from exporter.probes.idle import IdleSettings
from exporter.probes.pool import PoolProbeSettings
from exporter.settings import ProbeBlock, format_duration, read_block

SIDES: Final[Mapping[Side, tuple[str, ...]]] = {
    Side.DNS: ("dns",),
    Side.PING: ("ping",),
    Side.PATH: ("path",),
    Side.MTU: ("mtu",),
    Side.TCP: ("tcp",),
    Side.TLS: ("tls",),
    Side.SESSION: ("session", "sentinel"),
    Side.SERVER: ("server",),
    Side.POOL: ("pool",),
    Side.HOLD: ("idle", "sentinel"),
}
"""The probes that look at each side."""
QUICKLY: Final[Mapping[str, Mapping[str, object]]] = {
    "ping": {"interval": "500ms", "timeout": "500ms"},
    "path": {"interval": "2s", "timeout": "1s"},
    "mtu": {"interval": "10s", "timeout": "5s"},
    "dns": {"interval": "2s", "timeout": "2s"},
    "tcp": {"interval": "1s", "timeout": "1s"},
    "tls": {"interval": "10s", "timeout": "5s"},
    "session": {"interval": "2s", "timeout": "2s"},
    "sentinel": {"connections": 1, "heartbeat": "1s"},
    "server": {"interval": "2s", "timeout": "2s"},
}
CALMLY: Final[Mapping[str, Mapping[str, object]]] = {
    "ping": {"interval": "1s", "timeout": "1s"},
    "path": {"interval": "15s", "timeout": "1s"},
    "mtu": {"interval": "1m"},
    "dns": {"interval": "15s", "timeout": "5s"},
    "tcp": {"interval": "5s", "timeout": "3s"},
    "tls": {"interval": "1m"},
    "session": {"interval": "10s", "timeout": "5s"},
    "sentinel": QUICKLY["sentinel"],
}
"""While silences are waited for: to them, server and pool leave their connections, once they have told."""
RUNGS: Final = (1.5, 3, 5, 8, 12, 22, 32, 65, 130, 245, 310, 365, 610, 910, 1210, 1810, 3610, 7210, 28810)
"""Seconds, each a little longer than what devices are known to have."""
TWIN: Final = 0.4
"""The longest rung has a twin, longer by that many tolerances: two that agree are no chance."""
QUIET: Final = 10.0
"""Seconds without a symptom after which an incident is over."""
SHORTEST: Final = 60.0
"""A hold has no rung shorter than that part of it."""
MOST: Final = 600.0
BEYOND: Final = 1.25


class BriefSettings(IdleSettings):
    """Silences of an examination: a second timeout is not looked for as long as a daemon does."""

    beyond: ClassVar[float] = BEYOND


def quickly(aim: Aim, plan: Plan, *, pooled: bool = False) -> Configuration:
    """Have everything looked at that is wanted; silences begin at once, a pool once it is `pooled`."""
    probes = _blocks(_wanted(plan), QUICKLY)
    if pooled and Side.POOL in plan.sides:
        probes["pool"] = _pool(aim, plan.pool)
    return _configuration(aim, plan, probes)


def calmly(aim: Aim, plan: Plan) -> Configuration:
    """Have silences waited for, and the rest kept an eye on."""
    return _configuration(aim, plan, _blocks(_wanted(plan), CALMLY))


def holds(plan: Plan) -> bool:
    """Whether connections are left silent."""
    return Side.HOLD in plan.sides and plan.hold > 0


def ladder(plan: Plan) -> Sequence[float]:
    """Give the silences that are tried, from short to long: the longest once, with a twin, in time."""
    if plan.ladder:
        return sorted(set(plan.ladder))
    shortest = min(plan.hold / SHORTEST, MOST)
    fitting = [rung for rung in RUNGS if shortest <= rung and rung * 1.5 <= plan.hold]
    top = fitting[-1] if fitting else plan.hold / 2
    return [*(fitting or [top]), round(top + TWIN * tolerance(top), 2)]


def _wanted(plan: Plan) -> set[str]:
    sides = plan.sides if holds(plan) else plan.sides - {Side.HOLD}
    return {probe for side in sides for probe in SIDES[side]}


def _blocks(wanted: set[str], written: Mapping[str, Mapping[str, object]]) -> dict[str, ProbeBlock]:
    kinds = {kind.name: kind.settings for kind in KINDS}
    return {name: read_block(kinds[name], block) for name, block in written.items() if name in wanted}


def _configuration(aim: Aim, plan: Plan, probes: dict[str, ProbeBlock]) -> Configuration:
    if holds(plan):
        probes["idle"] = _silences(plan)
    probed: ProbedTarget = replace(aim.probed, probes=probes)
    diagnosis = aim.configuration.diagnosis.model_copy(update={"quiet": QUIET})
    return replace(aim.configuration, targets=(probed,), modules=(), diagnosis=diagnosis)


def _silences(plan: Plan) -> IdleSettings:
    written = [format_duration(rung) for rung in ladder(plan)]
    block: Mapping[str, Any] = {
        "ladder": written,
        "connections": min(64, max(1, plan.budget)),
        "keepalive": "15s",
    }
    try:
        return read_block(BriefSettings, block)
    except ValueError as error:
        raise PlanError(f"the silences to try: {error}") from None


def _pool(aim: Aim, pool: PoolPlan | None) -> ProbeBlock:
    """Give the pool the application's settings: those of the plan, of the configuration, or SQLAlchemy's."""
    known = aim.probed.probes.get("pool")
    base = known if pool is None and isinstance(known, PoolProbeSettings) else _pool_of(pool or PoolPlan())
    quick = {"interval": 1.0, "timeout": 5.0, "connections": min(2, base.pool_size), "longest_rest": 60.0}
    if base.pool_recycle is not None:
        quick["interval"] = min(1.0, base.pool_recycle / 2)
    return base.model_copy(update=quick)


def _pool_of(plan: PoolPlan) -> PoolProbeSettings:
    recycle = plan.pool_recycle if plan.pool_recycle is not None and plan.pool_recycle >= 0 else None
    times = {"pool_timeout": plan.pool_timeout, "pool_recycle": recycle}
    block: dict[str, object] = {
        "pool_size": plan.pool_size,
        "max_overflow": plan.max_overflow,
        "pool_pre_ping": plan.pool_pre_ping,
        "interval": "10ms",
        "timeout": "10ms",
    }
    try:
        block |= {name: format_duration(value) for name, value in times.items() if value is not None}
        return read_block(PoolProbeSettings, block)
    except ValueError as error:
        raise PlanError(f"the pool: {error}") from None
