"""The one error that leaves the rooms below the probes."""

from typing import Final

from exporter.model.cause import Cause
from exporter.model.observation import Failure, Phase

LONGEST: Final = 1000
"""Characters of a peer's words that are kept: it may say as much as it likes."""


class ProbeError(Exception):
    """What a probe wanted did not happen, and `cause` says why as far as this one event can tell.

    `detail` is our own sentence, `said` the peer's own words (empty when it said nothing), `code` its
    SQLSTATE or error number, `offender` the address of who refused by ICMP. Drivers, sockets and resolvers
    raise many things; each is turned into this where it arises, so that nothing above has to know them.
    """

    def __init__(
        self, cause: Cause, detail: str, *, said: str = "", code: str = "", offender: str = ""
    ) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail[:LONGEST]
        self.said = said[:LONGEST]
        self.code = code
        self.offender = offender

    @classmethod
    def of(cls, failure: Failure) -> "ProbeError":
        """Make the error again that was kept as `failure`."""
        return cls(
            failure.cause,
            failure.detail,
            said=failure.said,
            code=failure.code,
            offender=failure.offender,
        )

    def failure(self, phase: Phase | None = None) -> Failure:
        """Keep it as a value, as what an observation failed of."""
        return Failure(
            phase=phase,
            cause=self.cause,
            detail=self.detail,
            said=self.said,
            code=self.code,
            offender=self.offender,
        )
