"""The exporters themselves: whether what they tell can be trusted, and what they cost."""

from typing import Final

from grafana.generator import columns, limits, words
from grafana.generator.exporters import SCRAPE, missed, of_process, of_scrapes
from grafana.generator.itself_cost import COST
from grafana.generator.itself_host import HOST
from grafana.generator.itself_sight import SIGHT
from grafana.generator.itself_sources import SOURCES
from grafana.generator.itself_truth import MISSED, TIME, TRUTH
from grafana.generator.panel import Board, Column, Query, Row, Table, Timeline

EXPORTERS: Final = Table(
    number=1,
    title="Exporters",
    reads="One line for each exporter that has been scraped within the time range, as it is now. One that "
    "is down watches nothing: its panels are empty, and that is no good news. Read on from the left: "
    "whether its configuration was sound, since when it runs, and whether it does what it should when it "
    "should: runs missed, how late 99 of 100 began, and by how much its measurements are wrong. What the "
    "last day has brought should be 0.",
    unit="short",
    width=24,
    height=6,
    labels={
        "job": "Job",
        "instance": "Instance",
        "vantage": "Vantage",
        "version": "Version",
        "python_version": "Python",
    },
    sort="Up",
    columns=(
        Column(
            title="Build",
            expr=SCRAPE.latest("conndrop_build_info", "vantage", "version", "python_version"),
            hidden=True,
        ),
        Column(title="Up", expr=f"max {SCRAPE.each()} ({of_scrapes('up')})", words=words.UP, width=70),
        Column(
            title="Configuration sound",
            expr=SCRAPE.latest("conndrop_config_last_reload_successful"),
            words=words.WANTED,
        ),
        Column(
            title="Configured",
            expr=f"1000 * {SCRAPE.latest('conndrop_config_last_reload_success_timestamp_seconds')}",
            unit="dateTimeFromNow",
        ),
        Column(
            title="Started",
            expr=f"1000 * {of_process('process_start_time_seconds', SCRAPE)}",
            unit="dateTimeFromNow",
        ),
        Column(title="Targets", expr=f"count {SCRAPE.each()} (conndrop_target_info{{<of>}})", width=80),
        Column(title="Shard", expr=SCRAPE.latest("conndrop_shard_ordinal"), decimals=0, width=70),
        Column(title="of", expr=SCRAPE.latest("conndrop_shards"), decimals=0, width=50),
        Column(
            title="Missed",
            expr=missed(SCRAPE),
            unit="percentunit",
            limits=limits.MISSED,
            decimals=1,
            width=80,
        ),
        Column(title="Late p99", expr=SCRAPE.quantile(0.99, "conndrop_probe_lag_seconds"), unit="s"),
        Column(
            title="Wrong p99",
            expr=SCRAPE.quantile(0.99, "conndrop_measurement_error_seconds"),
            unit="s",
            limits=limits.WRONG,
        ),
        columns.day("Meter died", "conndrop_meter_restarts_total", SCRAPE),
        columns.day("Clock set", "conndrop_clock_steps_total", SCRAPE),
        columns.day("Unknown modules", "conndrop_probe_module_unknown_total", SCRAPE),
    ),
)
ANSWERING: Final = Timeline(
    number=2,
    title="Scrapes that were answered",
    reads="A band for each exporter: whether Prometheus had an answer from it. While it had none, and where "
    "there is a gap, nothing is known of any target from there.",
    unit="short",
    width=24,
    height=4,
    words=words.UP,
    queries=(
        # Prometheus gives it no vantage.
        Query(expr=f"max {SCRAPE.each()} ({of_scrapes('up')})", legend=SCRAPE.named),
    ),
)
EXPORTER: Final = Board(
    name="exporter",
    title="Exporter",
    reads="Can what the exporters tell be trusted, and what do they cost?",
    rows=(
        Row(number=100, title="Now", panels=(EXPORTERS, ANSWERING, *MISSED)),
        Row(number=101, title="Is what it measures true?", panels=TRUTH),
        Row(number=102, title="Does it run when it should?", panels=TIME),
        Row(number=103, title="Its host", panels=HOST),
        Row(number=104, title="How far it sees", panels=SIGHT),
        Row(number=106, title="Where its targets come from", panels=SOURCES),
        Row(number=105, title="What it costs", panels=COST),
    ),
)
