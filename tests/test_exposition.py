"""The series: there from the start, right in value, in every form a scraper asks for."""

import re
import shutil
import subprocess
from typing import Any

import pytest

from exporter.exposition import SERIES
from exporter.exposition.families import Families
from exporter.exposition.incidents import IncidentMetrics
from exporter.exposition.own import OwnMetrics, TargetInfo
from exporter.exposition.ping import PingMetrics
from exporter.exposition.registry import FRESH, Scrape, new_registry
from exporter.exposition.session import POSSIBLE, SessionMetrics
from exporter.model import (
    Cause,
    Clock,
    Endpoint,
    Failure,
    Observation,
    Phase,
    PingObservation,
    SessionObservation,
    Target,
)
from exporter.probes import KINDS
from exporter.runtime.crew import MISSED_REASONS
from exporter.said.mysql import NUMBERS
from exporter.said.postgres import SQLSTATES, WORDS
from tests.scraping import parse_openmetrics, parse_text, samples_of, series, value

PINGS = (
    "sent_total",
    "lost_total",
    "duplicates_total",
    "late_total",
    "reordered_total",
    "rtt_seconds_count",
    "rtt_variation_seconds_count",
)
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def families() -> Families:
    return Families()


def seen(**more: Any) -> SessionObservation:
    fixed: dict[str, Any] = {"target": "a", "probe": "session", "started": 1.0, "duration": 0.3, "phases": ()}
    return SessionObservation(**fixed | more)


def echo(**more: Any) -> PingObservation:
    return PingObservation(target="a", probe="ping", started=1.0, duration=0.01, **more)


def test_every_probe_has_its_series() -> None:
    assert {kind.name for kind in KINDS} == set(SERIES)


def test_series_are_there_from_the_start(families: Families) -> None:
    """At 0, so that an increase can be seen; but nothing is said of up before the first session."""
    SessionMetrics(families).expect("a")
    PingMetrics(families).expect("a")
    assert value(families, "conndrop_session_attempts_total", target="a") == 0
    assert value(families, "conndrop_session_seconds_count", target="a") == 0
    for phase in Phase:
        assert value(families, "conndrop_session_phase_seconds_count", target="a", phase=phase) == 0
        for cause in POSSIBLE[phase]:
            name = "conndrop_session_failures_total"
            assert value(families, name, target="a", phase=phase, cause=cause) == 0
    assert [value(families, f"conndrop_ping_{name}", target="a") for name in PINGS] == [0] * len(PINGS)
    assert value(families, "conndrop_up", target="a") is None
    assert series(families, "conndrop_ping_timestamps_info") == []


def test_every_cause_a_driver_can_name_is_foreseen() -> None:
    """Whatever a server says while it lets us in, or while it answers."""
    said = {*NUMBERS.values(), *SQLSTATES.values(), *(cause for _, cause in WORDS)}
    foreseen = {cause for causes in POSSIBLE.values() for cause in causes}
    later = {Cause.SERVER_IDLE_TIMEOUT, Cause.PROXY_IDLE_TIMEOUT}  # only of connections that are held
    assert said - later <= foreseen


def test_a_session_that_went_well(families: Families) -> None:
    SessionMetrics(families).record(seen(phases=((Phase.TCP, 0.1), (Phase.AUTH, 0.2))))
    assert value(families, "conndrop_session_attempts_total", target="a") == 1
    assert value(families, "conndrop_session_seconds_sum", target="a") == pytest.approx(0.3)
    assert value(families, "conndrop_session_phase_seconds_sum", target="a", phase="auth") == pytest.approx(
        0.2
    )
    assert value(families, "conndrop_up", target="a") == 1


@pytest.mark.parametrize(("phase", "up"), [(Phase.AUTH, 0), (Phase.CLOSE, 1)])
def test_a_session_that_failed(families: Families, phase: Phase, up: int) -> None:
    """The phases before it count; the whole does not; a goodbye that failed leaves the target up."""
    failure = Failure(phase=phase, cause=Cause.SERVER_UNRESPONSIVE, detail="x")
    SessionMetrics(families).record(seen(failure=failure, phases=((Phase.TCP, 0.1),)))
    labels = {"target": "a", "phase": phase.value, "cause": "server.unresponsive"}
    assert value(families, "conndrop_session_failures_total", **labels) == 1
    assert value(families, "conndrop_session_phase_seconds_count", target="a", phase="tcp") == 1
    assert value(families, "conndrop_session_seconds_count", target="a") is None
    assert value(families, "conndrop_up", target="a") == up


def test_a_probe_that_broke(families: Families) -> None:
    broken = Failure(phase=None, cause=Cause.UNKNOWN, detail="internal error")
    observation = Observation(target="a", probe="session", started=1.0, duration=0.0, failure=broken)
    SessionMetrics(families).record(observation)
    PingMetrics(families).record(observation)
    assert value(families, "conndrop_up", target="a") == 0
    assert value(families, "conndrop_session_failures_total", target="a", phase="", cause="unknown") == 1


def test_echoes(families: Families) -> None:
    pings = PingMetrics(families)
    pings.expect("a")
    for observation in (
        echo(sent=2, rtts=(0.01, 0.02), variations=(0.01,)), echo(sent=1, lost=1), echo(duplicates=1),
        echo(failure=Failure(phase=None, cause=Cause.DNS_FAILURE, detail="x")), echo(sent=1),
        echo(late=2), echo(sent=1, rtts=(0.03,), reordered=1),
    ):  # fmt: skip
        pings.record(observation)
    assert [value(families, f"conndrop_ping_{name}", target="a") for name in PINGS] == [5, 1, 1, 2, 1, 3, 1]


def test_whose_clock_stamps_echoes(families: Families) -> None:
    """It is what the latest answered echo says, and nothing before one was answered."""
    pings = PingMetrics(families)
    pings.expect("a")
    pings.record(echo(sent=1, lost=1))
    assert series(families, "conndrop_ping_timestamps_info") == []
    pings.record(echo(sent=1, rtts=(0.01,)))
    pings.record(echo(sent=1, lost=1, departure=Clock.KERNEL))
    before = {"target": "a", "departure": "user", "arrival": "kernel"}
    assert series(families, "conndrop_ping_timestamps_info") == [before]
    pings.record(echo(sent=1, rtts=(0.01,), departure=Clock.KERNEL))
    assert series(families, "conndrop_ping_timestamps_info") == [before | {"departure": "kernel"}]


def everything(vantage: str | None) -> Scrape:
    registry, families = new_registry(), Families(vantage)
    where = Endpoint(dialect="mysql", host="db", port=3306, user="u", password=None, database="d")
    TargetInfo(lambda: [Target(name="a", endpoint=where, labels={"team": "shop"})], registry)
    own = OwnMetrics(registry, families)
    own.configured()
    for name, begin in SERIES.items():
        begin(families).expect("a")
        own.expect(name, MISSED_REASONS)
        own.ran(name, 0.001)
        own.missed(name, MISSED_REASONS[0], 2)
    return Scrape(registry, families)


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
    found = [
        {key: figure for key, figure in samples_of(parsed).items() if key[0].startswith("conndrop")}
        for parsed in (parse_text(plain.decode()), parse_openmetrics(openmetrics.decode()))
    ]
    assert found[0] == found[1]
    assert found[0]
    assert not any(name.endswith("_created") for name, _ in found[0])
    assert openmetrics.count(b"# EOF") == 1


@pytest.mark.parametrize("escaping", ["allow-utf-8", "underscores", "dots", "values"])
@pytest.mark.parametrize("form", [OPENMETRICS, "text/plain; version=1.0.0"])
def test_however_names_are_to_be_escaped_ours_need_it_not(form: str, escaping: str) -> None:
    """Schemes that would change them all the same are not agreed to, and the content type says so."""
    scrape = everything(None)
    kind, content = scrape(f"{form};escaping={escaping}, text/plain;q=0.1")
    assert kind.endswith(f"escaping={'allow-utf-8' if escaping == 'allow-utf-8' else 'underscores'}")
    names = re.findall(rb"(?m)^([a-z_]+)[{ ]", content)
    assert {b"conndrop_build_info", b"conndrop_ping_sent_total"} <= set(names)
    assert len(scrape._rendered) == 1


def test_an_accept_header_that_makes_no_sense_gets_text() -> None:
    kind, _ = everything(None)("application/openmetrics-text; version=abc")
    assert kind.startswith("text/plain")


def test_what_is_known_of_a_target() -> None:
    _, content = everything(None)("")
    (line,) = (line for line in content.decode().splitlines() if line.startswith("conndrop_target_info"))
    assert line == 'conndrop_target_info{dialect="mysql",host="db",port="3306",target="a",team="shop"} 1.0'


def test_a_crowd_is_served_from_one_rendering() -> None:
    """It is good for a moment; a scrape after it sees what is new."""
    families = Families()
    pings = PingMetrics(families)
    scrape = Scrape(new_registry(), families)
    pings.record(echo(sent=1, rtts=(0.01,)))
    first = scrape("")
    pings.record(echo(sent=1, rtts=(0.01,)))
    assert scrape("") == first
    scrape._rendered = {kind: (until - FRESH, content) for kind, (until, content) in scrape._rendered.items()}
    assert b'conndrop_ping_sent_total{target="a"} 2.0' in scrape("")[1]


def test_incidents_are_counted_by_their_causes(families: Families) -> None:
    metrics = IncidentMetrics(families)
    metrics.expect("a")
    metrics.expect("b")
    for name in ("conndrop_incident_active", "conndrop_incidents_total", "conndrop_incident_seconds_total"):
        assert len(series(families, name)) == 2 * len(Cause)
        assert value(families, name, target="a", cause="unknown") == 0
    metrics.active("a", {Cause.SERVER_DOWN, Cause.NET_LOSS})
    metrics.counted("a", Cause.SERVER_DOWN)
    metrics.counted("a", Cause.SERVER_DOWN)
    metrics.counted("b", Cause.SERVER_DOWN)
    metrics.lasted("a", Cause.SERVER_DOWN, 1.5)
    metrics.lasted("a", Cause.SERVER_DOWN, 2)
    down = {"target": "a", "cause": "server.down"}
    assert value(families, "conndrop_incident_active", **down) == 1
    assert value(families, "conndrop_incident_active", target="a", cause="net.loss") == 1
    assert value(families, "conndrop_incident_active", target="b", cause="net.loss") == 0
    assert value(families, "conndrop_incidents_total", **down) == 2
    assert value(families, "conndrop_incident_seconds_total", **down) == 3.5
    metrics.active("a", set())
    assert value(families, "conndrop_incident_active", **down) == 0
    text = b"".join(families.render(openmetrics=False)).decode()
    assert "# TYPE conndrop_incidents_total counter" in text
    assert "# TYPE conndrop_incident_active gauge" in text
