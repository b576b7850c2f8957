"""Whether a question that has no answer yet will get one: what the kernel knows tells long before a timeout.

A kernel that sends a packet again and again is met with silence. One that cannot get rid of it was stopped
on its own host: then nothing counts as sent, and it only probes. Once the question has been acknowledged,
the path was well, and it is for the server to answer; that the path still is shows when its kernel is asked.
"""

from typing import Final

from exporter.model import Cause, TcpInfo

ENOUGH: Final = 3
"""So many retries without an answer are silence; on a short path the third comes after 1.7 s."""


def judge(tcp: TcpInfo | None, waited: float, timeout: float) -> Cause | None:
    """Name the cause of the silence; None while it is too early to tell.

    `tcp` is what the kernel knows now, None where it keeps no account; `waited` is how many seconds ago the
    question was asked, `timeout` after how many an answer is too late.
    """
    late = waited >= timeout
    if tcp is None:
        return Cause.SERVER_UNRESPONSIVE if late else None
    if tcp.unacked:
        return Cause.NET_BLACKHOLE if late or tcp.retransmits >= ENOUGH else None
    if late or tcp.probes >= ENOUGH:
        return _unanswered(tcp, waited)
    return None


def _unanswered(tcp: TcpInfo, waited: float) -> Cause:
    """Name the cause where all that was sent has been acknowledged.

    Probes that are answered are not counted: bytes wait then for a server that takes none.
    """
    if tcp.not_sent and tcp.probes:
        return Cause.CLIENT_LOCAL_NETWORK
    return Cause.NET_BLACKHOLE if tcp.probes >= ENOUGH or tcp.deserted(waited) else Cause.SERVER_UNRESPONSIVE
