"""The values that travel between the rooms: frozen, slotted, without behaviour towards the world."""

from exporter.model.cause import Cause
from exporter.model.endpoint import Endpoint, Secret, SecretUnreadable, Target
from exporter.model.failure import ProbeError
from exporter.model.held import (
    Checkout,
    DropObservation,
    End,
    HeldObservation,
    IdleObservation,
    InquestObservation,
    Invalidation,
    PoolObservation,
)
from exporter.model.host import HostCondition
from exporter.model.incident import Incident, Severity, Stage
from exporter.model.moment import rfc3339
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
from exporter.model.server import (
    Change,
    Counted,
    Limit,
    Missing,
    PoolerView,
    Scope,
    ServerObservation,
    ServerView,
    State,
)
from exporter.model.tcp import TcpInfo
from exporter.model.trial import Trial, TrialObservation

__all__ = [
    "Cause",
    "Change",
    "Checkout",
    "Clock",
    "Connect",
    "Counted",
    "DnsObservation",
    "DropObservation",
    "EchoOrder",
    "End",
    "Endpoint",
    "Failure",
    "HeldObservation",
    "Hop",
    "HostCondition",
    "IdleObservation",
    "Incident",
    "InquestObservation",
    "Invalidation",
    "Limit",
    "Missing",
    "MtuObservation",
    "Observation",
    "Order",
    "PathObservation",
    "PathOrder",
    "Phase",
    "PingObservation",
    "PoolObservation",
    "PoolerView",
    "ProbeError",
    "Route",
    "RouteHop",
    "Scope",
    "Secret",
    "SecretUnreadable",
    "ServerObservation",
    "ServerView",
    "SessionObservation",
    "Severity",
    "Stage",
    "State",
    "Target",
    "TcpInfo",
    "TcpObservation",
    "TcpOrder",
    "TlsObservation",
    "Trial",
    "TrialObservation",
    "rfc3339",
]
