"""Questions to the exporters about themselves."""

from dataclasses import replace
from typing import Final

from grafana.generator.questions import Subject
from grafana.generator.selection import SCRAPED

EXPORTER: Final = Subject(by=("vantage", "instance"), named="{{vantage}} {{instance}}", of="<from>")
OF_TARGETS: Final = replace(EXPORTER, of="<of>")
"""An exporter, about all of the targets together that are selected."""
SCRAPE: Final = Subject(by=("job", "instance"), named="{{job}} {{instance}}", of="<from>")
"""An exporter as Prometheus knows it, which gives it no vantage."""
KNOWN: Final = "and on (job, instance) present_over_time(conndrop_build_info{<from>}[$__range])"
"""Keeps what is an exporter's. All jobs of a Prometheus have `up`, and many have `process_…`."""


def missed(subject: Subject, *labels: str) -> str:
    """Ask which share of the runs that were due did not take place."""
    lost, ran = (subject.rate(f"conndrop_probe_{runs}_total", *labels) for runs in ("runs_missed", "runs"))
    return f"{lost} / ({lost} + {ran} > 0)"


def of_scrapes(series: str) -> str:
    """Ask for what Prometheus says of the scrapes of exporters: it has the labels of the scrape only."""
    return f"{series}{{{SCRAPED}}} {KNOWN}"


def of_process(series: str, subject: Subject = EXPORTER) -> str:
    """Ask for what the exporters' processes are said to be."""
    return f"max {subject.each()} ({subject.series(series)} {KNOWN})"
