"""The path to the target, hop by hop: who stands there, how long it takes, where loss begins."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from exporter.diagnosis import RouteJudge
from exporter.model import PathObservation, PathOrder, Route, RouteHop, Target
from exporter.net.flows import why_unavailable
from exporter.net.path import Round
from exporter.probes.kind import Metered, Tools, Unavailable
from exporter.settings import Duration, ProbeSettings


class PathSettings(ProbeSettings):
    """Rounds along the path, hop by hop, over the database's own port if not told otherwise."""

    interval: Duration = Field(default=30.0, description="time between two rounds")
    timeout: Duration = Field(default=1.0, description="longest time one hop may take to answer")
    protocol: Literal["tcp", "icmp", "udp"] = Field(
        default="tcp", description="tcp (to the database's own port), icmp or udp"
    )
    max_hops: int = Field(default=30, ge=1, le=255, description="hops after which a round gives up")


class PathReader:
    """Turns the rounds along the path to one target into observations that know the route."""

    def __init__(self, target: Target, settings: PathSettings, tools: Tools) -> None:
        if trouble := why_unavailable(settings.protocol):
            raise Unavailable(trouble)
        self._target = target.name
        self._transport = settings.protocol == "tcp"
        self._suspicion = tools.suspicion
        self._owners = tools.owners
        self._hostnames = tools.hostnames
        self._judge = RouteJudge()
        self._judged = self._route = Route(hops=())
        self._names: list[str] = []
        self._edition = tools.owners.edition

    def read(self, reading: Round) -> Sequence[PathObservation]:
        """Take one round (see `exporter.probes.kind.Reader`); one without hops tells nothing of the route."""
        route = None
        if reading.hops:
            confirmed = self._transport or self._suspicion.confirmed
            route = self._named(self._judge.judge(time.monotonic(), reading.hops, confirmed=confirmed))
        return (
            PathObservation(
                target=self._target,
                probe=KIND.name,
                started=reading.started,
                duration=reading.duration,
                failure=reading.failure,
                hops=reading.hops,
                route=route,
            ),
        )

    def _named(self, route: Route) -> Route:
        """Add the names; nothing is done for a route like the one before, unless a name has changed."""
        names = [self._hostnames.of(hop.address) if hop.address is not None else "" for hop in route.hops]
        edition = self._owners.edition
        if self._judged is not route or self._names != names or self._edition is not edition:
            hops = tuple(map(self._name, route.hops, names))
            self._judged, self._names, self._route = route, names, replace(route, hops=hops)
            self._edition = edition
        return self._route

    def _name(self, hop: RouteHop, hostname: str) -> RouteHop:
        if hop.address is None:
            return hop
        return replace(hop, hostname=hostname, network=self._owners.of(hop.address))


def order(job: int, target: Target, settings: PathSettings) -> PathOrder:
    """Write what the meter is told."""
    return PathOrder(
        job=job,
        interval=settings.interval,
        timeout=settings.timeout,
        port=target.endpoint.port,
        protocol=settings.protocol,
        most_hops=settings.max_hops,
    )


KIND = Metered(name="path", hurries=True, settings=PathSettings, order=order, reader=PathReader)
