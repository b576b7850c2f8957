"""How the exporter itself is doing, as it counts it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.exposition.families import Families
from exporter.exposition.own import OwnMetrics
from exporter.exposition.registry import Scrape, new_registry
from exporter.net.engine import Punctuality
from exporter.runtime.crew import MISSED_REASONS
from tests.scraping import value


def test_how_the_exporter_itself_is_doing() -> None:
    registry, families = new_registry(), Families()
    own = OwnMetrics(registry, families)
    own.expect("ping", MISSED_REASONS)
    own.ran("ping", 0.002)
    own.punctual("ping", Punctuality((3, *[0] * 10, 1), 4.5, 7, 2))
    own.punctual("path", Punctuality((3, *[0] * 10, 1), 4.5, 7, 2))  # not expected, and not published
    own.erred("ping", 0.0000015)
    own.heartbeat("meter", Punctuality((0,) * 12, 0.2, 0, 0))
    own.heartbeat("meter", Punctuality((1,) + (0,) * 11, 0.2, 0, 0))
    own.clock_stepped()
    own.restarted()
    assert registry.get_sample_value("conndrop_probe_runs_total", {"probe": "ping"}) == 5
    missed = {"probe": "ping", "reason": "coalesced"}
    assert registry.get_sample_value("conndrop_probe_runs_missed_total", missed) == 7
    unseen = {"probe": "ping", "reason": "unseen"}
    assert registry.get_sample_value("conndrop_probe_runs_missed_total", unseen) == 2
    assert registry.get_sample_value("conndrop_probe_runs_total", {"probe": "path"}) is None
    assert registry.get_sample_value("conndrop_clock_steps_total") == 1
    assert registry.get_sample_value("conndrop_meter_restarts_total") == 1
    assert value(families, "conndrop_probe_lag_seconds_bucket", probe="ping", le="0.001") == 3
    assert value(families, "conndrop_probe_lag_seconds_count", probe="ping") == 5
    assert value(families, "conndrop_probe_lag_seconds_sum", probe="ping") == pytest.approx(4.502)
    assert value(families, "conndrop_measurement_error_seconds_bucket", probe="ping", le="2e-06") == 1
    assert value(families, "conndrop_heartbeat_lag_seconds_count", process="meter") == 1
    assert value(families, "conndrop_heartbeat_lag_seconds_count", process="exporter") == 0


def test_lateness_of_many_threads_is_counted_to_the_last() -> None:
    families = Families()
    own = OwnMetrics(new_registry(), families)
    with ThreadPoolExecutor(8) as crew:
        for _ in range(4000):
            crew.submit(own.ran, "session", 0.01)
    assert value(families, "conndrop_probe_lag_seconds_count", probe="session") == 4000


def test_what_has_no_series_yet_is_not_published() -> None:
    families = Families()
    registry = new_registry()
    OwnMetrics(registry, families)
    _, content = Scrape(registry, families)("")
    assert b"conndrop_clock_steps_total 0.0\n" in content
    assert b"conndrop_probe_runs_total" not in content
    assert b"conndrop_probe_lag_seconds" not in content
