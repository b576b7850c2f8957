"""What boards ask, in the same way on all of them."""

from dataclasses import dataclass
from typing import Final

MOMENT: Final = "$__rate_interval"
"""What a rate looks back over."""
RANGE: Final = "$__range"
"""The time range that the reader has chosen."""
STEP: Final = "$__interval"
"""From one step of a graph to the next."""
LATELY: Final = "5m"
"""What is known of a series for as long: by default Prometheus itself looks back no further."""
PER_MINUTE: Final = "suffix:/min"
"""The unit of what is counted by the minute: Grafana's own one is written c/m, which few understand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What questions are about.

    Series are told apart `by` labels, and `named` by them in legends; `of` says which there are. Those that
    are not told apart are added up, or `together` is how else they become one.

    All questions take further labels to tell series apart by; `having` are further matchers, without braces.
    What is counted is so within a `span`. There is no answer where there was nothing to count.
    """

    by: tuple[str, ...]
    named: str
    of: str = "<of>"
    together: str = "sum"

    def legend(self, what: str) -> str:
        """Name one of several things that are shown of each."""
        return f"{what} · {self.named}"

    def each(self, *labels: str) -> str:
        """Say by which labels series are told apart."""
        return f"by ({', '.join((*self.by, *labels))})"

    def series(self, name: str, having: str = "") -> str:
        """Select series."""
        return f"{name}{{{','.join(filter(None, (self.of, having)))}}}"

    def latest(self, gauge: str, *labels: str, having: str = "") -> str:
        """Ask for a value; for the largest where there are several."""
        return f"max {self.each(*labels)} ({self.series(gauge, having)})"

    def least(self, gauge: str, *labels: str, having: str = "") -> str:
        """Ask for a value; for the smallest where there are several."""
        return f"min {self.each(*labels)} ({self.series(gauge, having)})"

    def total(self, gauge: str, *labels: str, having: str = "") -> str:
        """Ask for the sum of values."""
        return f"sum {self.each(*labels)} ({self.series(gauge, having)})"

    def number(self, gauge: str, *labels: str) -> str:
        """Ask how many series there are."""
        return f"count {self.each(*labels)} ({self.series(gauge)})"

    def rate(self, counter: str, *labels: str, having: str = "") -> str:
        """Ask by how much a counter grows in a second."""
        return self._growth("rate", counter, labels, having, MOMENT)

    def a_minute(self, counter: str, *labels: str, having: str = "") -> str:
        """Ask by how much a counter grows in a minute."""
        return f"60 * {self.rate(counter, *labels, having=having)}"

    def grown(self, counter: str, *labels: str, having: str = "", span: str = RANGE) -> str:
        """Ask by how much a counter has grown."""
        return self._growth("increase", counter, labels, having, span)

    def events(self, counter: str, *labels: str, having: str = "") -> str:
        """Ask how often something has happened since the step before: each time is one, and seen once."""
        return f"sum {self.each(*labels)} (clamp_min({self.since(counter, having)}, 0))"

    def since(self, counter: str, having: str = "") -> str:
        """Ask by how much each series of a counter is more than at the step before, or less.

        A scrape that failed ends a series for the moment, and a step may be just there: what was known last
        is asked for, else what happened meanwhile would never be seen.
        """
        known = f"{self.series(counter, having)}[{LATELY}]"
        return f"last_over_time({known}) - last_over_time({known} offset {STEP})"

    def share(self, part: str, whole: str, *labels: str, having: str = "", span: str = MOMENT) -> str:
        """Ask what share of one counter another one is."""
        some, everything = (self._counted(one, labels, having, span) for one in (part, whole))
        return f"{some} / ({everything} > 0)"

    def mean(self, histogram: str, *labels: str, having: str = "") -> str:
        """Ask for the mean of a histogram's values."""
        return self.share(f"{histogram}_sum", f"{histogram}_count", *labels, having=having)

    def quantile(self, of: float, histogram: str, *labels: str, having: str = "", span: str = MOMENT) -> str:
        """Ask for what such a share of a histogram's values does not exceed."""
        buckets = self._counted(f"{histogram}_bucket", (*labels, "le"), having, span)
        return f"histogram_quantile({of}, {buckets}) >= 0"

    def incidents(self, *labels: str) -> str:
        """Ask for 1 where there is an incident, also for one that was shorter than a step of the graph.

        What is no incident is left out first: there are 40 causes to a target, and Prometheus refuses to hold
        too much at a time.
        """
        active = self.series("conndrop_incident_active")
        return f"max {self.each(*labels)} (max_over_time({active}[{STEP}]) == 1 or {active} == 1)"

    def _counted(self, counter: str, labels: tuple[str, ...], having: str, span: str) -> str:
        """Ask for what is to be divided: whether by time does not matter then."""
        return self._growth("rate" if span == MOMENT else "increase", counter, labels, having, span)

    def _growth(self, function: str, counter: str, labels: tuple[str, ...], having: str, span: str) -> str:
        counted = f"{function}({self.series(counter, having)}[{span}])"
        return f"{self.together} {self.each(*labels)} ({counted})"


EACH: Final = Subject(by=("vantage", "target"), named="{{target}} {{vantage}}")
"""A target, as it is seen from a vantage."""
SEEN: Final = Subject(by=EACH.by, named=EACH.named, of="<incidents>")
"""The same, on whatever dashboard."""
TIME: Final = Subject(by=EACH.by, named=EACH.named, together="avg")
"""The same for time that goes by: exporters without a vantage see the same hour, and no two hours."""
TARGET: Final = Subject(by=("target",), named="{{target}}")
"""A target, wherever it is seen from."""
SERVER: Final = Subject(by=TARGET.by, named=TARGET.named, together="max")
"""What a server tells: the same to every vantage."""
SURPRISING: Final = 'probe!="idle"'
"""Connections that drop and should not: those that idle probes leave silent are meant to."""
DROPS: Final = "conndrop_drop_age_seconds_count"
"""Connections that dropped, of whatever cause: one that nobody foresaw begins `conndrop_drops_total` with
a 1, of which no growth is seen; ages are counted from the start."""
ALL: Final = Subject(by=(), named="")
"""Everything that is selected, together."""
LOST: Final = ("conndrop_ping_lost_total", "conndrop_ping_sent_total")
"""Echoes: those without an answer, and all."""
FAILED: Final = ("conndrop_session_failures_total", "conndrop_session_attempts_total")
"""Sessions: those that failed, and all."""
RTT: Final = "conndrop_ping_rtt_seconds"
SESSION: Final = "conndrop_session_seconds"
