"""Connects to the database's port: the time of the handshake, lost SYNs, addresses that do not answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from exporter.model import Cause, Connect, Target, TcpObservation, TcpOrder
from exporter.net.connects import Connected, Round
from exporter.probes.kind import Metered, Tools
from exporter.settings import Duration, ProbeSettings


class TcpSettings(ProbeSettings):
    """TCP connects to the database's port, ended before the server has to do with them."""

    interval: Duration = Field(default=5.0, description="time between two rounds of connects")
    timeout: Duration = Field(default=3.0, description="longest time a connect may take")
    addresses: Literal["all", "first"] = Field(
        default="all", description="all addresses of the name (at most 8), or only the first"
    )


class TcpReader:
    """Turns the TCP engine's readings into observations."""

    def __init__(self, target: Target, settings: TcpSettings, tools: Tools) -> None:  # noqa: ARG002  all readers alike
        self._target = target.name

    def read(self, reading: Round) -> Sequence[TcpObservation]:
        """Take one round (see `exporter.probes.kind.Reader`)."""
        started, duration, connected, failure = reading
        connects = _judged([_connect(fields) for fields in connected])
        failures = [connect.failure for connect in connects if connect.failure is not None]
        return (
            TcpObservation(
                target=self._target,
                probe=KIND.name,
                started=started,
                duration=duration,
                failure=failures[0] if failures else failure,
                connects=connects,
            ),
        )


def _connect(fields: Connected) -> Connect:
    address, seconds, rtt, retransmits, mss, mtu, failure = fields
    return Connect(
        address=address,
        seconds=seconds,
        rtt=rtt,
        syn_retransmits=retransmits,
        mss=mss,
        mtu=mtu,
        failure=failure,
    )


def _judged(connects: Sequence[Connect]) -> tuple[Connect, ...]:
    """See a failure over IPv6 for what it is where the same name connects over IPv4."""
    if not any(connect.failure is None and ":" not in connect.address for connect in connects):
        return tuple(connects)
    return tuple(
        replace(connect, failure=replace(connect.failure, cause=Cause.DNS_IPV6_BROKEN))
        if connect.failure is not None and ":" in connect.address
        else connect
        for connect in connects
    )


def _order(job: int, target: Target, settings: TcpSettings) -> TcpOrder:
    return TcpOrder(
        job=job,
        interval=settings.interval,
        timeout=settings.timeout,
        port=target.endpoint.port,
        every_address=settings.addresses == "all",
    )


KIND = Metered(name="tcp", settings=TcpSettings, order=_order, reader=TcpReader)
