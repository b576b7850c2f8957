"""One log line for each failure."""

import logging

from exporter.model import Observation, PingObservation

log = logging.getLogger(__name__)


class Journal:
    """Logs failures as they are observed.

    Echoes are sent each second, so of a row of failed ones the first is a warning, the end of the row
    an information, and the others are there at level debug.
    """

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def record(self, observation: Observation) -> None:
        """Log what went wrong in one observation, if anything."""
        if isinstance(observation, PingObservation):
            self._echo(observation)
        elif observation.failure is not None:
            log.warning("probe failed", extra={"fields": _fields(observation)})

    def _echo(self, observation: PingObservation) -> None:
        target, row = observation.target, self._rows.get(observation.target, 0)
        if observation.lost or observation.failure is not None:
            self._rows[target] = row + 1
            message = "echo lost" if observation.lost else "probe failed"
            log.log(
                logging.DEBUG if row else logging.WARNING, message, extra={"fields": _fields(observation)}
            )
        elif observation.sent and row:
            del self._rows[target]
            log.info("echo answered again", extra={"fields": {**_fields(observation), "failed": row}})


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
