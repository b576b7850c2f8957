"""The one error that leaves the rooms below the probes."""

from exporter.model.cause import Cause


class ProbeError(Exception):
    """What a probe wanted did not happen, and `cause` says why as far as this one event can tell.

    `detail` is our own sentence, `said` the peer's own words (empty when it said nothing), `code` its
    SQLSTATE or error number. Drivers, sockets and resolvers raise many things; each is turned into
    this where it arises, so that nothing above has to know them.
    """

    def __init__(self, cause: Cause, detail: str, *, said: str = "", code: str = "") -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.said = said
        self.code = code
