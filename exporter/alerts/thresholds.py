"""Above what, or below what, alerts fire: everything about them that is a matter of taste."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from exporter.settings import Delay, Duration, Percentage, Settings

ADDRESS: Final = re.compile(r"https?://(?:[^\s{}\"']|{{[^{}]*}})+")
CREDENTIALS: Final = re.compile(r"https?://[^/]*@")


def _text(value: str) -> str:
    if "<" in value or ">" in value:
        raise ValueError("has angle brackets, which are kept for thresholds")
    return value


def _address(text: str) -> str:
    """Leave an address without the slash at its end; ValueError for what no message could link to."""
    if not ADDRESS.fullmatch(text):
        raise ValueError("must begin with http:// or https://, and have blanks within {{ }} only")
    if CREDENTIALS.match(text):
        raise ValueError("must not hold an account or a password: it stands in every message")
    return text.rstrip("/")


def _pattern(text: str) -> str:
    """Leave a regular expression as it is; Prometheus reads nearly what Python does."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


Amount = Annotated[float, Field(ge=0, strict=False)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_text)]
Address = Annotated[Text, AfterValidator(_address)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
EXPORTER: Final = "http://{{ $labels.instance }}"
"""Where Prometheus scrapes it, which is often where people reach it, too."""


class Thresholds(Settings):
    """The thresholds of all alerts."""

    exporter_url: Address = Field(
        default=EXPORTER, description="where people reach an exporter; its alerts link to that"
    )
    runbooks_url: Address | None = Field(
        default=None, description="where runbooks are; by default each exporter serves them itself"
    )
    exporter_job: Text = Field(
        default="conndrop", description="the job that scrapes the exporters: its silence is an alert"
    )

    vantages_settled: Duration = Field(
        default=60.0,
        description="for how long each exporter must have seen the same before they are compared",
    )
    vantage_share: Percentage = Field(
        default=0.9,
        description="share of an exporter's targets, of those that others see well, that is its own trouble",
    )

    packet_loss_warning: Percentage = Field(default=0.01, description="share of echoes lost, for 10 minutes")
    packet_loss_critical: Percentage = Field(default=0.05, description="share of echoes lost, for 5 minutes")
    latency: Delay = Field(default=0.1, description="mean round-trip delay, for 5 minutes")
    latency_factor: Amount = Field(
        default=2.0, description="how many times the usual delay of the last day, for 10 minutes …"
    )
    latency_step: Delay = Field(
        default=0.01, description="… and by how much more at least; also what a change of path must change"
    )
    jitter: Delay = Field(
        default=0.03, description="mean change of the delay from echo to echo, for 5 minutes"
    )

    drops_per_hour: Amount = Field(
        default=3, description="times within an hour that connections dropped for one cause"
    )
    session_failures_warning: Percentage = Field(
        default=0.1, description="share of new sessions that failed, over 5 minutes"
    )
    session_failures_critical: Percentage = Field(
        default=0.4, description="share of new sessions that failed, over 5 minutes"
    )
    availability: Percentage = Field(
        default=0.999, description="what is promised for 30 days; burn rates are multiples of what it leaves"
    )

    name_failures: Percentage = Field(
        default=0.1, description="share of resolutions of a database's name that failed, over 5 minutes"
    )
    certificate_warning: Duration = Field(
        default=21 * 86400.0, description="time until a certificate expires"
    )
    certificate_critical: Duration = Field(
        default=3 * 86400.0, description="time until a certificate expires"
    )

    aborted_connects_warning: Amount = Field(
        default=5, description="connects a second that never become a session, for 5 minutes"
    )
    aborted_connects_critical: Amount = Field(
        default=20, description="connects a second that never become a session, for 5 minutes"
    )
    aborted_connects_factor: Amount = Field(
        default=3, description="how many times the server's own mean of the last day, for 10 minutes …"
    )
    aborted_connects_step: Amount = Field(default=0.1, description="… and by how many a second more at least")
    aborted_clients: Amount = Field(
        default=10, description="clients that vanished without a goodbye within 5 minutes, for 5 minutes"
    )
    blocked_warning: Percentage = Field(
        default=0.5, description="share of max_connect_errors that connects broken off in a row have reached"
    )
    saturation_warning: Percentage = Field(
        default=0.8, description="share of a server's or an account's connections in use, for 5 minutes"
    )
    saturation_critical: Percentage = Field(
        default=0.9, description="share of a server's or an account's connections in use, for 5 minutes"
    )
    connections_fall: Percentage = Field(
        default=0.5, description="share of a server's connections that have gone within 10 minutes …"
    )
    connections_before: Amount = Field(default=20, description="… of so many at least")
    idle_in_transaction_warning: Duration = Field(
        default=300.0, description="for how long a client has left its transaction idle"
    )
    idle_in_transaction_critical: Duration = Field(
        default=900.0, description="for how long a client has left its transaction idle"
    )
    idle_in_transaction_share: Percentage = Field(
        default=0.25, description="share of connections that are idle in a transaction, for 5 minutes …"
    )
    idle_in_transaction_pile: Amount = Field(default=5, description="… and so many at least")
    load_warning: Percentage = Field(
        default=0.6, description="share of a server's connections allowed that are at work, for 5 minutes"
    )
    load_critical: Percentage = Field(
        default=0.8, description="share of a server's connections allowed that are at work, for 5 minutes"
    )

    application_errors: Percentage = Field(
        default=0.01, description="database errors for each connection the application takes, over 5 minutes"
    )

    missed_runs: Percentage = Field(
        default=0.05, description="share of a probe's runs missed, for 10 minutes"
    )
    measurement_error: Delay = Field(
        default=0.001, description="what one in a hundred delays is wrong by at least, for 10 minutes"
    )

    pooler_waiting: Amount = Field(default=20, description="clients that wait in PgBouncer, for 5 minutes")
    pooler_wait: Duration = Field(default=15.0, description="longest wait in PgBouncer, for 5 minutes")
    probe_job: Pattern = Field(
        default=".*(database|mysql|maria|postgres|pgbouncer).*",
        description="pattern of the jobs that probe databases (blackbox_exporter)",
    )
    slow_probe: Duration = Field(default=1.0, description="mean duration of a blackbox probe, for 5 minutes")
    ping_host: Pattern = Field(
        default=".+", description="pattern of the databases' hosts, as smokeping_prober names them"
    )
    host_job: Pattern = Field(
        default=".*node.*", description="pattern of the jobs that scrape databases' hosts (node_exporter)"
    )
    host_cpu: Percentage = Field(default=0.9, description="share of the processors in use, for 15 minutes")
    host_memory: Percentage = Field(default=0.1, description="share of the memory available, for 5 minutes")
    host_disk: Percentage = Field(default=0.1, description="share of a file system left, for 5 minutes")
    host_connections: Percentage = Field(
        default=0.8,
        description="share of the kernel's table of connections (conntrack) in use, for 5 minutes",
    )
    host_packet_errors: Percentage = Field(
        default=0.01, description="share of an interface's packets in error or dropped, for 10 minutes"
    )
    host_retransmits: Percentage = Field(
        default=0.05, description="share of TCP segments that were sent again, for 10 minutes"
    )
    host_pressure: Percentage = Field(
        default=0.2,
        description="share of the time in which work stood still for want of memory or disk, for 5 minutes",
    )

    @model_validator(mode="after")
    def _warn_first(self) -> Self:
        if swapped := list(self._swapped()):
            raise ValueError("a warning has to come before what is critical: " + "; ".join(swapped))
        return self

    def _swapped(self) -> Iterator[str]:
        """Name the pairs whose warning is beyond what is critical, as seen from the defaults."""
        fields = type(self).model_fields
        for warning in fields:
            critical = warning.replace("_warning", "_critical")
            if critical == warning or critical not in fields:
                continue
            rises = fields[warning].default < fields[critical].default
            first, second = (warning, critical) if rises else (critical, warning)
            if getattr(self, first) > getattr(self, second):
                yield f"{first} is above {second}"
