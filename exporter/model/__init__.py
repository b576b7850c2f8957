"""The values that travel between the rooms: frozen, slotted, without behaviour towards the world."""

from exporter.model.access import Access, ClientCertificate, Encryption, RateLimit
from exporter.model.cause import Cause
from exporter.model.endpoint import Endpoint, Secret, SecretUnreadable, Target
from exporter.model.failure import ProbeError
from exporter.model.harmless import harmless
from exporter.model.held import (
    Checkout,
    DropObservation,
    End,
    HeldObservation,
    IdleObservation,
    InquestObservation,
    Invalidation,
    PoolObservation,
    Silence,
)
from exporter.model.host import HostCondition
from exporter.model.incident import Incident, Severity, Stage, Step
from exporter.model.look import Leaf, Look, Page, Records, Shown
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
from exporter.model.result import Result
from exporter.model.seen import HopSeen, Seen
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
from exporter.model.shard import Shard
from exporter.model.tcp import TcpInfo
from exporter.model.trend import Bin
from exporter.model.trial import Trial, TrialObservation

__all__ = [
    "Access",
    "Bin",
    "Cause",
    "Change",
    "Checkout",
    "ClientCertificate",
    "Clock",
    "Connect",
    "Counted",
    "DnsObservation",
    "DropObservation",
    "EchoOrder",
    "Encryption",
    "End",
    "Endpoint",
    "Failure",
    "HeldObservation",
    "Hop",
    "HopSeen",
    "HostCondition",
    "IdleObservation",
    "Incident",
    "InquestObservation",
    "Invalidation",
    "Leaf",
    "Limit",
    "Look",
    "Missing",
    "MtuObservation",
    "Observation",
    "Order",
    "Page",
    "PathObservation",
    "PathOrder",
    "Phase",
    "PingObservation",
    "PoolObservation",
    "PoolerView",
    "ProbeError",
    "RateLimit",
    "Records",
    "Result",
    "Route",
    "RouteHop",
    "Scope",
    "Secret",
    "SecretUnreadable",
    "Seen",
    "ServerObservation",
    "ServerView",
    "SessionObservation",
    "Severity",
    "Shard",
    "Shown",
    "Silence",
    "Stage",
    "State",
    "Step",
    "Target",
    "TcpInfo",
    "TcpObservation",
    "TcpOrder",
    "TlsObservation",
    "Trial",
    "TrialObservation",
    "harmless",
    "rfc3339",
]
