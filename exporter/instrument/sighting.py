"""What was seen of an error when it arose: the error carries it to whoever decides what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exporter.instrument.reading import Reading, original
from exporter.instrument.series import Own

MARK: Final = "_conndrop_sighting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An error that an instrumented engine met.

    `lost` tells that the connection is gone, `in_doubt` that nobody knows whether what was done has been
    committed. `own` gives the target's series; `distrust` has the pool replace all connections it has.
    """

    target: str
    reading: Reading
    lost: bool = False
    in_doubt: bool = False
    own: Callable[[], Own]
    distrust: Callable[[], None]

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Leave it behind where an error is copied or sent to another process: it is None there.

        An error that can be pickled without the watch can be with it, also where this package is not known.
        """
        return type(None), ()


def sighting(error: BaseException) -> Sighting | None:
    """Find what was seen of an error, also where SQLAlchemy has wrapped it; None where nobody saw it."""
    found = vars(original(error)).get(MARK)
    return found if isinstance(found, Sighting) else None


def mark(error: BaseException, seen: Sighting) -> None:
    """Let an error carry what was seen of it."""
    vars(original(error))[MARK] = seen
