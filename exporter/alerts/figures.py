"""Figures that Prometheus looks up when an alert fires, as clauses of a sentence.

A clause is a Go template that asks for a series of the alert's target, and is empty where there is none: a
text must not break because a probe is switched off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.alerts.rule import Record
from exporter.model import Cause

TARGET: Final = "{{ $labels.target }}"
WHOSE: Final = (
    "{{ $of := printf `{target=%q,vantage=%q,job=%q,instance=%q}`"
    " $labels.target $labels.vantage $labels.job $labels.instance }}"
)
"""Template that names the selector of the alert's own target for the clauses that follow."""
SEEN: Final = f"<exporter_url>/incidents?target={TARGET}"
"""Where the exporter tells its incidents, in sentences."""
PLACE: Final = (
    '{{ with query (print "last_over_time(conndrop_target_info" $of "[5m])") }}'
    "host: {{ . | first | label `host` }}, port: {{ . | first | label `port` }}, {{ end }}"
)
"""Template of where the target is, to stand after WHOSE; a clause like those of figures."""
COUNT: Final = 'printf "%.0f"'
SHARE: Final = "humanizePercentage"
SPAN: Final = "humanizeDuration"
EVENTS: Final = {
    "conndrop_session_failures": ("phase, cause", ""),
    "conndrop_drops": ("probe, end, cause", '{probe!="idle"}'),
    "conndrop_outage_seconds": ("", ""),
    "conndrop_ping_lost": ("", ""),
    "conndrop_dns_failures": ("cause", ""),
    "conndrop_pool_checkout_failures": ("cause", ""),
}
"""Counters whose growth is told, the labels that are added up, and which of their series count.

What idle probes lose is found out on purpose.
"""
GROWTH: Final = tuple(
    Record(
        name=f"target:{counter}:increase5m",
        expr=f"sum without ({labels}) (increase({counter}_total{which}[5m]))"
        if labels
        else f"increase({counter}_total{which}[5m])",
    )
    for counter, (labels, which) in EVENTS.items()
)
"""What the figures ask for: evaluated right before the alerts, so that they are of the same moment."""


def known(series: str) -> tuple[str, str]:
    """Give what stands before and after the selector of a series whose latest value is asked for.

    An alert goes on while a scrape fails, and so must its text: what a gauge was last is as good for as long
    as Prometheus itself looks back. What rules record is there all the same.
    """
    return (series, "") if ":" in series else (f"last_over_time({series}", "[5m])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A series, and what is said of its value where that is above `least`: ANSWER is put for it in `form`."""

    series: str
    said: str
    form: str = COUNT
    least: str = "0"

    @property
    def clause(self) -> str:
        """The template; ends with a comma and a blank."""
        said = self.said.replace("ANSWER", f"{{{{ . | first | value | {self.form} }}}}")
        begin, end = known(self.series)
        return f'{{{{ with query (print "max({begin}" $of "{end}) > {self.least}") }}}}{said}, {{{{ end }}}}'


def _grown(counter: str, said: str) -> Figure:
    # What is extrapolated from one event may be a little less than 1.
    return Figure(series=f"target:{counter}:increase5m", said=said, least="0.5")


GENERAL: Final = (
    _grown("conndrop_session_failures", "sessions failed: ANSWER"),
    _grown("conndrop_drops", "held connections dropped: ANSWER"),
    Figure(series="target:conndrop_outage_seconds:increase5m", said="outage: ANSWER", form=SPAN),
    _grown("conndrop_ping_lost", "echoes lost: ANSWER"),
)
"""What tells how bad it is, whatever the cause."""
IDLE: Final = (
    Figure(series="conndrop_idle_survived_seconds", said="survived silence: ANSWER", form=SPAN),
    Figure(series="conndrop_idle_killed_seconds", said="deadly silence: ANSWER", form=SPAN),
    Figure(series="conndrop_recommended_pool_recycle_seconds", said="safe pool_recycle: ANSWER s"),
    Figure(series="conndrop_recommended_keepalive_seconds", said="safe keepalive time: ANSWER s"),
)
HOP: Final = (Figure(series="conndrop_path_loss_start_ttl", said="loss begins at hop: ANSWER"),)
NAME: Final = (_grown("conndrop_dns_failures", "resolutions of the name failed: ANSWER"),)
DELAY: Final = (
    Figure(series="target:conndrop_rtt_seconds:mean5m", said="mean round trip: ANSWER", form=SPAN),
    Figure(series="target:conndrop_rtt_seconds:median1d", said="usual: ANSWER", form=SPAN),
)
FULL: Final = (
    Figure(series="conndrop_server_limit_usage_ratio", said="use of the fullest limit: ANSWER", form=SHARE),
)
STARTED: Final = (
    Figure(
        series="conndrop_server_start_timestamp_seconds",
        said="latest known start of the server: ANSWER",
        form="humanizeTimestamp",
    ),
)
CERTIFICATE: Final = (
    Figure(
        series="conndrop_tls_chain_expiry_timestamp_seconds",
        said="first certificate of the chain expires: ANSWER",
        form="humanizeTimestamp",
    ),
)
PARTICULAR: Final[Mapping[Cause, tuple[Figure, ...]]] = {
    Cause.CLIENT_POOL_EXHAUSTED: (
        _grown("conndrop_pool_checkout_failures", "checkouts of the pool failed: ANSWER"),
    ),
    Cause.DNS_FAILURE: NAME,
    Cause.DNS_SLOW: NAME,
    Cause.NET_LOSS: HOP,
    Cause.NET_BLACKHOLE: HOP,
    Cause.NET_LATENCY: DELAY,
    Cause.MIDDLEBOX_IDLE_TIMEOUT: IDLE,
    Cause.PROXY_IDLE_TIMEOUT: IDLE,
    Cause.SERVER_IDLE_TIMEOUT: IDLE,
    Cause.SERVER_RESTART: STARTED,
    Cause.SERVER_SATURATED: FULL,
    Cause.SERVER_ACCOUNT_LIMIT: FULL,
    Cause.TLS_CERTIFICATE: CERTIFICATE,
}
"""What tells more where this is the cause."""


def evidence(cause: Cause) -> str:
    """Give where the target is, and the figures that show `cause`."""
    clauses = "".join(figure.clause for figure in (*GENERAL, *PARTICULAR.get(cause, ())))
    return f"{WHOSE}{PLACE}{clauses}window: 5m"
