"""What the JSON documents under /api/v1 hold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from exporter.model import Incident, ServerObservation, ServerView, Target, rfc3339

Looks = Callable[[str], tuple[ServerObservation, ServerObservation | None] | None]
"""From a target's name to the latest look at its server, and the latest that had a view."""
MOST: Final = 50
"""Accounts and applications that are listed, those with the most connections first."""


def targets(targets: Sequence[Target], looks: Looks) -> dict[str, Any]:
    """Write all targets, each with what its server has said last.

    Times are RFC 3339 in UTC, ages and settings seconds. What the server does not tell is null or absent.
    """
    return {"targets": [_target(target, looks(target.name)) for target in targets]}


def incidents(incidents: Sequence[Incident]) -> dict[str, Any]:
    """Write incidents in the order in which they are given; `ended` is null while one lasts."""
    return {"incidents": [_incident(incident) for incident in incidents]}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "target": incident.target,
        "cause": incident.cause,
        "severity": incident.severity,
        "started": rfc3339(incident.started),
        "ended": None if incident.ended is None else rfc3339(incident.ended),
        "summary": incident.summary,
        "evidence": list(incident.evidence),
        "fix": [str(step) for step in incident.fix],
        "confidence": round(incident.confidence, 2),
        "candidates": list(incident.candidates),
    }


def _target(
    target: Target, looks: tuple[ServerObservation, ServerObservation | None] | None
) -> dict[str, Any]:
    where = target.endpoint
    return {
        "name": target.name,
        "dialect": where.dialect,
        "host": where.host,
        "port": where.port,
        "labels": dict(target.labels),
        "server": None if looks is None else _server(*looks),
    }


def _server(look: ServerObservation, known: ServerObservation | None) -> dict[str, Any]:
    failure = look.failure
    view = None if known is None else known.view
    return {
        "looked_at": rfc3339(look.started),
        "failure": failure and {"cause": failure.cause, "detail": failure.detail, "code": failure.code},
        "view_of": known and rfc3339(known.started),
        "view": view and _view(view),
        "own_connections": look.own_connections,
    }


def _view(view: ServerView) -> dict[str, Any]:
    return {
        "product": view.product,
        "version": view.version,
        "identity": view.identity or None,
        "started": None if view.started is None else rfc3339(view.started),
        "role": None if view.replica is None else ("replica" if view.replica else "primary"),
        "read_only": view.read_only,
        "replication_lag": view.replication_lag,
        "client_address": view.address or None,
        "connections": dict(view.connections),
        "connections_max": view.most,
        "connections_reserved": view.reserved,
        "connections_high_water": view.high_water,
        "limits": [
            {"scope": limit.scope, "name": limit.name, "connections": limit.connections, "max": limit.most}
            for limit in view.limits
        ],
        "accounts": _most(view.accounts),
        "applications": _most(view.applications),
        "settings": dict(view.settings),
        "values": dict(view.values),
        "missing_privileges": [
            {"privilege": missing.privilege, "needed_for": missing.needed_for, "grant": missing.grant}
            for missing in view.missing
        ],
    }


def _most(connections: Mapping[str, int]) -> dict[str, int]:
    """Keep those with the most connections, in that order."""
    return dict(sorted(connections.items(), key=lambda whose: (-whose[1], whose[0]))[:MOST])
