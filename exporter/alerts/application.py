"""Alerts on what an instrumented application says of itself."""

from typing import Final

from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

# One and the same for all processes of an application. Where nothing was taken, each error is one too many.
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
APPLICATION: Final = (Group(name="conndrop-application", rules=(ERRORS,)),)
