"""The words in which causes are told."""

from collections.abc import Collection, Mapping

from exporter.diagnosis.advice import keepalive, pool_recycle
from exporter.model import Cause


def idle_values(survived: float | None, killed: float | None, causes: Collection[Cause]) -> Mapping[str, str]:
    """Give the figures of an idle timeout, as far as they are known."""
    values = {} if killed is None else {"killed": f"{killed:.0f}"}
    if survived is None:
        return values
    values |= {"survived": f"{survived:.0f}", "pool_recycle": f"{pool_recycle(survived):.0f}"}
    first = keepalive(survived, causes)
    return values if first is None else values | {"keepalive_idle": f"{first:.0f}"}
