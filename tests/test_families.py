"""Our own families: the same text as prometheus_client writes, whatever is in it and whoever is writing."""

import math
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics_exposition
from prometheus_client.utils import floatToGoString

from exporter.exposition import SERIES
from exporter.exposition.buckets import LAG_BUCKETS, RTT_BUCKETS
from exporter.exposition.children import number
from exporter.exposition.families import Families
from tests.scraping import parse_openmetrics, samples_of, scraped, value
from tests.waiting import running

generate_openmetrics: Any = openmetrics_exposition.generate_latest
go: Any = floatToGoString
HOSTILE = (
    'say "hello"', "back\\slash", "two\nlines", "\\n is no newline", '\\"', "}", "{a=", 'a="b",c="d"} 1.0',
    "%s %d %%", "{0} {name}", "# EOF", "", " ", "\r", "\t", "\0", "\u2028", "größer", "\N{PILE OF POO}", "\\",
)  # fmt: skip


class Peer:
    """A collector of what prometheus_client is to write beside us."""

    def __init__(self, *metrics: Metric) -> None:
        self._metrics = metrics

    def collect(self) -> tuple[Metric, ...]:
        """Give it."""
        return self._metrics


def rendered(families: Families) -> tuple[bytes, bytes]:
    """Both forms, as text and as OpenMetrics."""
    plain, openmetrics = (b"".join(families.render(openmetrics=form)) for form in (False, True))
    return plain, openmetrics + b"# EOF\n"


def by_prometheus_client(*metrics: Metric) -> tuple[bytes, bytes]:
    """The same of prometheus_client."""
    registry = CollectorRegistry()
    registry.register(Peer(*metrics))
    return generate_latest(registry), generate_openmetrics(registry)


@pytest.mark.parametrize(
    "given",
    [
        0, 1, 9, 10, 999_999, 1_000_000, 1_000_001, 1_230_000, 123_456_789, 10**15, 2**53, -1,
        0.0, -0.0, 1e-9, 5e-05, 0.1, 0.1 + 0.2, 1.5e6, 999_999.5, 1e22, 1.7e9, math.inf, -math.inf, math.nan,
        True, False, 10**16, -(10**7),
    ],
)  # fmt: skip
def test_numbers_are_written_as_prometheus_client_writes_them(given: float) -> None:
    assert number(given) == go(given)


@pytest.mark.parametrize("vantage", [None, "app-1", 'the "edge"'])
def test_both_forms_are_prometheus_clients_to_the_byte(vantage: str | None) -> None:
    families = Families(vantage)
    constant = {"vantage": vantage} if vantage else {}
    counter = families.counter("drops_total", "Ends of sessions.", "target", "cause")
    counter.labels("a", "x").inc()
    counter.labels("b", "x").inc(1234567)
    gauge = families.gauge("up", "Whether it is.", "target")
    gauge.set("a", 0)
    histogram = families.histogram("rtt_seconds", "Delay.", "target", bounds=(0.00005, 0.1, 1.0, 1e7))
    for seconds in (0.00005, 0.00006, 1.0, 2e7, 0.25):
        histogram.labels("a").observe(seconds)
    drops = CounterMetricFamily("drops", "Ends of sessions.")
    drops.add_sample("drops_total", {"target": "a", "cause": "x", **constant}, 1)
    drops.add_sample("drops_total", {"target": "b", "cause": "x", **constant}, 1234567)
    up = GaugeMetricFamily("up", "Whether it is.")
    up.add_sample("up", {"target": "a", **constant}, 0)
    rtt = HistogramMetricFamily("rtt_seconds", "Delay.", labels=["target", *constant])
    buckets = [("5e-05", 1), ("0.1", 2), ("1.0", 4), ("1e+07", 4), ("+Inf", 5)]
    rtt.add_metric(["a", *constant.values()], buckets, sum_value=20000001.25011)
    assert rendered(families) == by_prometheus_client(drops, up, rtt)


def test_no_help_has_anything_to_escape() -> None:
    """That is why it is written as it is; prometheus_client would write it in the same way."""
    families = Families()
    for series in SERIES.values():
        series(families).expect("a")
    heads = [line for line in rendered(families)[1].decode().splitlines() if line.startswith("# HELP")]
    assert heads
    assert not any(set('"\\') & set(line) for line in heads)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_label_values_come_back_as_they_were(hostile: str) -> None:
    families = Families(hostile or None)
    constant = {"vantage": hostile} if hostile else {}
    labels = {"target": hostile, "other": hostile, **constant}
    families.counter("c_total", "C.", "target", "other").labels(hostile, hostile).inc(3)
    families.gauge("g", "G.", "target", "other").show(hostile, {(hostile,): 1})
    families.histogram("h", "H.", "target", "other", bounds=(1.0,)).labels(hostile, hostile).observe(0.5)
    assert scraped(families) == {
        ("c_total", frozenset(labels.items())): 3,
        ("g", frozenset(labels.items())): 1,
        ("h_bucket", frozenset((labels | {"le": "1.0"}).items())): 1,
        ("h_bucket", frozenset((labels | {"le": "+Inf"}).items())): 1,
        ("h_count", frozenset(labels.items())): 1,
        ("h_sum", frozenset(labels.items())): 0.5,
    }


def test_a_name_that_is_no_unicode_does_not_break_the_scrape() -> None:
    families = Families()
    families.gauge("g", "G.", "target", "hostname").show("a", {("\udcff.example",): 1})
    assert value(families, "g", target="a", hostname="?.example") == 1


def test_labels_are_given_one_by_one() -> None:
    families = Families()
    counter = families.counter("c_total", "C.", "target", "cause")
    assert counter.labels("a", "x") is counter.labels("a", "x")
    assert counter.labels("a", "x") is not counter.labels("x", "a")
    with pytest.raises(ValueError, match="argument"):
        counter.labels("a")


def test_a_family_without_series_is_not_published() -> None:
    families = Families()
    families.counter("c_total", "C.", "target")
    families.histogram("h", "H.", "target", bounds=(1.0,))
    gauge = families.gauge("g", "G.", "target")
    gauge.set("a", 1)
    gauge.set("a", None)
    assert rendered(families) == (b"", b"# EOF\n")
    assert families.names == ["c_total", "h", "g"]


def test_what_is_no_longer_true_disappears() -> None:
    families = Families()
    gauge = families.gauge("hop_info", "Hops.", "target", "ttl", "address")
    gauge.show("a", {("1", "10.0.0.1"): 1, ("2", "10.0.0.2"): 1})
    gauge.show("b", {("1", "10.0.0.1"): 1})
    for _ in range(2):  # the second time nothing is new
        gauge.show("a", {("1", "10.0.0.9"): 1})
    assert set(scraped(families)) == {
        ("hop_info", frozenset({("target", "a"), ("ttl", "1"), ("address", "10.0.0.9")})),
        ("hop_info", frozenset({("target", "b"), ("ttl", "1"), ("address", "10.0.0.1")})),
    }


@pytest.mark.parametrize("bound", RTT_BUCKETS)
def test_a_bound_belongs_to_its_class(bound: float) -> None:
    families = Families()
    child = families.histogram("h", "H.", "target", bounds=RTT_BUCKETS).labels("a")
    child.observe(bound)
    child.observe(math.nextafter(bound, math.inf))
    assert value(families, "h_bucket", target="a", le=number(bound)) == 1
    assert value(families, "h_bucket", target="a", le="+Inf") == 2


def test_many_values_at_once() -> None:
    families = Families()
    child = families.histogram("h", "H.", "probe", bounds=LAG_BUCKETS).labels("ping")
    child.observe(0.002)
    child.add([5, 1, *[0] * 9, 2], 9.5)
    assert value(families, "h_bucket", probe="ping", le="0.001") == 5
    assert value(families, "h_bucket", probe="ping", le="2.5") == 7
    assert value(families, "h_count", probe="ping") == 9
    assert value(families, "h_sum", probe="ping") == pytest.approx(9.502)
    with pytest.raises(ValueError, match="argument"):
        child.add([1, 2, 3], 1.0)


def test_thousands_of_children() -> None:
    families = Families("app-1")
    counter = families.counter("c_total", "C.", "target", "ttl")
    histogram = families.histogram("h", "H.", "target", bounds=RTT_BUCKETS)
    for number_of in range(1000):
        counter.labels(f"t{number_of}", "1").inc(number_of)
        histogram.labels(f"t{number_of}").observe(0.001 * number_of)
    found = scraped(families)
    assert len(found) == 1000 * (1 + len(RTT_BUCKETS) + 3)
    fixed = {"vantage": "app-1", "target": "t999"}
    assert found["c_total", frozenset((fixed | {"ttl": "1"}).items())] == 999
    assert found["h_sum", frozenset(fixed.items())] == pytest.approx(0.999)


@pytest.fixture
def taking_turns() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("taking_turns")
def test_a_scrape_in_the_midst_of_recording_is_whole() -> None:
    """Children come, gauges change and histograms grow meanwhile; the parser checks buckets against count."""
    families = Families()
    counter = families.counter("c_total", "C.", "target")
    histogram = families.histogram("h", "H.", "target", bounds=(0.001, 0.01, 0.1, 1.0))
    gauge = families.gauge("g", "G.", "target", "ttl")
    over = threading.Event()

    def repeat(once: Callable[[int], None]) -> int:
        turn = 0
        while not over.is_set():
            once(turn)
            turn += 1
        return turn

    def observe(turn: int) -> None:
        child = histogram.labels(f"t{turn // 300 % 50}")
        child.observe(0.0005 * (turn % 5000))
        child.add([1, 1, 1, 1, 1], 5.0)

    with (
        running(lambda: repeat(lambda turn: counter.labels(f"t{turn // 20 % 1000}").inc())) as counts,
        running(lambda: repeat(observe)) as observed,
        running(lambda: repeat(lambda turn: gauge.show("a", {(str(ttl),): turn for ttl in range(5)}))),
    ):
        try:
            renderings = [b"".join(families.render(openmetrics=True)).decode() for _ in range(300)]
        finally:
            over.set()
    before = 0.0
    for rendering in renderings:
        lines = [line for line in rendering.splitlines() if not line.startswith("c_total")]
        found = samples_of(parse_openmetrics("\n".join([*lines, "# EOF"])))
        shown = [figure for (name, _), figure in found.items() if name == "g"]
        assert len(shown) in (0, 5)
        assert len(set(shown)) <= 1
        counted = [figure for (name, _), figure in found.items() if name == "h_count"]
        assert all(figure % 6 in (0, 1) for figure in counted)  # what is added at once is seen at once
        assert sum(counted) >= before
        before = sum(counted)
    found = scraped(families)
    assert sum(figure for (name, _), figure in found.items() if name == "h_count") == 6 * observed.result()
    assert sum(figure for (name, _), figure in found.items() if name == "c_total") == counts.result()
