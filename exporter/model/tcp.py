"""What the kernel knows of a TCP connection, as a value that travels."""

from dataclasses import dataclass
from typing import Final

ASKED_AFTER: Final = 1.0
"""Seconds without a word after which our kernel asks the peer's whether it is there, while somebody waits."""
ANSWERED_WITHIN: Final = 0.25
"""Seconds that the peer's kernel has for its answer, at least; two round trips on a long path."""


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

    def deserted(self, waited: float) -> bool:
        """Whether all was acknowledged, and the peer's host has since stopped answering what our kernel asks.

        `waited` is for how many seconds somebody waits: where there was time for it, two must have gone
        unanswered, for one may be lost. A host answers whatever its database does.
        """
        heard = min(self.last_ack_received, self.last_data_received)
        within = max(ANSWERED_WITHIN, 2 * self.rtt)
        asked = 2 if waited >= 2 * ASKED_AFTER + 2 * within else 1
        silent = self.probes >= asked and heard >= asked * ASKED_AFTER + within
        return silent and not self.unacked and not self.not_sent
