"""What was seen last, for those who show it."""

from exporter.model import Observation, ServerObservation


class Latest:
    """Keeps of every target the latest look at its server, and the latest that showed something."""

    def __init__(self) -> None:
        self._looks: dict[str, ServerObservation] = {}
        self._views: dict[str, ServerObservation] = {}

    def record(self, observation: Observation) -> None:
        """Take in an observation."""
        if isinstance(observation, ServerObservation):
            self._looks[observation.target] = observation
            if observation.view is not None:
                self._views[observation.target] = observation

    def server(self, target: str) -> tuple[ServerObservation, ServerObservation | None] | None:
        """Give the latest look, and the latest with a view, which may be the same; None before the first."""
        look = self._looks.get(target)
        return None if look is None else (look, self._views.get(target))
