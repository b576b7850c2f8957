"""What exporters at several vantages agree on: whether it is the server, the way to it, or one's own place.

Compared is what exporters of one job say of targets of one name. The label `site` is the user's: exporters
that share an uplink have the same one (see `docs/vantages.md`).
"""

from typing import Final

from exporter.alerts.incidents import DROPPING
from exporter.alerts.rule import Alert, Group, Kind, Level, Record
from exporter.model import Cause, Severity

PLACE: Final = "job, site, vantage, instance, target"
"""What tells one target, as one exporter sees it, from all others."""
TARGET: Final = "job, severity, target"
SITE: Final = "job, severity, site, target"
EXPORTER: Final = "job, severity, vantage, instance"
LATELY: Final = "<vantages_settled:duration>"
RECOVERY: Final = "5m"
"""For how long some may have trouble after others have recovered, until that is told as something new."""

SCRAPED: Final = f'max by ({PLACE}) (conndrop_incident_active{{cause="{Cause.UNKNOWN}"}})'
"""1 while there is trouble without a name, else 0; nothing for what is not scraped."""


def _told(severity: Severity) -> str:
    """Ask for the causes of a severity that hold: they are few, and all that could hold are many."""
    told = f'alertname="{DROPPING}",alertstate="firing",severity="{severity}"'
    return f"max by ({PLACE}) (ALERTS{{{told}}})"


# 2: connections fail; 1: they suffer; 0: all is well.
WORST: Final = Record(
    name="vantage:conndrop_trouble:worst",
    expr=f"""\
(
  2 * {_told(Severity.CRITICAL)}
  or
  {_told(Severity.WARNING)}
  or
  {SCRAPED}
)
and
{SCRAPED}
""",
)
# Who looks later than others must not make them believe that they are alone, and who has just started has
# not looked yet. A scrape that fails is bridged: there are samples of the same time before and after it.
# What two Prometheis tell of one exporter, where both are federated, is one look at it.
SETTLED: Final = Record(
    name="vantage:conndrop_trouble:settled",
    expr=f"""\
max by ({PLACE}) (
  min_over_time({WORST.name}[{LATELY}]) == max_over_time({WORST.name}[{LATELY}])
  and
  last_over_time({WORST.name}[{LATELY}] offset {LATELY})
)
""",
)
# What harms one place must not pass for what has cut off another: each severity is compared by itself, and
# who suffers in another way is no witness of either side.
TROUBLE: Final = Record(
    name="vantage:conndrop_trouble:bool",
    expr=f"""\
label_replace(({SETTLED.name} != 1) > bool 0, "severity", "{Severity.CRITICAL}", "", "")
or
label_replace(({SETTLED.name} != 2) > bool 0, "severity", "{Severity.WARNING}", "", "")
""",
)
ILL: Final = f"{TROUBLE.name} == 1"
WELL: Final = f"count by ({TARGET}) ({TROUBLE.name} == 0)"
"""How many see the target well; nothing where nobody does."""
PLACES: Final = (
    f'max by ({TARGET}, vantage) ({TROUBLE.name}{{vantage!=""}} == 1) or {TROUBLE.name}{{vantage=""}} == 1'
)
APART: Final = f"count by ({TARGET}) ({PLACES}) > 1"
"""Whether those with trouble stand at two places at least: who has the same vantage shares what is there."""


def _shared(trouble: str) -> str:
    """Ask which of those targets another exporter sees well: trouble with them is not the server's."""
    return f"({trouble} == 1 and on ({TARGET}) {WELL} or {trouble} == 0 and on ({TARGET}) {WELL} > 1)"


SHARED: Final = Record(
    name="vantage:conndrop_trouble:shared", expr=f"count by ({EXPORTER}) {_shared(TROUBLE.name)}"
)
UNSETTLED: Final = f"({WORST.name} unless {SETTLED.name})"
CHANGING: Final = f"({TROUBLE.name} and on (job, target) {UNSETTLED})"
EITHER: Final = " or ".join(
    f'label_replace({UNSETTLED}, "severity", "{severity}", "", "")'
    for severity in (Severity.CRITICAL, Severity.WARNING)
)
# Targets that an exporter may turn out to share with others, well or ill: were they left out, one that
# wobbles would make what is left of an exporter's targets look like all of them.
DOUBTFUL: Final = Record(
    name="vantage:conndrop_trouble:doubtful",
    expr=f"""\
count by ({EXPORTER}) (
  {CHANGING} unless {_shared(CHANGING)}
  or
  ({EITHER})
  and on (job, target) count by (job, target) ({WORST.name}) > 1
)
or
0 * {SHARED.name}
""",
)
ILL_ONES: Final = f"count by ({EXPORTER}) ({ILL} and on ({TARGET}) {WELL})"
ALL: Final = f"({SHARED.name} + {DOUBTFUL.name})"


def _said(verdict: str, *those: str) -> str:
    return f'label_replace({" and ".join((ILL, *those))}, "verdict", "{verdict}", "", "")'


ELSEWHERE_WELL: Final = f"on ({TARGET}) {WELL}"
# The first that is true holds.
VERDICT: Final = Record(
    name="vantage:conndrop_trouble:verdict",
    expr="\nor ignoring (verdict)\n".join(
        (
            _said("server", f"on ({TARGET}) ({APART} unless {WELL})"),
            _said(
                "path",
                f"on ({SITE}) count by ({SITE}) ({TROUBLE.name}) > 1",
                f"on ({SITE}) avg by ({SITE}) ({TROUBLE.name}) == 1",
                ELSEWHERE_WELL,
            ),
            # Whatever becomes of those in doubt: else it is too early to say.
            _said("here", f"on ({EXPORTER}) {ILL_ONES} / {ALL} >= <vantage_share>", ELSEWHERE_WELL),
            _said(
                "path",
                f"on ({EXPORTER}) ({ILL_ONES} + {DOUBTFUL.name}) / {ALL} < <vantage_share>",
                ELSEWHERE_WELL,
            ),
        )
    ),
)
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
        rules=(WORST, SETTLED, TROUBLE, SHARED, DOUBTFUL, VERDICT, EVERYWHERE, WAY, HERE),
    ),
)
