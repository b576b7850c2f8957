"""How much each sign speaks for a cause, or against it: one row a cause, and nothing else decides.

The weights are logarithms of odds, roughly: 10 where somebody said so, 8 where a cause shows in a way that no
other does, 6 where the server is not who it was, 4 for one of the contrasts between new and held connections,
names, sizes and echoes, 3 for the way in which an end arrived, 1 or 2 for what goes with it. What must not be
there if it is that cause counts 6 or more against it.
"""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.rules.between import BETWEEN
from exporter.diagnosis.rules.outside import OUTSIDE
from exporter.diagnosis.rules.row import Row
from exporter.diagnosis.rules.server import SERVER
from exporter.diagnosis.sign import Fact, Sign
from exporter.model import Cause

DECISIVE: Final = 8.0
"""A cause needs so much in all to be named, and what gives it alone decides."""
SAID: Final = 10.0
SAID_OTHERWISE: Final[Mapping[Cause, float]] = {Cause.SERVER_SESSION_KILLED: 5.0}
"""What it weighs to be named by who refused, and where that does not decide by itself: who shuts a server
down says the same as who ends one session."""
SURE: Final = 0.6
"""What was seen too seldom to have such a strength is no ground to think of anything."""
RULES: Final[Mapping[Cause, Row]] = {**OUTSIDE, **BETWEEN, **SERVER}
"""Every cause but `unknown`. What was said counts for the cause it names, though no row has it."""
Shown = Sign | tuple[Sign, Cause]


def _flat(cause: Cause, row: Row) -> Mapping[Shown, tuple[float, bool]]:
    """Give what each sign weighs, and whether it is a ground: made once, for it is looked up all the time."""
    said: dict[Shown, tuple[float, bool]] = {(Sign.SAID, cause): (SAID_OTHERWISE.get(cause, SAID), True)}
    against = {shown: (-weight, False) for shown, weight in row.against.items()}
    beside = {shown: (weight, False) for shown, weight in row.beside.items()}
    return said | against | beside | {shown: (weight, True) for shown, weight in row.grounds.items()}


_WEIGHTS: Final = {cause: _flat(cause, row) for cause, row in RULES.items()}


def weigh(cause: Cause, fact: Fact) -> tuple[float, bool]:
    """Give how much a fact speaks for a cause, or against it, and whether it is a ground to think of it."""
    shown = fact.sign if fact.cause is None else (fact.sign, fact.cause)
    weight, ground = _WEIGHTS[cause].get(shown, (0.0, False))
    return weight * fact.strength, ground and (fact.strength >= SURE or fact.sign is Sign.SAID)
