"""What the meter is told to measure; these values cross from the daemon to the measuring process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something to be measured again and again.

    `job` is its number; readings come back under it. `interval` and `timeout` are in seconds.
    """

    job: int
    interval: float
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoOrder(Order):
    """Echo requests with `size` bytes of payload."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpOrder(Order):
    """Connects to `port`, to every address of the name or to the first only."""

    port: int
    every_address: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PathOrder(Order):
    """Rounds along the path; `timeout` is what one hop may take. `protocol` is `tcp`, `udp` or `icmp`."""

    port: int
    protocol: str
    most_hops: int
