"""Drops of connections whose end is met when they are used."""

import time

from exporter.db.life import Death
from exporter.model import DropObservation


def drop(target: str, probe: str, death: Death) -> DropObservation:
    """Tell of a death that has been met now."""
    return DropObservation(
        target=target,
        probe=probe,
        started=time.time(),
        duration=death.age,
        failure=death.failure,
        end=death.end,
        silent=death.silent,
        used=death.used,
        tcp=death.tcp,
    )
