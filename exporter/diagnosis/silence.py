"""Stub: whether a question without an answer is silence."""

from exporter.model import Cause, TcpInfo


def judge(tcp: TcpInfo | None, waited: float, timeout: float) -> Cause | None:
    """Judge."""
    if tcp is not None and tcp.unacked and tcp.retransmits >= 3:
        return Cause.NET_BLACKHOLE
    return Cause.SERVER_UNRESPONSIVE if waited >= timeout else None
