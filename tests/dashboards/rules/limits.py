"""Rules of the limits from which on a value is no longer good: they are the alerts'."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

from exporter.alerts import Thresholds
from tests.dashboards.boards import Board, Panel
from tests.dashboards.expressions import Asked, asked
from tests.dashboards.rules.questions import heading, named, sound

PLAIN: Final = {0.0, 1.0}
"""Limits that are no matter of taste: that there is something, or nothing."""
JUDGED: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("conndrop_ping_lost_total", "percentunit"): ("packet_loss_warning", "packet_loss_critical"),
    ("conndrop_ping_rtt_seconds_sum", "s"): ("latency",),
    ("conndrop_ping_rtt_variation_seconds_sum", "s"): ("jitter",),
    ("conndrop_session_failures_total", "percentunit"): (
        "session_failures_warning",
        "session_failures_critical",
    ),
    ("conndrop_dns_failures_total", "percentunit"): ("name_failures",),
    ("conndrop_tls_certificate_expiry_timestamp_seconds", "s"): (
        "certificate_warning",
        "certificate_critical",
    ),
    ("conndrop_tls_chain_expiry_timestamp_seconds", "s"): ("certificate_warning", "certificate_critical"),
    ("conndrop_server_aborted_connects_total", "cps"): (
        "aborted_connects_warning",
        "aborted_connects_critical",
    ),
    ("conndrop_server_limit_usage_ratio", "percentunit"): ("saturation_warning", "saturation_critical"),
    ("conndrop_server_host_connect_errors", "percentunit"): ("blocked_warning",),
    ("conndrop_server_oldest_idle_in_transaction_seconds", "s"): (
        "idle_in_transaction_warning",
        "idle_in_transaction_critical",
    ),
    ('conndrop_server_connections{state="active"}', "percentunit"): ("load_warning", "load_critical"),
    ('conndrop_server_connections{state="idle_in_transaction"}', "percentunit"): (
        "idle_in_transaction_share",
    ),
    ("conndrop_server_aborted_clients_total[5m]", "short"): ("aborted_clients",),
    ("conndrop_pooler_longest_wait_seconds", "s"): ("pooler_wait",),
    ("conndrop_app_errors_total", "percentunit"): ("application_errors",),
    ("conndrop_probe_runs_missed_total", "percentunit"): ("missed_runs",),
    ("node_cpu_seconds_total", "percentunit"): ("host_cpu",),
    ("node_memory_MemAvailable_bytes", "percentunit"): ("host_memory",),
    ("node_filesystem_avail_bytes", "percentunit"): ("host_disk",),
    ("node_pressure_memory_stalled_seconds_total", "percentunit"): ("host_pressure",),
    ("node_network_receive_errs_total", "percentunit"): ("host_packet_errors",),
    ("node_netstat_Tcp_RetransSegs", "percentunit"): ("host_retransmits",),
    ("node_nf_conntrack_entries", "percentunit"): ("host_connections",),
}
"""What alerts judge, in the unit in which they do: a series, or a part or growth of it, and thresholds."""
LIKE: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("conndrop_measurement_error_seconds_bucket", "s"): ("measurement_error",),
    ("conndrop_outage_seconds_total", "percentunit"): ("availability",),
    ('conndrop_server_connections{state="waiting"}', "short"): ("pooler_waiting",),
}
"""What may have an alert's limits though it judges few of them, or other times."""
HALF: Final[Mapping[tuple[str, str], str]] = {
    ("conndrop_incident_active", "percentunit"): "ConndropUplinkDown",
    ("conndrop_server_look_failures_total", "percentunit"): "ConndropServerViewFailing",
}
"""What may have the limit of an alert that is about half of something, which is no matter of taste."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Series that are shown together, in a unit, and from where on they are no longer good."""

    where: str
    series: frozenset[str]
    unit: str
    limits: tuple[float, ...]


def in_order(board: Board) -> Iterator[str]:
    """Limits ascend, from a first one that is below everything."""
    for panel in board.panels:
        for thresholds in _thresholds(panel):
            values = [step["value"] for step in thresholds["steps"]]
            if values[:1] != [None] or thresholds["mode"] != "absolute":
                yield f"{named(panel)} has limits that begin with {values[:1]}"
            elif values[1:] != sorted(set(values[1:])):
                yield f"{named(panel)} has limits out of order: {values}"


def those_of_the_alerts(board: Board) -> Iterator[str]:
    """What an alert judges has that alert's limits, and nothing else has any but of being there."""
    thresholds = dict(Thresholds())
    for judged in _judged(board):
        names, close = _named(judged, JUDGED), _named(judged, LIKE)
        wanted = {float(thresholds[name]) for name in names}
        halves = {0.5 for one in judged.series if (one, judged.unit) in HALF}
        allowed = wanted | PLAIN | halves | {float(thresholds[name]) for name in close}
        found = set(judged.limits)
        if not wanted <= found <= allowed:
            yield f"{judged.where} has the limits {sorted(found)}, not those of {sorted(set(names))}"


def _named(judged: Judged, table: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    return [name for one in judged.series for name in table.get((one, judged.unit), ())]


def _judged(board: Board) -> Iterator[Judged]:
    """Give columns one by one, and all that is shown in other panels together."""
    series: dict[int, dict[str, frozenset[str]]] = {}
    for question, expr in sound(board):
        if question.panel and question.query:
            found = frozenset(name for one in asked(expr) for name in _subjects(one))
            series.setdefault(question.panel.number, {})[question.query.letter] = found
    for panel in board.panels:
        letters = series.get(panel.number, {})
        yield from _columns(panel, letters) if panel.kind == "table" else _whole(panel, letters)


def _subjects(series: Asked) -> Iterator[str]:
    """Name a series, and each part of it that is asked for by itself, and its growth in a span."""
    yield series.name
    for label, sign, value in series.matchers:
        if sign == "=":
            yield f'{series.name}{{{label}="{value}"}}'
    if series.span is not None:
        yield f"{series.name}[{promql_parser.display_duration(series.span)}]"


def _whole(panel: Panel, letters: Mapping[str, frozenset[str]]) -> Iterator[Judged]:
    if letters and panel.kind != "heatmap":
        defaults = panel.document["fieldConfig"]["defaults"]
        yield Judged(
            where=named(panel),
            series=frozenset().union(*letters.values()),
            unit=defaults["unit"],
            limits=_limits(defaults),
        )


def _columns(panel: Panel, letters: Mapping[str, frozenset[str]]) -> Iterator[Judged]:
    for query in panel.queries:
        looks = _looks(panel, heading(panel, query))
        if looks:
            yield Judged(
                where=f"{named(panel)} {heading(panel, query)!r}",
                series=letters.get(query.letter, frozenset()),
                unit=looks.get("unit", ""),
                limits=_limits(looks),
            )


def _looks(panel: Panel, name: str) -> dict[str, Any]:
    """Give how a column looks; nothing for one that is not shown."""
    found: dict[str, Any] = {}
    for override in panel.document["fieldConfig"]["overrides"]:
        if name and override["matcher"]["options"] == name:
            found |= {one["id"]: one["value"] for one in override["properties"]}
    return found


def _limits(looks: Mapping[str, Any]) -> tuple[float, ...]:
    steps = looks.get("thresholds", {}).get("steps", ())
    return tuple(step["value"] for step in steps if step["value"] is not None)


def _thresholds(panel: Panel) -> Iterator[dict[str, Any]]:
    config = panel.document.get("fieldConfig", {"defaults": {}, "overrides": ()})
    if "thresholds" in config["defaults"]:
        yield config["defaults"]["thresholds"]
    for override in config["overrides"]:
        yield from (looks["value"] for looks in override["properties"] if looks["id"] == "thresholds")
