"""A database session from its first packet to its last."""

import time

from exporter.blackbox.errand import Errand, Trail
from exporter.blackbox.finding import find
from exporter.db.dialect import TRIVIAL_QUERY
from exporter.model import Cause, Phase, ProbeError, SecretUnreadable


def look(errand: Errand, trail: Trail) -> None:
    """Connect, log in, ask, say goodbye; raise ProbeError where any of it fails."""
    opener = errand.opener
    assert opener is not None  # noqa: S101  who wants a session has one
    addresses = find(errand, trail)
    query = errand.settings.query
    trail.say("Opening a session", ip=addresses[0], port=errand.port)
    try:
        session = opener.open(addresses, trail.clock)
    except SecretUnreadable as error:
        trail.clock.enter(Phase.AUTH)
        raise ProbeError(Cause.AUTH_CREDENTIALS, f"password: {error}") from None
    born = time.monotonic()
    try:
        trail.say("Logged in")
        session.query(query, guarded=query != TRIVIAL_QUERY)
        trail.say("Answered")
        session.close()
    except BaseException as error:
        session.abandon()
        if errand.leftovers is not None and not (isinstance(error, ProbeError) and error.said):
            errand.leftovers.add(session.number, born)
        raise
