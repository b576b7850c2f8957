"""The values that travel between the rooms: frozen, slotted, without behaviour towards the world."""

from exporter.model.cause import Cause
from exporter.model.endpoint import Endpoint, Secret, SecretUnreadable, Target
from exporter.model.failure import ProbeError
from exporter.model.observation import Failure, Observation, Phase, PingObservation, SessionObservation

__all__ = [
    "Cause",
    "Endpoint",
    "Failure",
    "Observation",
    "Phase",
    "PingObservation",
    "ProbeError",
    "Secret",
    "SecretUnreadable",
    "SessionObservation",
    "Target",
]
