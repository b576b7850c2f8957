"""Recording rules: what alerts and dashboards ask for often, under names of `level:metric:operations`.

All keep the labels that a target's series have besides the metric's own, the user's included.
"""

from typing import Final

from exporter.alerts.rule import Group, Record

SHORT: Final = ("5m", "30m", "1h", "2h", "6h")
LONG: Final = ("1d", "3d", "30d")
SELDOM: Final = "2m"
"""How often to look back for days: it takes many samples. A series lasts for 5 minutes without a new one."""


def _outages(window: str) -> Record:
    return Record(
        name=f"target:conndrop_outage_seconds:rate{window}",
        expr=f"rate(conndrop_outage_seconds_total[{window}])",
    )


NETWORK: Final = Group(
    name="conndrop-records-network",
    rules=(
        Record(
            name="target:conndrop_ping_loss:ratio_rate5m",
            expr="rate(conndrop_ping_lost_total[5m]) / rate(conndrop_ping_sent_total[5m])",
        ),
        Record(
            name="target:conndrop_ping_rtt_seconds:mean5m",
            expr="rate(conndrop_ping_rtt_seconds_sum[5m]) / rate(conndrop_ping_rtt_seconds_count[5m])",
        ),
        Record(
            name="target:conndrop_tcp_connect_seconds:mean5m",
            expr="rate(conndrop_tcp_connect_seconds_sum[5m]) / rate(conndrop_tcp_connect_seconds_count[5m])",
        ),
        # Where echoes are not answered, a SYN's round trip stands in; 0 / 0 is left out by the comparison.
        Record(
            name="target:conndrop_rtt_seconds:mean5m",
            expr="target:conndrop_ping_rtt_seconds:mean5m > 0\n"
            "or\n"
            "target:conndrop_tcp_connect_seconds:mean5m > 0",
        ),
        Record(
            name="target:conndrop_ping_rtt_variation_seconds:mean5m",
            expr="rate(conndrop_ping_rtt_variation_seconds_sum[5m])"
            " / rate(conndrop_ping_rtt_variation_seconds_count[5m])",
        ),
        Record(
            name="target:conndrop_dns_failures:ratio_rate5m",
            expr="sum without (cause) (rate(conndrop_dns_failures_total[5m]))"
            " / rate(conndrop_dns_queries_total[5m])",
        ),
    ),
)
CONNECTIONS: Final = Group(
    name="conndrop-records-connections",
    rules=(
        Record(
            name="target:conndrop_session_failures:ratio_rate5m",
            expr="sum without (phase, cause) (rate(conndrop_session_failures_total[5m]))"
            " / rate(conndrop_session_attempts_total[5m])",
        ),
        *map(_outages, SHORT),
    ),
)
SERVER: Final = Group(
    name="conndrop-records-server",
    rules=(
        *(
            Record(
                name=f"target:conndrop_server_{counter}:rate5m",
                expr=f"clamp_min(rate(conndrop_server_{counter}_total[5m])"
                f" - rate(conndrop_server_own_{counter}_total[5m]), 0)",
            )
            for counter in ("aborted_connects", "aborted_clients")
        ),
        Record(
            name="target:conndrop_server_connections:sum",
            expr="sum without (state) (conndrop_server_connections)",
        ),
    ),
)
DAYS: Final = Group(
    name="conndrop-records-days",
    interval=SELDOM,
    rules=(
        Record(
            name="target:conndrop_rtt_seconds:median1d",
            expr="quantile_over_time(0.5, target:conndrop_rtt_seconds:mean5m[1d])",
        ),
        Record(
            name="target:conndrop_ping_loss:min1d",
            expr="min_over_time(target:conndrop_ping_loss:ratio_rate5m[1d])",
        ),
        Record(
            name="target:conndrop_dns_answer_changes:increase1d",
            expr="increase(conndrop_dns_answer_changes_total[1d])",
        ),
        Record(
            name="target:conndrop_server_aborted_connects:mean1d",
            expr="avg_over_time(target:conndrop_server_aborted_connects:rate5m[1d])",
        ),
        Record(
            name="target:conndrop_server_read_only:min1d",
            expr="min_over_time(conndrop_server_read_only[1d])",
        ),
        *map(_outages, LONG),
    ),
)
RECORDS: Final = (NETWORK, CONNECTIONS, SERVER, DAYS)
