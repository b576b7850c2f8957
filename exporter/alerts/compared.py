"""What is recorded of what exporters at several vantages see, up to the verdict: server, path, or here.

Compared is what exporters of one job say of targets of one name. The label `site` is the user's: exporters
that share an uplink have the same one (see `docs/vantages.md`).
"""

from typing import Final

from exporter.alerts.incidents import DROPPING
from exporter.alerts.rule import Record
from exporter.model import Cause, Severity

PLACE: Final = "job, site, vantage, instance, target"
"""What tells one target, as one exporter sees it, from all others."""
TARGET: Final = "job, severity, target"
SITE: Final = "job, severity, site, target"
EXPORTER: Final = "job, severity, vantage, instance"
LATELY: Final = "<vantages_settled:duration>"
HELD: Final = "3m"
"""For how long a verdict is held that is not found any more, where somebody has just seen something else."""
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
EACH: Final = f"max by ({PLACE}) ({WORST.name})"
"""What each exporter sees: where that is federated, several may tell of it, each with labels of its own."""
UNSETTLED: Final = Record(name="vantage:conndrop_trouble:unsettled", expr=f"{EACH} unless {SETTLED.name}")
WAVERING: Final = f"on (job, target) {UNSETTLED.name}"
CHANGING: Final = f"({TROUBLE.name} and {WAVERING})"
EITHER: Final = " or ".join(
    f'label_replace({UNSETTLED.name}, "severity", "{severity}", "", "")'
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
  and on (job, target) count by (job, target) ({EACH} and {WAVERING}) > 1
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
FIRST: Final = "\nor ignoring (verdict)\n"
"""Of several, the first that is true holds."""
FOUND: Final = Record(
    name="vantage:conndrop_trouble:found",
    expr=FIRST.join(
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
VERDICTS: Final = "vantage:conndrop_trouble:verdict"


def _still(while_: str) -> str:
    """Ask for the verdict of a moment ago, while it may or may not have become another one.

    It is held for as long only after it was last found: somebody may waver for ever.
    """
    before = f'{VERDICTS}{{verdict=~"here|path"}} and ignoring (verdict) {ILL} and {while_}'
    return f"({before} and last_over_time({FOUND.name}[{HELD}]))"


VERDICT: Final = Record(
    name=VERDICTS,
    expr=FIRST.join(
        (
            # Who has just seen something else is no witness for that, and none against it.
            _still(WAVERING),
            FOUND.name,
            _still(f"on ({EXPORTER}) {DOUBTFUL.name} > 0"),
        )
    ),
)
COMPARED: Final = (WORST, SETTLED, TROUBLE, SHARED, UNSETTLED, DOUBTFUL, FOUND, VERDICT)
"""All of it, in the order in which it is evaluated."""
