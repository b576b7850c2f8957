"""The same target seen from several places: what they agree on, and where they differ."""

from typing import Final

from grafana.generator import addresses, columns, limits
from grafana.generator.panel import Board, Column, Row, Table
from grafana.generator.places import CAUSES, PLACE, SEEN_FROM, SHUT_OUT, SUFFERS, apart, verdict
from grafana.generator.questions import LOST, RTT, SESSION
from grafana.generator.vantages_agreement import AGREEMENT, LOOK
from grafana.generator.vantages_over_time import BY_PLACE, UP, WHAT_HAPPENED
from grafana.generator.vantages_ways import WAYS

LOSS: Final = PLACE.share(*LOST)

VERDICTS: Final = Table(
    number=1,
    title="Who sees it",
    reads="One line for each target, as it is now. Trouble that all places see is the server's, or of what "
    "stands right before it. Trouble that one of several sees is of that place: its host, its uplink, its "
    "firewall. Trouble of some that share a network is of the way. With one place only there is no telling: "
    "run an exporter somewhere else. A place is an exporter, by its vantage and its instance.",
    unit="short",
    width=24,
    height=6,
    labels={"target": "Target"},
    links={"Target": addresses.target("target")},
    sort="-Suffering",
    columns=(
        Column(title="Trouble is seen from", expr=verdict(SUFFERS), words=SEEN_FROM),
        Column(title="Sessions fail from", expr=verdict(SHUT_OUT), words=SEEN_FROM),
        Column(title="Places", expr=f"count by (target) ({SUFFERS})", width=80),
        Column(title="Suffering", expr=f"sum by (target) ({SUFFERS})", limits=limits.HARMFUL, width=100),
        Column(
            title="Share",
            expr=f"sum by (target) ({SUFFERS}) / count by (target) ({SUFFERS})",
            unit="percentunit",
            width=80,
        ),
        Column(title="Least loss", expr=f"min by (target) ({LOSS})", unit="percentunit", limits=limits.LOSS),
        Column(title="Most loss", expr=f"max by (target) ({LOSS})", unit="percentunit", limits=limits.LOSS),
        Column(title="RTT apart", expr=apart(PLACE.quantile(0.5, RTT)), unit="s"),
        Column(title="Sessions apart", expr=apart(PLACE.quantile(0.95, SESSION)), unit="s"),
    ),
)
NAMES: Final = Table(
    number=2,
    title="What is seen, and from how many places",
    reads="One line for each cause that a target suffers from now. A cause that all places name is at the "
    "target; one that few name is near them. Different causes at the same time are often one fault seen from "
    "two sides: a firewall on the way is silence to one and a refusal to the other.",
    unit="short",
    labels={"target": "Target", "cause": "Cause"},
    sort="-Places",
    empty="A line appears with an incident.",
    columns=(
        Column(title="Places", expr=f"sum by (target, cause) ({CAUSES}) > 0", decimals=0, width=90),
        Column(
            title="Share",
            expr=f"sum by (target, cause) ({CAUSES}) / count by (target, cause) ({CAUSES}) > 0",
            unit="percentunit",
            decimals=0,
            width=90,
        ),
    ),
)
# A route is not known at each moment, least of all in trouble.
STOOD: Final = (
    "max by (target, network, hostname, address, vantage, instance)"
    " (max_over_time(conndrop_path_hop_info{<of>}[15m]))"
)
OF_THE_WAY: Final = 'cause=~"net[.].+"'
"""No hop is to blame for a restart of the server."""
BEHIND: Final = f"count by (target, network, hostname, address) ({STOOD})"
TROUBLED: Final = (
    f"sum by (target, network, hostname, address) ({STOOD} * on (target, vantage, instance) group_left ()"
    f" {PLACE.latest('conndrop_incident_active', having=OF_THE_WAY)})"
)
HOPS: Final = Table(
    number=3,
    title="Trouble on the way: which hops share it, of the last 15 min",
    reads="One line for each hop on the way to a target: how many places go through it, and how many of "
    "those suffer now from something on the way (`net`: loss, silence, large packets that vanish), whatever "
    "the server does. A hop that all who suffer share, and no one else, is where to look; its network is "
    "whom to write to. Where even the last hop, the target itself, has places behind it that do not "
    "suffer, it is not the server.",
    unit="short",
    labels={"target": "Target", "network": "Network", "hostname": "Host", "address": "Address"},
    sort="-Share",
    columns=(
        Column(title="Places", expr=BEHIND, decimals=0, width=80),
        Column(title="Suffering", expr=TROUBLED, decimals=0, limits=limits.HARMFUL, width=100),
        Column(title="Share", expr=f"{TROUBLED} / {BEHIND}", unit="percentunit", decimals=0, width=80),
    ),
)
PLACES: Final = Table(
    number=4,
    title="Each target from each place",
    reads="One line for each target and place, the lines of a target below each other. Compare them: what "
    "differs is near the place, what is the same is near the target. An outage is time in which no "
    "connection could be kept. `New address` is how often the server saw a place under another address than "
    "before: a middlebox before it has changed its mind, and connections die of that. An exporter without a "
    "vantage is told by its instance.",
    unit="short",
    width=24,
    height=9,
    labels={"target": "Target", "vantage": "Vantage", "instance": "Instance", "cause": "Cause"},
    links={"Target": addresses.target("target")},
    sort="Target",
    columns=(
        columns.incident(PLACE),
        columns.up(PLACE),
        columns.failing(PLACE),
        columns.loss(PLACE),
        *columns.round_trips(PLACE),
        columns.sessions(PLACE),
        columns.drops(PLACE),
        columns.outage(PLACE),
        columns.day("New address", "conndrop_server_client_address_changes_total", PLACE, width=115),
    ),
)
VANTAGES: Final = Board(
    name="vantages",
    title="Vantages",
    reads="The same target from several places: is it the server, the way, or one place?",
    rows=(
        Row(number=100, title="The server, the way, or the place", panels=(UP, LOOK, VERDICTS, NAMES, HOPS)),
        Row(number=101, title="Side by side", panels=(PLACES,)),
        Row(number=102, title="Where they disagree", panels=AGREEMENT),
        Row(number=103, title="What happened at each place", panels=WHAT_HAPPENED),
        Row(number=104, title="Each place over time", panels=BY_PLACE),
        Row(number=105, title="How each place gets there", panels=WAYS),
    ),
)
