"""Bands over time that several boards have, with each board's own words."""

from grafana.generator import words
from grafana.generator.panel import Query, Timeline
from grafana.generator.questions import Subject


def up(number: int, title: str, reads: str, subject: Subject) -> Timeline:
    """Draw whether the latest session got in."""
    return Timeline(
        number=number,
        title=title,
        reads=reads,
        unit="short",
        width=24,
        height=7,
        words=words.UP,
        queries=(Query(expr=subject.least("conndrop_up"), legend=subject.named),),
    )
