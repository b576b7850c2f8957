"""One log line for each failure."""

import logging

from exporter.model import Observation, PingObservation

log = logging.getLogger(__name__)


class Journal:
    """Logs failures as they are observed.

    Echoes are sent each second, so of a row of lost ones the first and the end are warnings and
    information; the others are there at level debug.
    """

    def __init__(self) -> None:
        self._lost: dict[str, int] = {}

    def record(self, observation: Observation) -> None:
        """Log what went wrong in one observation, if anything."""
        if isinstance(observation, PingObservation):
            self._echo(observation)
        if observation.failure is not None:
            log.warning("probe failed", extra={"fields": _fields(observation)})

    def _echo(self, observation: PingObservation) -> None:
        target = observation.target
        if observation.lost:
            self._lost[target] = self._lost.get(target, 0) + 1
            level = logging.WARNING if self._lost[target] == 1 else logging.DEBUG
            log.log(level, "echo lost", extra={"fields": _fields(observation)})
        elif observation.sent and self._lost.get(target):
            lost = self._lost.pop(target)
            log.info("echo answered again", extra={"fields": {**_fields(observation), "lost": lost}})


def _fields(observation: Observation) -> dict[str, object]:
    fields: dict[str, object] = {"target": observation.target, "probe": observation.probe}
    failure = observation.failure
    if failure is not None:
        fields |= {"phase": failure.phase, "cause": failure.cause}
    fields["duration"] = f"{observation.duration:.6f}"
    if failure is not None:
        fields["detail"] = failure.detail
        fields |= {name: text for name, text in (("code", failure.code), ("said", failure.said)) if text}
    return {name: value for name, value in fields.items() if value is not None}
