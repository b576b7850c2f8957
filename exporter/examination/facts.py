"""What was measured, for machines: plain values by name, seconds and bytes without a unit."""

from collections.abc import Mapping

from exporter.examination.looks import Sight
from exporter.examination.record import Delays
from exporter.model import (
    IdleObservation,
    PathObservation,
    PoolObservation,
    SessionObservation,
    TlsObservation,
)

Facts = dict[str, object]


def facts(sight: Sight) -> Mapping[str, object]:
    """Give all that was measured; what was not is not there."""
    told = sight.told
    return {
        **({"ping": _delays(told.echoes)} if told.echoes.sent else {}),
        **({"tcp": _delays(told.connects)} if told.connects.sent else {}),
        **_network(sight),
        **_tls(sight),
        **_session(sight),
        **_server(sight),
        **_pool(sight),
        **_idle(sight),
        "drops": dict(told.drops),
    }


def _delays(delays: Delays) -> Facts:
    return {
        "sent": delays.sent,
        "lost": delays.lost,
        "median_seconds": delays.median,
        "p99_seconds": delays.p99,
    }


def _network(sight: Sight) -> Facts:
    path, mtu, names = sight.seen.last(PathObservation), sight.told.mtu, sight.seen.names
    found: Facts = {}
    if names:
        found["addresses"] = sorted({answer for seen in names.values() for answer in seen.answers})
    if path is not None and path.route is not None:
        route = path.route
        found["path"] = {
            "hops": [
                {"ttl": hop.ttl, "address": hop.address, "hostname": hop.hostname, "network": hop.network}
                for hop in route.hops
            ],
            "reached": path.reached,
            "loss_start": route.loss_start,
            "rate_limited": list(route.rate_limited),
        }
    if mtu is not None:
        found["mtu"] = {"bytes": mtu.mtu, "blackhole": mtu.blackhole}
    return found


def _tls(sight: Sight) -> Facts:
    seen = sight.seen.last(TlsObservation)
    if seen is None or seen.handshake is None:
        return {}
    told = {
        "version": seen.version,
        "cipher": seen.cipher,
        "verified": seen.verified,
        "problem": seen.problem,
    }
    return {"tls": {**told, "expires": seen.expires}}


def _session(sight: Sight) -> Facts:
    seen, latest = sight.seen.usable, sight.seen.last(SessionObservation)
    if latest is None:
        return {}
    phases = {str(phase): seconds for phase, seconds in (seen or latest).phases}
    runs, failed = sight.told.seen.get("session", 0), sight.told.failed.get("session", 0)
    return {"session": {"opened": runs, "failed": failed, "phases_seconds": phases}}


def _server(sight: Sight) -> Facts:
    view = sight.view
    if view is None:
        return {}
    limits = [
        {"scope": str(limit.scope), "name": limit.name, "connections": limit.connections, "most": limit.most}
        for limit in view.limits
    ]
    return {
        "server": {
            "product": view.product,
            "version": view.version,
            "replica": view.replica,
            "read_only": view.read_only,
            "started": view.started,
            "limits": limits,
            "settings_seconds": dict(view.settings),
            "sees_us_at": view.address,
        }
    }


def _pool(sight: Sight) -> Facts:
    seen, told = sight.seen.last(PoolObservation), sight.told
    if seen is None:
        return {}
    failed = sum(each.failure is not None for each in told.checkouts)
    return {
        "pool": {
            "checkouts": len(told.checkouts),
            "failed": failed,
            "invalidations": [str(each) for each in told.invalidations],
            "recycle_seconds": seen.recycle,
            "recycle_unsafe": seen.recycle_unsafe,
        }
    }


def _idle(sight: Sight) -> Facts:
    idle = sight.seen.last(IdleObservation)
    if idle is None:
        return {}
    return {
        "idle": {
            "survived_seconds": idle.survived,
            "killed_seconds": idle.killed,
            "settled": idle.settled,
            "timeouts_seconds": {str(cause): seconds for cause, seconds in idle.timeouts},
        }
    }
