"""What a server is, whether it is still the same, and how it is looked at."""

from typing import Final

from grafana.generator import addresses, limits, lines, settings, words
from grafana.generator.palette import Colour
from grafana.generator.panel import Column, Limits, Lines, Query, Row, Table, Timeline
from grafana.generator.quantiles import HALF, NEARLY_ALL, spread
from grafana.generator.questions import EACH, PER_MINUTE, SERVER

CHANGES: Final = {
    "conndrop_server_restarts_total": ("restarted", Colour.VERMILION),
    "conndrop_server_identity_changes_total": ("another server", Colour.PURPLE),
    "conndrop_server_client_address_changes_total": ("sees us elsewhere", Colour.ORANGE),
}


FACTS: Final = Table(
    number=1,
    title="The server, by its own word",
    reads="Product, version and role as the server itself tells them, and since when it runs. Restarts, "
    "another server in its place (a failover) and another address of ours are counted within the time range; "
    "all three should be 0 unless planned. Turned read-only is a server that took changes within the last "
    "day and takes none now. A missing privilege is something that it does not tell us: see deploy/grants.",
    unit="short",
    width=24,
    height=5,
    labels={
        "target": "Target",
        "vantage": "Vantage",
        "product": "Product",
        "version": "Version",
        "role": "Role",
        "identity": "Identity",
    },
    links={"Target": addresses.target("target")},
    sort="Target",
    columns=(
        Column(
            title="Known",
            expr=EACH.latest("conndrop_server_info", "product", "version", "role", "identity"),
            hidden=True,
        ),
        Column(
            title="Started",
            expr=f"1000 * {EACH.latest('conndrop_server_start_timestamp_seconds')}",
            unit="dateTimeFromNow",
        ),
        Column(
            title="Restarts",
            expr=EACH.grown("conndrop_server_restarts_total"),
            limits=limits.HAPPENED,
            decimals=0,
            width=85,
        ),
        Column(
            title="Another server",
            expr=EACH.grown("conndrop_server_identity_changes_total"),
            limits=limits.HAPPENED,
            decimals=0,
            width=120,
        ),
        Column(
            title="Another address",
            expr=EACH.grown("conndrop_server_client_address_changes_total"),
            limits=limits.HAPPENED,
            decimals=0,
            width=125,
        ),
        Column(title="Replica", expr=EACH.latest("conndrop_server_replica"), words=words.PLAIN, width=80),
        Column(title="Read-only", expr=EACH.latest("conndrop_server_read_only"), words=words.PLAIN, width=90),
        Column(
            title="Turned read-only in 24 h",
            expr=f"max {EACH.each()} (conndrop_server_read_only{{<of>}}"
            " > bool min_over_time(conndrop_server_read_only{<of>}[1d]))",
            words=words.ALARMING,
            width=175,
        ),
        Column(
            title="Privileges missing",
            expr=EACH.latest("conndrop_server_missing_privileges"),
            limits=limits.HAPPENED,
            decimals=0,
            width=140,
        ),
    ),
)
CHANGED: Final = Lines(
    number=2,
    title="Restarts and other changes",
    reads="A bar is a moment at which the server was found to have begun anew, to be another one, or to see "
    "us under another address than before. Each ends connections; one that nobody planned is what to look at "
    "in the server's log.",
    unit="short",
    decimals=0,
    bars=True,
    queries=tuple(
        Query(expr=EACH.events(counter), legend=EACH.legend(called), colour=colour)
        for counter, (called, colour) in CHANGES.items()
    ),
)
READ_ONLY: Final = Timeline(
    number=3,
    title="Takes changes",
    reads="Whether the server takes changes, by its own word. A replica never does; a primary that turns "
    "read-only was demoted by a failover, or is full.",
    unit="short",
    words=words.READ_ONLY,
    queries=(Query(expr=SERVER.latest("conndrop_server_read_only"), legend=SERVER.named),),
)
FACTS_ROW: Final = Row(number=100, title="What it is", panels=(FACTS, CHANGED, READ_ONLY))
LOOKED: Final = Lines(
    number=60,
    title="Looks at the server that fail",
    reads="The exporter asks the server now and then for all that stands on this dashboard. This is the "
    "share of these looks that failed; beyond the line is an alert. Where looks fail, figures that change "
    "all the time have gaps, and settings stay as last told.",
    unit="percentunit",
    width=8,
    most=1,
    limits=Limits(warning="0.5"),
    queries=(
        Query(
            expr=EACH.share("conndrop_server_look_failures_total", "conndrop_server_looks_total"),
            legend=EACH.named,
        ),
    ),
)
LOOKS_FAILED: Final = Lines(
    number=62,
    title="Looks at the server that fail, by cause",
    reads="Looks a minute that failed, by the cause that the look itself could see. Missing rights are no "
    "failure: what a look is not told is only left out.",
    unit=PER_MINUTE,
    width=8,
    bars=True,
    stacked=True,
    empty="A bar appears with the first look that fails.",
    queries=(
        Query(
            expr=f"{EACH.a_minute('conndrop_server_look_failures_total', 'cause')} > 0",
            legend=EACH.legend("{{cause}}"),
        ),
    ),
)
LOOK_TIME: Final = lines.delays(
    61,
    "What a look at the server takes",
    "What half of the looks took at most, and 99 of 100. A look is several statements, so "
    "one that takes longer than usual is a server that is slow, whatever it does.",
    spread(EACH, "conndrop_server_look_seconds", HALF, NEARLY_ALL),
    width=8,
)


def _settings(number: int, title: str, reads: str, value: Column) -> Table:
    return Table(
        number=number,
        title=title,
        reads=reads,
        unit=value.unit,
        height=10,
        labels={"target": "Target", "setting": "Setting"},
        sort="Setting",
        columns=(value,),
    )


SETTINGS: Final = (
    _settings(
        50,
        "Settings that are times",
        "As they are for new sessions. Off is a limit that is not set. What is 0 s all the same means "
        "something else: the time that the system has (tcp), or not to wait at all.",
        Column(title="Value", expr=settings.times(SERVER), unit="s", words=settings.WORDS, width=130),
    ),
    _settings(
        51,
        "Settings that are numbers",
        "As they are for new sessions; of switches 1 is on.",
        Column(title="Value", expr=SERVER.latest("conndrop_server_setting", "setting"), width=130),
    ),
)
SETTINGS_ROW: Final = Row(
    number=104,
    title="How it is set, and how it is looked at",
    panels=(*SETTINGS, LOOKED, LOOKS_FAILED, LOOK_TIME),
)
