"""What the probes of the network saw: echoes, routes, packet sizes, names, connects, handshakes."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.observation import Failure, Observation


class Clock(StrEnum):
    """Whose clock stamped a packet.

    `KERNEL` stamps as the packet passes the driver, whatever this process is doing then; `USER` is this
    process's own reading beside the system call.
    """

    KERNEL = "kernel"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class PingObservation(Observation):
    """Echo requests to one target whose fate is decided: all of them answered, or one that was lost.

    `sent` counts them, `lost` those without a reply in time. `rtts` are round-trip delays in seconds (RFC
    2681), in the order of the replies; `variations` the absolute differences between those of consecutive
    requests (RFC 3393). `duplicates` counts further replies to earlier echoes, `late` replies to echoes
    judged lost, `reordered` replies that an echo sent later has overtaken (RFC 4737). An echo that could
    not be sent at all is a failure with `sent` 0. `departure` and `arrival` say whose clock took the two
    stamps of a delay; `duration` is that of the last echo.
    """

    sent: int = 0
    lost: int = 0
    rtts: tuple[float, ...] = ()
    variations: tuple[float, ...] = ()
    duplicates: int = 0
    late: int = 0
    reordered: int = 0
    departure: Clock = Clock.USER
    arrival: Clock = Clock.KERNEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """One try to connect to one address.

    `seconds` is what an application would have waited: the kernel's round-trip time of the SYN where none
    was sent again, else the time until the answer. `rtt` is the kernel's round-trip time, None where it
    has none. `mss` and `mtu` are what the connection may send in one segment and one packet, in bytes.
    """

    address: str
    seconds: float
    rtt: float | None = None
    syn_retransmits: int = 0
    mss: int | None = None
    mtu: int | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpObservation(Observation):
    """One round of connects, one for each address that was tried; none where the name did not resolve."""

    connects: tuple[Connect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One probe that was let die at its `ttl`-th router, or that reached the target.

    `address` is who answered, None for silence; `rtt` is in seconds. `failure` keeps an answer that
    says more than that the probe's time was up: a router that cannot or may not pass it on.
    """

    ttl: int
    address: str | None = None
    rtt: float | None = None
    reached: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteHop:
    """What is known of one hop by now: who stands there, and who owns it.

    `address` is the one that answered last, None if none ever did; `hostname` and `network` are empty
    where unknown.
    """

    ttl: int
    address: str | None
    hostname: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What many rounds together say of the path.

    `hops` ends with the target where it is known how far away that is. `changes` counts changes of the
    route in this round (0 or 1). `loss_start` is the first hop from which loss goes on to the end, None
    without such loss; `rate_limited` are hops that answer too seldom though what passes them arrives.
    """

    hops: tuple[RouteHop, ...]
    changes: int = 0
    loss_start: int | None = None
    rate_limited: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathObservation(Observation):
    """One round along the path: one probe for each hop, with what the rounds until now add up to."""

    hops: tuple[Hop, ...] = ()
    route: Route | None = None

    @property
    def reached(self) -> bool:
        """Whether the target itself answered."""
        return any(hop.reached for hop in self.hops)


@dataclass(frozen=True, slots=True, kw_only=True)
class MtuObservation(Observation):
    """The largest packet that passes, in bytes with all IP headers, None where none did.

    `blackhole` tells that larger ones vanish and no router says why; None where that is not known.
    """

    mtu: int | None = None
    blackhole: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsObservation(Observation):
    """One question about the target's name.

    `resolver` is empty for the system's own resolution, as the application does it, else the address
    of the one asked directly. `duration` is the time until the answer. `answers` are the addresses,
    `ttl` is how long they may be kept, in seconds, None where the way of asking does not tell;
    `changed` tells that they are others than this resolver's before. `rcode` is DNS's own word for the
    outcome (NOERROR, NXDOMAIN, SERVFAIL …), empty where there was no answer or it is not told.
    """

    resolver: str = ""
    answers: tuple[str, ...] = ()
    ttl: float | None = None
    changed: bool = False
    rcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsObservation(Observation):
    """One TLS handshake at the database's port; nothing is logged in.

    `handshake` is its time in seconds, None where there was none. `verified` tells whether the chain
    leads to a trusted root and the certificate names the host; `problem` is the exact reason why not.
    A server that does not fit its certificate is a failure only where the URL demands that it does.
    `expires` and `chain_expires` are when the leaf, and the first certificate of the chain, will expire, in
    seconds since the epoch.
    """

    handshake: float | None = None
    version: str = ""
    cipher: str = ""
    verified: bool = False
    problem: str = ""
    expires: float | None = None
    chain_expires: float | None = None
