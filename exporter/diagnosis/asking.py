"""What would tell more: the probe or trial that decides between the causes that could be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from exporter.diagnosis.sign import Fact, Sign
from exporter.diagnosis.subject import Subject
from exporter.diagnosis.verdict import Ask
from exporter.model import Cause, Trial

CONTRAST: Final = frozenset({Ask.SESSION, Ask.SENTINEL, Ask.TCP, Ask.SERVER, Ask.DNS})
"""What is asked at every trouble: do new ones work, held ones, port and name; what does the server say."""
OF_CAUSE: Final[Mapping[Cause, frozenset[Ask]]] = {
    Cause.NET_BLACKHOLE: frozenset({Ask.PATH}),
    Cause.NET_LOSS: frozenset({Ask.PATH}),
    Cause.NET_UNREACHABLE: frozenset({Ask.PATH}),
    Cause.NET_MTU_BLACKHOLE: frozenset({Ask.MTU, Ask.SIZES_TRIAL}),
    Cause.MIDDLEBOX_CONNECT_BLOCKED: frozenset({Ask.PATH}),
    Cause.SERVER_DOWN: frozenset({Ask.PATH}),
    Cause.SERVER_UNRESPONSIVE: frozenset({Ask.SIZES_TRIAL}),
    Cause.TLS_HANDSHAKE: frozenset({Ask.TLS, Ask.MTU, Ask.SIZES_TRIAL}),
}
TRIALS: Final = {Ask.TLS_TRIAL: Trial.TLS, Ask.SIZES_TRIAL: Trial.SIZES}


def asks(facts: Sequence[Fact], candidates: Collection[Cause], subject: Subject) -> frozenset[Ask]:
    """Give what to ask, with these causes left; nothing that cannot be asked of this target."""
    wanted = set(CONTRAST)
    for cause in candidates:
        wanted |= OF_CAUSE.get(cause, frozenset())
    if any(fact.sign is Sign.MAY_WANT_TLS for fact in facts):
        wanted.add(Ask.TLS_TRIAL)
    if not subject.named:
        wanted.discard(Ask.DNS)
    return frozenset(ask for ask in wanted if ask not in TRIALS or TRIALS[ask] in subject.trials)
