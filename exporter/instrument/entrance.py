"""The way in: from an engine to what watches it."""

import logging
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.engine.base import OptionEngine

from exporter.instrument.lines import logger as our_logger
from exporter.instrument.series import series_in
from exporter.instrument.waits import standing_in
from exporter.instrument.watching import Instruments


def instrument(
    engine: Any,
    target: str,
    registry: CollectorRegistry | None = None,
    logger: logging.Logger | None = None,
) -> Instruments:
    """Watch a SQLAlchemy Engine or AsyncEngine, and tell Prometheus and the log how its connections fare.

    `target` is the database's name in all series: give it the same name as in conndrop's configuration.
    The series go to `registry`, or else to prometheus_client's own; log lines to `logger`, or else to
    `conndrop.app`. An engine that is watched already is left as it is. Raises TypeError for what is no
    engine, and ValueError for an empty name.
    """
    found = getattr(engine, "sync_engine", engine)
    if not isinstance(found, Engine):
        kind = type(engine).__name__
        raise TypeError(f"instrument() wants an Engine or AsyncEngine, not {kind}: of a session, its bind")
    if not target:
        raise ValueError('instrument() wants the name of the database: instrument(engine, target="orders")')
    while isinstance(found, OptionEngine):
        # What `execution_options()` gives hears of its own commits alone, and shares all else.
        found = found._proxied  # it has no public name
    watching = standing_in(found.pool)
    if isinstance(getattr(watching, "owner", None), Instruments):
        return watching.owner  # type: ignore[no-any-return]
    return Instruments(found, target, series_in(registry), logger or our_logger())
