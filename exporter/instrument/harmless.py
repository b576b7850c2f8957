"""What watches does not break what it watches: with a full disk under the series, the database is there."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import exc

from exporter.instrument.lines import say


def harmless(hook: Callable[..., None], log: logging.Logger, target: str) -> Callable[..., None]:
    """Wrap a hook so that what fails in it stays there, with a line for the first failure of each class.

    Through come what is meant for SQLAlchemy, and warnings, which are errors where the application wants it.
    """
    told: set[str] = set()

    @functools.wraps(hook)
    def guarded(*given: Any) -> None:
        try:
            hook(*given)
        except (exc.DisconnectionError, Warning):
            raise
        except Exception as error:  # noqa: BLE001  the application has nothing to do with it
            name = type(error).__name__
            if name not in told:
                told.add(name)
                say(log, logging.ERROR, "fault", target, error=name, hook=hook.__name__.strip("_"))

    return guarded
