"""How an examination looks: every probe that is wanted, quickly, and silences that fit the time there is."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar, Final

from exporter.config import Configuration, ProbedTarget
from exporter.diagnosis.evidence import tolerance
from exporter.examination.aiming import Aim
from exporter.examination.plan import Plan, PlanError, PoolPlan
from exporter.examination.report import Side
from exporter.probes import KINDS
from exporter.probes.idle import IdleSettings
from exporter.probes.pool import PoolProbeSettings
from exporter.probes.search import Care
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
    "server": {"interval": "5s", "timeout": "5s"},
}
"""While silences are waited for: to them, the pool leaves its connections, once it has told."""
LEAST: Final = 2
AMPLE: Final = 6
"""Connections of which one can be spared for asking the server, which tells a kill from a restart."""
SMALL: Final = (1.7, 2.3, 3.4, 4.5, 5.6, 7, 8.7, 11, 13.5, 17, 21.5, 27, 33, 42, 52, 65, 82, 103, 130, 185)
RUNGS: Final = (*SMALL, 245, 310, 365, 480, 610, 910, 1210, 1810, 3610, 7210, 28810)
"""Seconds, each a little longer than what devices may have: a rung that is just as long tells nothing."""
TWIN: Final = 0.4
"""The longest rung has a twin, longer by that many tolerances: two that agree are no chance."""
ROUND: Final = 20.0
"""Seconds for an exercise of the pool, of which each step has its part: a login far away takes seconds."""
QUIET: Final = 10.0
"""Seconds without a symptom after which an incident is over."""
SHORTEST: Final = 30.0
"""A hold has no rung shorter than that part of it."""
MOST: Final = 600.0


class BriefSettings(IdleSettings):
    """Silences of an examination, which has less time than a daemon."""

    care: ClassVar[Care] = Care(width=0.2, beyond=1.1, rounds=1)


def quickly(
    aim: Aim, plan: Plan, *, pooled: bool = False, silent: bool = False, served: bool = True
) -> Configuration:
    """Have everything looked at that is wanted.

    A pool is exercised where it is `pooled`, connections are left `silent`, the server is asked where we are
    `served`.
    """
    probes = _blocks(_wanted(plan), QUICKLY)
    if pooled and Side.POOL in plan.sides:
        probes["pool"] = _pool(pool(aim, plan))
    if not served:
        probes.pop("server", None)
    return _configuration(aim, plan, probes, silent=silent)


def calmly(aim: Aim, plan: Plan) -> Configuration:
    """Have silences waited for, and the rest kept an eye on."""
    probes = _blocks(_wanted(plan), CALMLY)
    if not ample(aim):
        probes.pop("server", None)
    return _configuration(aim, plan, probes, silent=True)


def ample(aim: Aim) -> bool:
    """Whether a connection can be spared for the server while silences are waited for."""
    return aim.probed.connection_budget >= AMPLE


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


def _configuration(aim: Aim, plan: Plan, probes: dict[str, ProbeBlock], *, silent: bool) -> Configuration:
    if silent and holds(plan):
        probes["idle"] = _silences(plan)
    probed: ProbedTarget = replace(aim.probed, probes=probes)
    diagnosis = aim.configuration.diagnosis.model_copy(update={"quiet": QUIET})
    return replace(aim.configuration, targets=(probed,), modules=(), diagnosis=diagnosis)


def check(aim: Aim, plan: Plan) -> None:
    """Raise PlanError where silence could never be tried."""
    if holds(plan) and aim.probed.connection_budget < LEAST:
        raise PlanError("a hold needs two connections: one that is kept busy, beside one left silent")


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


def pool(aim: Aim, plan: Plan) -> PoolPlan | None:
    """Give what is said of the application's pool, by the plan, else the configuration; None for nothing."""
    known = aim.probed.probes.get("pool")
    if plan.pool is not None or not isinstance(known, PoolProbeSettings):
        return plan.pool
    names = {field.name for field in fields(PoolPlan)} & known.model_fields_set
    return PoolPlan(**{name: getattr(known, name) for name in names})


def _pool(described: PoolPlan | None) -> ProbeBlock:
    """Give the pool that is exercised, SQLAlchemy's own where none is described, and do it quickly."""
    base = _pool_of(described or PoolPlan())
    quick = {"interval": 1.0, "timeout": ROUND, "connections": min(2, base.pool_size), "longest_rest": 60.0}
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
