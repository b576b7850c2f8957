"""What findings are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.examination.aiming import Aim
from exporter.examination.looks import Sight
from exporter.examination.plan import PoolPlan
from exporter.model import IdleObservation, Incident, PoolObservation
from exporter.probes.server import IDLE_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What findings are made of; `pool` is what the user has said of the application's, if anything."""

    aim: Aim
    sight: Sight
    incidents: Sequence[Incident]
    pool: PoolPlan | None

    @property
    def idle(self) -> IdleObservation | None:
        """What is known of silence."""
        return self.sight.seen.last(IdleObservation)

    @property
    def recycle(self) -> float | None:
        """The pool's `pool_recycle`; None for never, which is SQLAlchemy's default."""
        seen = self.sight.seen.last(PoolObservation)
        return self.pool.pool_recycle if self.pool is not None else seen.recycle if seen else None

    @property
    def limits(self) -> dict[str, float]:
        """The server's own limits on silence, in seconds; none that is off."""
        view = self.sight.view
        settings = view.settings if view is not None else {}
        return {name: settings[name] for name in IDLE_LIMITS if settings.get(name)}
