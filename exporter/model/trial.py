"""Trials: small experiments made at one moment, because their outcome tells two causes apart."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.observation import Observation


class Trial(StrEnum):
    """What is tried.

    `TLS`: whether a login that was refused over plain TCP is accepted over TLS. `SIZES`: whether a large
    question and a large answer pass where small ones do.
    """

    TLS = "tls"
    SIZES = "sizes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialObservation(Observation):
    """How a trial came out; `failure` is why it could not be made, or for TLS why it was refused again.

    For `SIZES`: `small` tells whether a small question was answered, `there` whether a large question
    arrived, `back` whether a large answer did; None where that was not found out. `size` is how many bytes
    were large.
    """

    trial: Trial
    small: bool | None = None
    there: bool | None = None
    back: bool | None = None
    size: int = 0
