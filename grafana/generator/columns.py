"""Columns that tables of several boards have: how targets are now, and what the last day has brought."""

from typing import Final

from grafana.generator import limits, words
from grafana.generator.panel import Column
from grafana.generator.questions import DROPS, FAILED, LOST, RTT, SESSION, SURPRISING, Subject

DAY: Final = "24h"


def incident(subject: Subject) -> Column:
    """Ask for causes; it comes first in a table, so that a target with two of them has two whole lines."""
    active = subject.latest("conndrop_incident_active", "cause")
    return Column(title="Incident", expr=f"{active} == 1", hidden=True)


def up(subject: Subject) -> Column:
    """Tell whether the latest session got in."""
    return Column(title="Up", expr=subject.least("conndrop_up"), words=words.UP, width=70)


def loss(subject: Subject) -> Column:
    """Tell what share of echoes is lost."""
    return Column(
        title="Loss",
        expr=subject.share(*LOST),
        unit="percentunit",
        limits=limits.LOSS,
        decimals=1,
        width=80,
    )


def round_trips(subject: Subject) -> tuple[Column, ...]:
    """Tell how long echoes take on average, which is what an alert judges, half of them, and 99 of 100."""
    half, nearly_all = (subject.quantile(share, RTT) for share in (0.5, 0.99))
    return (
        Column(title="RTT", expr=subject.mean(RTT), unit="s", limits=limits.LATENCY, width=90),
        Column(title="RTT p50", expr=half, unit="s", width=90),
        Column(title="RTT p99", expr=nearly_all, unit="s", width=90),
    )


def failing(subject: Subject) -> Column:
    """Tell what share of sessions fails."""
    return Column(
        title="Failing",
        expr=subject.share(*FAILED),
        unit="percentunit",
        limits=limits.FAILING,
        decimals=1,
        width=80,
    )


def sessions(subject: Subject) -> Column:
    """Tell how long 95 of 100 sessions take."""
    return Column(title="Sessions p95", expr=subject.quantile(0.95, SESSION), unit="s", width=105)


def drops(subject: Subject) -> Column:
    """Tell how many connections have dropped that should not."""
    return day("Drops", DROPS, subject, having=SURPRISING)


def outage(subject: Subject) -> Column:
    """Tell for how long no connection could be kept."""
    grown = subject.grown("conndrop_outage_seconds_total", span=DAY)
    return Column(title="Outage 24 h", expr=grown, unit="s", limits=limits.HAPPENED, width=100)


def full(subject: Subject) -> Column:
    """Tell how much of the fullest limit of connections is in use."""
    return Column(
        title="Full",
        expr=subject.latest("conndrop_server_limit_usage_ratio"),
        unit="percentunit",
        limits=limits.FULL,
        decimals=0,
        width=80,
    )


def day(what: str, counter: str, subject: Subject, *, having: str = "", width: int = 95) -> Column:
    """Tell how often something has happened that should not."""
    return Column(
        title=f"{what} 24 h",
        expr=subject.grown(counter, having=having, span=DAY),
        limits=limits.HAPPENED,
        decimals=0,
        width=width,
    )
