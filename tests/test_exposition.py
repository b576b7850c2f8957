"""The series: there from the start, right in value, in every form a scraper asks for."""

import shutil
import subprocess
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.db.mysql.words import NUMBERS
from exporter.db.postgres.words import SQLSTATES, WORDS
from exporter.exposition import SERIES
from exporter.exposition.own import OwnMetrics, TargetInfo
from exporter.exposition.ping import PingMetrics
from exporter.exposition.registry import FRESH, Scrape, new_registry
from exporter.exposition.session import POSSIBLE, SessionMetrics
from exporter.model import (
    Cause,
    Endpoint,
    Failure,
    Observation,
    Phase,
    PingObservation,
    SessionObservation,
    Target,
)
from exporter.probes import KINDS
from exporter.runtime.scheduler import MISSED_REASONS

parse_openmetrics: Any = openmetrics_parser.text_string_to_metric_families
A = {"target": "a"}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def registry() -> CollectorRegistry:
    return new_registry()


def seen(**more: Any) -> SessionObservation:
    fixed: dict[str, Any] = {"target": "a", "probe": "session", "started": 1.0, "duration": 0.3, "phases": ()}
    return SessionObservation(**fixed | more)


def echo(**more: Any) -> PingObservation:
    return PingObservation(target="a", probe="ping", started=1.0, duration=0.01, **more)


def test_every_probe_has_its_series() -> None:
    assert {kind.name for kind in KINDS} == set(SERIES)


def test_series_are_there_from_the_start(registry: CollectorRegistry) -> None:
    """At 0, so that an increase can be seen; but nothing is said of up before the first session."""
    SessionMetrics(registry).expect("a")
    PingMetrics(registry).expect("a")
    value = registry.get_sample_value
    assert value("conndrop_session_attempts_total", A) == 0
    assert value("conndrop_session_seconds_count", A) == 0
    for phase in Phase:
        assert value("conndrop_session_phase_seconds_count", A | {"phase": phase}) == 0
        for cause in POSSIBLE[phase]:
            assert value("conndrop_session_failures_total", A | {"phase": phase, "cause": cause}) == 0
    for name in (
        "sent_total",
        "lost_total",
        "duplicates_total",
        "rtt_seconds_count",
        "rtt_variation_seconds_count",
    ):
        assert value(f"conndrop_ping_{name}", A) == 0
    assert value("conndrop_up", A) is None


def test_every_cause_a_driver_can_name_is_foreseen() -> None:
    """Whatever a server says while it lets us in, or while it answers."""
    said = {*NUMBERS.values(), *SQLSTATES.values(), *(cause for _, cause in WORDS)}
    foreseen = {cause for causes in POSSIBLE.values() for cause in causes}
    later = {Cause.SERVER_IDLE_TIMEOUT, Cause.PROXY_IDLE_TIMEOUT}  # only of connections that are held
    assert said - later <= foreseen


def test_a_session_that_went_well(registry: CollectorRegistry) -> None:
    SessionMetrics(registry).record(seen(phases=((Phase.TCP, 0.1), (Phase.AUTH, 0.2))))
    value = registry.get_sample_value
    assert value("conndrop_session_attempts_total", A) == 1
    assert value("conndrop_session_seconds_sum", A) == pytest.approx(0.3)
    assert value("conndrop_session_phase_seconds_sum", A | {"phase": "auth"}) == pytest.approx(0.2)
    assert value("conndrop_up", A) == 1


@pytest.mark.parametrize(("phase", "up"), [(Phase.AUTH, 0), (Phase.CLOSE, 1)])
def test_a_session_that_failed(registry: CollectorRegistry, phase: Phase, up: int) -> None:
    """The phases before it count; the whole does not; a goodbye that failed leaves the target up."""
    failure = Failure(phase=phase, cause=Cause.SERVER_UNRESPONSIVE, detail="x")
    SessionMetrics(registry).record(seen(failure=failure, phases=((Phase.TCP, 0.1),)))
    value = registry.get_sample_value
    labels = A | {"phase": phase, "cause": "server.unresponsive"}
    assert value("conndrop_session_failures_total", labels) == 1
    assert value("conndrop_session_phase_seconds_count", A | {"phase": "tcp"}) == 1
    assert value("conndrop_session_seconds_count", A) in (None, 0)
    assert value("conndrop_up", A) == up


def test_a_probe_that_broke(registry: CollectorRegistry) -> None:
    broken = Failure(phase=None, cause=Cause.UNKNOWN, detail="internal error")
    observation = Observation(target="a", probe="session", started=1.0, duration=0.0, failure=broken)
    SessionMetrics(registry).record(observation)
    PingMetrics(registry).record(observation)
    assert registry.get_sample_value("conndrop_up", A) == 0
    labels = A | {"phase": "", "cause": "unknown"}
    assert registry.get_sample_value("conndrop_session_failures_total", labels) == 1


def test_echoes(registry: CollectorRegistry) -> None:
    series = PingMetrics(registry)
    for observation in (
        echo(rtt=0.01), echo(rtt=0.02, variation=0.01), echo(lost=True), echo(sent=False, duplicates=1),
        echo(sent=False, failure=Failure(phase=None, cause=Cause.DNS_FAILURE, detail="x")), echo(rtt=None),
    ):  # fmt: skip
        series.record(observation)
    names = (
        "sent_total",
        "lost_total",
        "duplicates_total",
        "rtt_seconds_count",
        "rtt_variation_seconds_count",
    )
    assert [registry.get_sample_value(f"conndrop_ping_{name}", A) for name in names] == [4, 1, 1, 2, 1]


def everything(vantage: str | None) -> Scrape:
    registry = new_registry()
    where = Endpoint(dialect="mysql", host="db", port=3306, user="u", password=None, database="d")
    TargetInfo([Target(name="a", endpoint=where, labels={"team": "shop"})], registry)
    own = OwnMetrics(registry)
    own.configured()
    for name, series in SERIES.items():
        series(registry).expect("a")
        own.expect(name, MISSED_REASONS)
        own.ran(name, 0.001)
        own.missed(name, MISSED_REASONS[0], 2)
    return Scrape(registry, vantage)


@pytest.mark.parametrize("vantage", [None, "app-1"])
def test_promtool_has_no_complaint(vantage: str | None) -> None:
    """It reads the text form only; the other one is parsed below."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: it comes with the package prometheus")
    _, content = everything(vantage)("")
    done = subprocess.run([promtool, "check", "metrics"], input=content, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_vantage_is_on_everything() -> None:
    _, content = everything("app-1")("")
    samples = [sample for family in parse_text(content.decode()) for sample in family.samples]
    assert samples
    assert all(sample.labels["vantage"] == "app-1" for sample in samples)


def test_both_forms_say_the_same_and_no_series_is_about_creation() -> None:
    scrape = everything(None)
    kind, plain = scrape("")
    other_kind, openmetrics = scrape(OPENMETRICS)
    assert kind.startswith("text/plain")
    assert other_kind.startswith("application/openmetrics-text")
    names = [
        {
            sample.name
            for family in families
            for sample in family.samples
            if sample.name.startswith("conndrop")
        }
        for families in (parse_text(plain.decode()), parse_openmetrics(openmetrics.decode()))
    ]
    assert names[0] == names[1]
    assert not any(name.endswith("_created") for name in names[0])


def test_an_accept_header_that_makes_no_sense_gets_text() -> None:
    kind, _ = everything(None)("application/openmetrics-text; version=abc")
    assert kind.startswith("text/plain")


def test_what_is_known_of_a_target() -> None:
    _, content = everything(None)("")
    (line,) = (line for line in content.decode().splitlines() if line.startswith("conndrop_target_info"))
    assert line == 'conndrop_target_info{dialect="mysql",host="db",port="3306",target="a",team="shop"} 1.0'


def test_a_crowd_is_served_from_one_rendering() -> None:
    """It is good for a moment; a scrape after it sees what is new."""
    registry = new_registry()
    series = PingMetrics(registry)
    scrape = Scrape(registry, None)
    series.record(echo(rtt=0.01))
    first = scrape("")
    series.record(echo(rtt=0.01))
    assert scrape("") == first
    scrape._rendered = {kind: (until - FRESH, content) for kind, (until, content) in scrape._rendered.items()}
    assert b'conndrop_ping_sent_total{target="a"} 2.0' in scrape("")[1]
