"""The application's side: engines that tell how their connections fare, and what is worth trying again.

    from exporter.instrument import instrument, retrying

    instrument(engine, target="orders")

    @retrying(deadline=30.0)
    def pay(order: int) -> None:
        with Session(engine) as session, session.begin():
            ...

It needs sqlalchemy, prometheus_client and tenacity, and nothing of the exporter's that runs as a daemon.
"""

from exporter.instrument.entrance import instrument
from exporter.instrument.policy import TRANSIENT, Retrying, retrying
from exporter.instrument.watching import Instruments

__all__ = ["TRANSIENT", "Instruments", "Retrying", "instrument", "retrying"]
