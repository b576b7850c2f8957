"""Alerts on what several vantages agree on: it is the server, the way to it, or one's own place."""

from typing import Final

from exporter.alerts.compared import COMPARED, PLACE, TROUBLE, VERDICT
from exporter.alerts.rule import Alert, Group, Kind, Level
from exporter.model import Severity

RECOVERY: Final = "5m"
"""For how long some may have trouble after others have recovered, until that is told as something new."""
LEVELS: Final = tuple(
    Level(severity=severity, values={"worst": str(severity)})
    for severity in (Severity.CRITICAL, Severity.WARNING)
)


def _now(verdict: str, *before: str) -> str:
    """Ask for a verdict, but not where it has just been one of those `before`.

    Who recovers a little later than others is alone for that time, and it is still the same trouble.
    """
    those = f'verdict=~"{"|".join(before)}",severity="<worst>"'
    return (
        f'{VERDICT.name}{{verdict="{verdict}",severity="<worst>"}}'
        f" unless on ({PLACE}) last_over_time({VERDICT.name}{{{those}}}[{RECOVERY}])"
    )


def _listed(selected: str, of: str, shown: str, by: str, before: str = "") -> str:
    """Write the template that lists series, sorted by a label, after the words `before` if there are any.

    `selected` is an expression in which each %q is one of the alert's labels that `of` names.
    """
    labels = " ".join(f"$labels.{name}" for name in of.split())
    asked = f'query (printf `{selected}` {labels}) | sortByLabel "{by}"'
    between = (
        f"{{{{ if $number }}}}, {{{{ else }}}}{before}{{{{ end }}}}"
        if before
        else "{{ if $number }}, {{ end }}"
    )
    return f"{{{{ range $number, $one := {asked} }}}}{between}{shown}{{{{ end }}}}"


def _exporters(selected: str) -> str:
    return _listed(selected, "job target", "{{ or $one.Labels.vantage $one.Labels.instance }}", "instance")


OF_TARGET: Final = 'job=%q,target=%q,severity="<worst>"'
NAMED: Final = _listed(
    "count by (cause) (conndrop_incident_active{job=%q,target=%q} == 1)",
    "job target",
    "{{ $one.Labels.cause }} ({{ $one.Value }})",
    "cause",
    before="; what they call it: ",
)
SILENT: Final = _listed(
    "count by (instance) (up{job=%q} == 0)",
    "job",
    "{{ $one.Labels.instance }}",
    "instance",
    before="; not scraped, so they say nothing: ",
)
ON_THE_WAY: Final = _exporters(f'{VERDICT.name}{{{OF_TARGET},verdict="path"}}')
FEW: Final = f"{{{{ if gt $value 5.0 }}}}{{{{ $value }}}} exporters{{{{ else }}}}{ON_THE_WAY}{{{{ end }}}}"
"""For a title, in which there is no room for many."""
TARGETS: Final = _listed(
    f'topk(10, {VERDICT.name}{{job=%q,vantage=%q,instance=%q,severity="<worst>",verdict="here"}})',
    "job vantage instance",
    "{{ $one.Labels.target }}",
    "target",
)
EVERYWHERE: Final = Alert(
    name="DatabaseTroubleEverywhere",
    kind=Kind.VERDICT,
    levels=LEVELS,
    expr=f'count by (job, target) ({VERDICT.name}{{verdict="server",severity="<worst>"}})',
    summary="{{ $labels.target }} has trouble wherever it is watched from: it is the server, or what stands "
    "right before it",
    evidence=f"all {{{{ $value }}}} exporters that watch it see it: "
    f"{_exporters(f'{TROUBLE.name}{{{OF_TARGET}}} == 1')}{SILENT}{NAMED}",
    fix="Look at the server and its own network first, and leave hosts and routes of clients alone; "
    "conndrop causes CAUSE says what to do",
    annotations={"seen": "everywhere: the server"},
    served=False,
)
WAY: Final = Alert(
    name="DatabaseTroubleOnTheWay",
    kind=Kind.VERDICT,
    levels=LEVELS,
    expr=f"count by (job, target) ({_now('path', 'server', 'here')})",
    summary="{{ $labels.target }} is in trouble where some exporters stand, and well where others do: it is "
    "the way",
    evidence=f"trouble from {ON_THE_WAY}; none from "
    f"{_exporters(f'{TROUBLE.name}{{{OF_TARGET}}} == 0')}{NAMED}",
    fix="Compare the ways, and what the server thinks of these clients: conndrop path TARGET at one of each; "
    "firewalls, routes, accounts and addresses allowed in between",
    annotations={"seen": f"{FEW} only: the way"},
    served=False,
)
HERE: Final = Alert(
    name="ConndropVantageAlone",
    kind=Kind.VERDICT,
    levels=LEVELS,
    expr=f"count by (job, vantage, instance) ({_now('here', 'server')})",
    summary="The exporter at {{ $labels.instance }} has trouble with databases that are well for others: it "
    "is its host or its uplink",
    evidence=f"of its targets that others see well it has trouble with {{{{ $value }}}}, such as {TARGETS}",
    fix="On that host, see interfaces, routes and firewall, then the router that it goes out by: "
    "ip -brief address; ip route; nft list ruleset",
    annotations={"seen": "{{ or $labels.vantage $labels.instance }} only"},
)
VANTAGES: Final = (
    Group(
        name="conndrop-vantages",
        rules=(*COMPARED, EVERYWHERE, WAY, HERE),
    ),
)
