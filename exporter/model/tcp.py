"""What the kernel knows of a TCP connection, as a value that travels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    """TCP_INFO, as far as it tells a silent path from a silent server, and one way to end from another.

    `ended` tells that the peer has closed (a FIN came), `reset` that the connection is no more. `unacked`
    counts segments sent and not yet acknowledged, `retransmits` the retries of the oldest of them in a row,
    `probes` unanswered probes (keepalive, zero window), `total_retransmits` all that were ever sent again;
    `not_sent` are bytes that have not left. `bytes_received` is all payload that arrived. Ages and `rtt` are
    seconds, the ages to the millisecond: since something was last sent, and since data or an
    acknowledgement last came.
    """

    ended: bool
    reset: bool
    unacked: int
    retransmits: int
    probes: int
    total_retransmits: int
    not_sent: int
    bytes_received: int
    out_of_order: int
    last_sent: float
    last_data_received: float
    last_ack_received: float
    rtt: float
