"""Alerts on the exporter itself: where it is blind, or shows what is not so."""

from typing import Final

from exporter.alerts.bridging import A_MINUTE, bridged
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Cause, Severity

AT_ONCE: Final = (Level(severity=Severity.WARNING),)
FOR_TEN: Final = (Level(severity=Severity.WARNING, lasts="10m"),)
DOWN: Final = Alert(
    name="ConndropExporterDown",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.CRITICAL, lasts="2m"),),
    expr="""\
up{job=<exporter_job:quoted>} == 0
or
absent(up{job=<exporter_job:quoted>})
""",
    summary="Prometheus has no answer from an exporter of the job {{ $labels.job }}: its databases are "
    "unwatched",
    evidence="for 2 minutes {{ with $labels.instance }}every scrape of {{ . }} has failed{{ else }}there has "
    "been none to scrape{{ end }}",
    fix="See in Prometheus, Status > Targets, what it says of it; then whether conndrop run is running, and "
    "the last lines of its log",
    served=False,
)
# The share is that of all targets, whatever labels users give them. It counts those of the last 5 minutes,
# and so stays until the last incident is over: they do not end all at once, and none that is left must page.
UPLINK: Final = Alert(
    name="ConndropUplinkDown",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.CRITICAL),),
    expr="""\
max without (target, cause) (last_over_time(conndrop_incident_active{cause="client.local_network"}[2m]) == 1)
* on (job, instance, vantage) group_left ()
avg by (job, instance, vantage) (
  max_over_time(conndrop_incident_active{cause="client.local_network"}[5m])
) > 0.5
""",
    summary="The host of the exporter at {{ $labels.instance }} is cut off; the databases may be well",
    evidence="{{ $value | humanizePercentage }} of its targets fail because packets do not leave this host",
    fix="On that host, see interfaces, routes and firewall: ip -brief address; ip route; nft list ruleset",
)
MISSED: Final = Alert(
    name="ConndropProbesMissed",
    kind=Kind.EXPORTER,
    levels=FOR_TEN,
    expr="""\
sum without (reason) (rate(conndrop_probe_runs_missed_total[5m]))
/
(
  sum without (reason) (rate(conndrop_probe_runs_missed_total[5m]))
  +
  rate(conndrop_probe_runs_total[5m])
) > <missed_runs>
""",
    summary="The exporter at {{ $labels.instance }} misses runs of {{ $labels.probe }}",
    evidence="{{ $value | humanizePercentage }} of those that were due in the last 5 minutes did not take "
    "place; more than <missed_runs:percent> are too many",
    fix="See why: sum by (reason) (increase(conndrop_probe_runs_missed_total"
    '{instance="{{ $labels.instance }}", probe="{{ $labels.probe }}"}[5m]))',
)
ERROR: Final = Alert(
    name="ConndropMeasurementErrorHigh",
    kind=Kind.EXPORTER,
    levels=FOR_TEN,
    expr="""\
histogram_quantile(0.99, rate(conndrop_measurement_error_seconds_bucket[5m])) > <measurement_error>
""",
    summary="Delays that {{ $labels.probe }} measures at {{ $labels.instance }} are wrong",
    evidence="one in a hundred measured on the loopback interface, where nothing is in between, was off by "
    "{{ $value | humanizeDuration }} or more; <measurement_error:duration> is too much",
    fix="See whether that host has processor time to spare, or its hypervisor takes it away: vmstat 1 10",
)
RELOAD: Final = Alert(
    name="ConndropReloadFailed",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.WARNING, lasts="1m"),),
    expr=f"""\
{bridged("conndrop_config_last_reload_success_timestamp_seconds", A_MINUTE)}
and
{bridged("conndrop_config_last_reload_successful", A_MINUTE)} == 0
""",
    summary="The exporter at {{ $labels.instance }} could not read its configuration",
    evidence="it goes on with the one read at {{ $value | humanizeTimestamp }}",
    fix="Have all its mistakes listed, each with its line: conndrop check FILE",
)
DISCOVERY: Final = Alert(
    name="ConndropDiscoveryFailing",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.WARNING, lasts="15m"),),
    expr=f"{bridged('conndrop_discovery_up')} == 0",
    summary="The exporter at {{ $labels.instance }} cannot find out which databases {{ $labels.source }} "
    "lists",
    evidence="for 15 minutes it has found no list there that it can use; the last good one holds, if there "
    "was any",
    fix="Read in the exporter's log what is wrong with it: targets cannot be discovered",
)
UNNAMED: Final = f'conndrop_incident_active{{cause="{Cause.UNKNOWN}"}}'
UNKNOWN: Final = Alert(
    name="ConndropCauseUnknown",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr=f"max without (cause) {bridged(UNNAMED)} == 1",
    summary="{{ $labels.target }} is in trouble, and no cause stands out",
    evidence="for 5 minutes there has been an incident without a name",
    fix="Read what was seen, and which causes it could be: "
    "/incidents?target={{ $labels.target }}&active=true",
)
RESTARTED: Final = Alert(
    name="ConndropMeterRestarted",
    kind=Kind.EXPORTER,
    levels=AT_ONCE,
    expr="increase(conndrop_meter_restarts_total[15m]) > 0",
    summary="The process that measures for the exporter at {{ $labels.instance }} died and was started again",
    evidence='restarts within 15 minutes: {{ $value | printf "%.0f" }}; meanwhile nothing was measured',
    fix="See in the exporter's log what ended it, and whether the kernel did: journalctl -k --grep "
    "'oom-kill'",
)
# A server that lets nobody in has alerts of its own.
BLIND: Final = Alert(
    name="ConndropServerViewFailing",
    kind=Kind.EXPORTER,
    levels=(Level(severity=Severity.WARNING, lasts="15m"),),
    expr=f"""\
sum without (cause) (rate(conndrop_server_look_failures_total[5m]))
/
rate(conndrop_server_looks_total[5m]) > 0.5
unless
{bridged("conndrop_up")} == 0
""",
    summary="{{ $labels.target }} lets sessions in and does not say how it is: alerts on the server are "
    "blind",
    evidence="{{ $value | humanizePercentage }} of the looks at it failed in the last 5 minutes",
    fix="See of what they fail: "
    'topk(3, increase(conndrop_server_look_failures_total{target="{{ $labels.target }}"}[5m]))',
)
# What has neither is no target any more, and what is new has no rate yet.
RECORDS: Final = Alert(
    name="ConndropRecordsMissing",
    kind=Kind.EXPORTER,
    levels=FOR_TEN,
    expr=f"""\
count without (target) (
  {bridged("conndrop_up")} unless target:conndrop_session_failures:ratio_rate5m
)
""",
    summary="Prometheus lacks series that the alerts on the exporter at {{ $labels.instance }} ask for",
    evidence="of {{ $value }} targets it has what the exporter tells, and not what conndrop-records.yml "
    "makes of it: loss, delay and failing sessions cause no alert",
    fix="Load conndrop-records.yml beside the other files: "
    "rule_files: [/etc/prometheus/conndrop/conndrop-*.yml]",
)
ITSELF: Final = (
    Group(
        name="conndrop-exporter",
        rules=(DOWN, MISSED, ERROR, RELOAD, DISCOVERY, UNKNOWN, RESTARTED, BLIND, RECORDS),
    ),
)
