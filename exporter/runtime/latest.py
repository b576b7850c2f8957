"""What was seen last, for those who show it."""

from exporter.model import Observation, ServerObservation


class Latest:
    """Keeps of every target the latest look at its server, and the latest that showed something.

    Both are replaced at once: whoever reads, in whatever thread, gets two that belong together.
    """

    def __init__(self) -> None:
        self._looks: dict[str, tuple[ServerObservation, ServerObservation | None]] = {}

    def record(self, observation: Observation) -> None:
        """Take in an observation."""
        if isinstance(observation, ServerObservation):
            _, known = self._looks.get(observation.target, (None, None))
            self._looks[observation.target] = (observation, observation if observation.view else known)

    def server(self, target: str) -> tuple[ServerObservation, ServerObservation | None] | None:
        """Give the latest look, and the latest with a view, which may be the same; None before the first."""
        return self._looks.get(target)
