"""Alerts on what an instrumented application says of itself."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

# All processes of an application are looked at as one. Where nothing was taken, each error is one too many.
ERRORS: Final = Alert(
    name="DatabaseApplicationErrors",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING, lasts="5m"),),
    expr="""\
clamp_max(
  sum without (cause, error, pid, instance) (rate(conndrop_app_errors_total[5m]))
  /
  sum without (pid, instance) (rate(conndrop_app_checkout_seconds_count[5m])),
  1
) > <application_errors>
""",
    summary="The application {{ $labels.job }} meets database errors at {{ $labels.target }}",
    evidence="{{ $value | humanizePercentage }} of the connections that it took in the last 5 minutes "
    "met one; more than <application_errors:percent> are too many",
    fix="See which errors, and in which of its processes: "
    'topk(5, increase(conndrop_app_errors_total{target="{{ $labels.target }}"}[5m]))',
    served=False,
)
EXHAUSTED: Final = Alert(
    name="DatabasePoolExhausted",
    kind=Kind.SYMPTOM,
    levels=(Level(severity=Severity.WARNING),),
    expr="""\
sum without (cause, error, pid, instance) (
  increase(conndrop_app_errors_total{cause="client.pool_exhausted"}[5m])
) > 0
""",
    summary="The pool of the application {{ $labels.job }} has no connection to {{ $labels.target }} left to "
    "hand out",
    evidence='{{ $value | printf "%.0f" }} checkouts waited in vain for pool_timeout within 5 minutes',
    fix="See who keeps connections checked out: sessions that are idle in a transaction, slow queries, code "
    "that does not give its connection back",
    served=False,
)
APPLICATION: Final = (Group(name="conndrop-application", rules=(ERRORS, EXHAUSTED)),)
