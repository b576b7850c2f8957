"""For what share of the time a connection could be held."""

from typing import Final

from grafana.generator.questions import Subject

OUTAGE: Final = "conndrop_outage_seconds_total"


def available(subject: Subject, span: str) -> str:
    """Ask for the share without an outage of what was watched within a span: an exporter may be younger."""
    watched = subject.series("conndrop_held_connections", 'probe="sentinel"')
    minutes = f"sum {subject.each()} (60 * count_over_time({watched}[{span}:1m]))"
    return f"1 - {subject.grown(OUTAGE, span=span)} / {minutes}"
