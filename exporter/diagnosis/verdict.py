"""What a judgement comes to: causes that are named, causes that could be, and what would decide."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.diagnosis.sign import Fact
from exporter.model import Cause


class Ask(StrEnum):
    """What to have done at once, because its outcome would tell more.

    The first ones are probes that look now instead of at their time; `TLS_TRIAL` and `SIZES_TRIAL` are made
    on demand only (see `exporter.model.Trial`).
    """

    SESSION = "session"
    SENTINEL = "sentinel"
    SERVER = "server"
    TCP = "tcp"
    DNS = "dns"
    MTU = "mtu"
    PATH = "path"
    TLS = "tls"
    TLS_TRIAL = "tls_trial"
    SIZES_TRIAL = "sizes_trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One cause, how much speaks for it in all, and the facts that do, the weightiest first."""

    cause: Cause
    score: float
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence comes to.

    `named` are the causes that stand out, none where none does. `candidates` are all that something speaks
    for, likeliest first, the named ones included. `confidence` is from 0 to 1. `asks` is what would help.
    """

    named: tuple[Finding, ...] = ()
    candidates: tuple[Finding, ...] = ()
    confidence: float = 0.0
    facts: tuple[Fact, ...] = ()
    asks: frozenset[Ask] = frozenset()
