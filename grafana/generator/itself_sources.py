"""Exporter: where it discovers targets, and whether the lists there can be used."""

from typing import Final

from grafana.generator import words
from grafana.generator.panel import Column, Lines, Query, Table
from grafana.generator.questions import Subject

SOURCE: Final = Subject(
    by=("vantage", "instance", "source"), named="{{vantage}} {{instance}} {{source}}", of="<from>"
)

SOURCES: Final = (
    Table(
        number=27,
        title="Where targets are discovered",
        reads="One line for each source of targets: files, a server's list, records in DNS. While a list "
        "cannot be used the last good one holds, so that nothing is lost but news; the exporter's log says "
        "what is wrong with it. Targets are those of all shards.",
        unit="short",
        labels={"source": "Source", "vantage": "Vantage", "instance": "Instance"},
        sort="Good",
        columns=(
            Column(title="Good", expr=SOURCE.least("conndrop_discovery_up"), words=words.WANTED, width=70),
            Column(title="Targets", expr=SOURCE.latest("conndrop_discovery_targets"), decimals=0),
            Column(
                title="Looks that fail",
                expr=SOURCE.share("conndrop_discovery_failures_total", "conndrop_discovery_refreshes_total"),
                unit="percentunit",
                decimals=0,
            ),
            Column(
                title="Good last",
                expr=f"1000 * ({SOURCE.latest('conndrop_discovery_last_success_timestamp_seconds')} > 0)",
                unit="dateTimeFromNow",
            ),
        ),
    ),
    Lines(
        number=28,
        title="Targets that are discovered, by source",
        reads="How many targets are in force that each source has found. A step is a list that has changed; "
        "a source without a line has been taken out of the configuration.",
        unit="short",
        decimals=0,
        queries=(Query(expr=SOURCE.latest("conndrop_discovery_targets"), legend=SOURCE.named),),
    ),
)
