"""What is left when no cause stands out."""

from typing import Final

from exporter.diagnosis.catalogue.application import DEADLINES, PRE_PING, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix
from exporter.model import Cause, Severity

UNKNOWN: Final = Entry(
    cause=Cause.UNKNOWN,
    severity=Severity.WARNING,
    title="No cause stands out",
    summary="Connections to {target} have trouble, and no cause stands out so far",
    meaning="Something was seen, but it fits several causes, or none well enough. The candidates are "
    "listed beside it. A wrong name would send people the wrong way, so none is given.",
    looks=(),
    look_alikes=(),
    fixes=(
        Fix(
            text="Read the evidence and the candidates: each candidate's entry says what would tell it apart"
        ),
        Fix(text="Let the server tell us more (deploy/grants), and leave all probes of the target on"),
        *DEADLINES,
        PRE_PING,
        RETRY,
    ),
)
