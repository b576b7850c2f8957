"""How fast the story goes: everything in it that is a time follows from how many minutes it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.settings import format_duration
from tests.faults.attempt import PROBES

SLOW: Final = 30.0
"""Minutes from which on probes are as they are by default."""
HURRIED: Final[Mapping[str, Any]] = {
    **PROBES,
    "path": {"interval": "2s"},
    "mtu": {"interval": "3s"},
    "server": {"interval": "1s", "timeout": "1s"},
}
"""As often as the shortest story needs: what is held must not be silent for as long as its NAT remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A story of so many minutes, or one that is as `short` as may be. All other times are seconds."""

    minutes: float
    short: bool = False

    def length(self, minutes: float, seconds: float) -> float:
        """Give the length of a chapter: minutes of an hour, or seconds of a short story."""
        return seconds if self.short else minutes * self.minutes

    @property
    def scrape(self) -> int:
        """From one scrape to the next: 15 s in an hour."""
        return max(1, round(self.minutes / 4))

    @property
    def quiet(self) -> int:
        """How long nothing is seen of an incident that is over: a minute in an hour."""
        return max(3, round(self.minutes))

    @property
    def timeout(self) -> int:
        """After how long the NAT forgets: 45 s in an hour."""
        return max(2, round(self.minutes * 0.75))

    @property
    def rest(self) -> float:
        """How long a connection of the shop is not used: for longer than the NAT remembers it."""
        return 1.5 * self.timeout

    @property
    def breath(self) -> float:
        """From one misdeed of a rude client to the next."""
        return max(1.0, self.timeout / 6)

    @property
    def loss(self) -> int:
        """How many packets of a hundred are lost: where there is little time, more must be."""
        return 10 if self.minutes >= SLOW else 20

    @property
    def probes(self) -> Mapping[str, Any]:
        """Give the settings of the probes of a database."""
        ladder = [format_duration(self.timeout * share) for share in (1 / 3, 2 / 3, 4 / 3, 8 / 3)]
        idle = {"ladder": ladder, "keepalive": format_duration(max(1, self.timeout // 4)), "connections": 6}
        pause = format_duration(max(1.0, self.timeout / 2))
        pool = {"interval": pause, "timeout": pause, "pool_recycle": format_duration(self.timeout * 8)}
        usual = {} if self.minutes >= SLOW else HURRIED
        return {**usual, "idle": idle, "pool": pool}


SHORT: Final = Pace(minutes=2, short=True)
