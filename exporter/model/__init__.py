"""The values that travel between the rooms: frozen, slotted, without behaviour towards the world."""

from exporter.model.cause import Cause
from exporter.model.endpoint import Endpoint, Secret, SecretUnreadable, Target
from exporter.model.failure import ProbeError
from exporter.model.network import (
    Clock,
    Connect,
    DnsObservation,
    Hop,
    MtuObservation,
    PathObservation,
    PingObservation,
    Route,
    RouteHop,
    TcpObservation,
    TlsObservation,
)
from exporter.model.observation import Failure, Observation, Phase, SessionObservation
from exporter.model.order import EchoOrder, Order, PathOrder, TcpOrder

__all__ = [
    "Cause",
    "Clock",
    "Connect",
    "DnsObservation",
    "EchoOrder",
    "Endpoint",
    "Failure",
    "Hop",
    "MtuObservation",
    "Observation",
    "Order",
    "PathObservation",
    "PathOrder",
    "Phase",
    "PingObservation",
    "ProbeError",
    "Route",
    "RouteHop",
    "Secret",
    "SecretUnreadable",
    "SessionObservation",
    "Target",
    "TcpObservation",
    "TcpOrder",
    "TlsObservation",
]
