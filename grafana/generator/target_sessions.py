"""What a session at the target takes, and where it fails."""

from typing import Final

from grafana.generator import lines
from grafana.generator.palette import IN_TURN
from grafana.generator.panel import Lines, Query
from grafana.generator.quantiles import HALF, MOST, spread
from grafana.generator.questions import EACH, PER_MINUTE, SESSION, TARGET

PHASES: Final = {
    "dns": "the name",
    "tcp": "the connect",
    "tls": "TLS",
    "auth": "the login",
    "query": "the query",
    "close": "the goodbye",
}
"""Phases of a session, one after the other, and what they are called here."""


SESSIONS: Final = (
    Lines(
        number=10,
        title="What a session takes, phase by phase",
        reads="Mean time of each phase, one upon the other: together what it takes to connect, ask, and "
        "leave. The phase that grows says where to look: the name at the name servers, the connect at the "
        "way, the login and the query at the server. Of several vantages it is the mean.",
        unit="s",
        width=14,
        height=9,
        stacked=True,
        queries=tuple(
            # Phases are piled up, vantages must not be.
            Query(
                expr=TARGET.mean("conndrop_session_phase_seconds", having=f'phase="{phase}"'),
                legend=TARGET.legend(name),
                colour=colour,
            )
            for (phase, name), colour in zip(PHASES.items(), IN_TURN, strict=False)
        ),
    ),
    lines.delays(
        11,
        "What a whole session takes",
        "Half of all sessions took no longer than the lower line, 95 of 100 no longer than the upper "
        "one. Where only the upper line rises, few are slow: packets that had to be sent again, a queue. "
        "Where both do, all are. Those that failed are left out.",
        spread(EACH, SESSION, HALF, MOST),
        width=10,
        height=9,
    ),
    lines.failing(
        12,
        "Share of new sessions that did not get in, got no answer, or could not say goodbye. None should.",
        EACH,
        width=10,
    ),
    Lines(
        number=13,
        title="Sessions that fail, by phase and cause",
        reads="Failed sessions a minute, by the phase that they did not get through and the cause seen "
        "there. It is what one session saw: an incident, which knows more, may name another cause.",
        unit=PER_MINUTE,
        width=14,
        stacked=True,
        bars=True,
        empty="A bar appears with the first session that fails.",
        queries=(
            Query(
                expr=f"{EACH.a_minute('conndrop_session_failures_total', 'phase', 'cause')} > 0",
                legend=EACH.legend("{{phase}}: {{cause}}"),
            ),
        ),
    ),
)
