"""What the kernel knows of a TCP connection, as a value that travels."""

from dataclasses import dataclass
from typing import Final

ASKED_AFTER: Final = 1.0
"""Seconds without a word after which a kernel asks the other whether it is there, while somebody waits."""
ANSWERED_WITHIN: Final = 0.25
"""Seconds that the other kernel has for its answer, at least; two round trips on a long path."""


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

    @property
    def deserted(self) -> bool:
        """Whether everything was acknowledged, and the peer's kernel has since stopped answering ours.

        Whatever the peer's process does, its kernel answers a probe, unless nothing gets through any more.
        """
        heard = min(self.last_ack_received, self.last_data_received)
        patience = ASKED_AFTER + max(ANSWERED_WITHIN, 2 * self.rtt)
        return not self.unacked and not self.not_sent and self.probes > 0 and heard >= patience
