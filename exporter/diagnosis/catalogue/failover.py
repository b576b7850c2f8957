"""Causes in another server that takes over."""

from typing import Final

from exporter.diagnosis.catalogue.application import PRE_PING, RETRY
from exporter.diagnosis.catalogue.entry import Entry, Fix, LookAlike
from exporter.diagnosis.catalogue.phrases import RESET_ON_USE
from exporter.model import Cause, Severity

ENDPOINT_CHANGED: Final = Entry(
    cause=Cause.FAILOVER_ENDPOINT_CHANGED,
    severity=Severity.WARNING,
    title="Another server answers",
    summary="Another server answers for {target}: {now} instead of {before}",
    bare="Another server answers for {target} than before",
    meaning="A virtual address or a load balancer leads to another server, as after a failover or a "
    "replaced host. Existing connections are unknown there and are reset at their next packet; fresh "
    "ones work, perhaps with older data or without the right to write.",
    looks=(*RESET_ON_USE,),
    look_alikes=(
        LookAlike(cause=Cause.DNS_ANSWER_CHANGED, splitter="there the name leads to another address"),
        LookAlike(
            cause=Cause.SERVER_RESTART, splitter="there the same server answers, with a new start time"
        ),
        LookAlike(
            cause=Cause.SERVER_READ_ONLY,
            splitter="there the same server has changed its role; the two may come together",
        ),
    ),
    fixes=(
        Fix(text="See whether a failover was meant, and whether the new server takes writes"),
        Fix(text="Let go of connections to the old one", copy=("engine.dispose()",)),
        Fix(
            text="Ask for the server that takes writes",
            copy=("create_engine(url, connect_args=dict(target_session_attrs='read-write'))",),
            family="postgresql",
        ),
        PRE_PING,
        RETRY,
    ),
)
