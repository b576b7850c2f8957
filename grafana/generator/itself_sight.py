"""Exporter: how far it sees into servers, and what it leaves open."""

from typing import Final

from grafana.generator import limits, lines
from grafana.generator.exporters import OF_TARGETS
from grafana.generator.panel import Column, Lines, Query, Table
from grafana.generator.places import PLACE

LOOKS: Final = "conndrop_server_look_seconds"

SIGHT: Final = (
    Table(
        number=18,
        title="What servers let it see",
        reads="One line for each target. Each privilege that the exporter's account lacks hides something; "
        "which they are, and the statements that grant them, stand in /api/v1/targets. Looks that fail leave "
        "the Server dashboard without values.",
        unit="short",
        labels={"target": "Target", "vantage": "Vantage", "instance": "Instance"},
        sort="-Lacks",
        columns=(
            Column(
                title="Lacks",
                expr=PLACE.latest("conndrop_server_missing_privileges"),
                limits=limits.HAPPENED,
                decimals=0,
            ),
            Column(
                title="Looks that fail",
                expr=PLACE.share("conndrop_server_look_failures_total", "conndrop_server_looks_total"),
                unit="percentunit",
                decimals=0,
            ),
            Column(title="Looks p95", expr=PLACE.quantile(0.95, LOOKS), unit="s"),
            Column(
                title="Own connections",
                expr=PLACE.latest("conndrop_server_own_connections"),
                decimals=0,
            ),
        ),
    ),
    Lines(
        number=19,
        title="What a look at the server takes, 95 of 100",
        reads="How long 95 of 100 looks at what a server tells took: what looking costs it. Looks that get "
        "slower are a server that is busy, or has very many connections to tell of.",
        unit="s",
        queries=(Query(expr=PLACE.quantile(0.95, LOOKS), legend=PLACE.named),),
    ),
    lines.held(
        20,
        "How many connections each exporter holds open at all targets together, by the probe that "
        "holds them. They are given back as soon as a server is full.",
        OF_TARGETS,
        width=24,
    ),
)
