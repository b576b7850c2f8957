"""Vantages: by which way, and to which server, each place gets."""

from typing import Final

from grafana.generator import columns
from grafana.generator.panel import Column, Lines, Query, Table
from grafana.generator.places import PLACE

# The label `ttl` of the hop that is as far away as the target.
LAST: Final = f'count_values {PLACE.each()} ("ttl", conndrop_path_hops{{<of>}})'
GAUGES: Final = {
    "Addresses": "conndrop_dns_answers",
    "Hops": "conndrop_path_hops",
    "Largest packet (bytes)": "conndrop_path_mtu_bytes",
    "Largest segment (bytes)": "conndrop_tcp_mss_bytes",
}
TIMES: Final = {
    "Survives silence": "conndrop_idle_survived_seconds",
    "Dies of silence": "conndrop_idle_killed_seconds",
}
CHANGES: Final = {
    "Name changes": "conndrop_dns_answer_changes_total",
    "Route changes": "conndrop_path_changes_total",
}
WAYS: Final = (
    Table(
        number=20,
        title="Where each place ends up",
        reads="Whom each place reaches under the same name, and how. Addresses or servers that differ are a "
        "name that leads elsewhere from there, or a balancer: then the places do not look at the same "
        "thing. Fewer bytes in a packet, or silence that kills at one place only, are a tunnel or a "
        "middlebox on that way. The address is that of the last hop. `Name changes` and `Route changes` are "
        "how often the name led somewhere else, or another router stood on the way, within 24 h.",
        unit="short",
        width=24,
        height=7,
        labels={
            "target": "Target",
            "vantage": "Vantage",
            "instance": "Instance",
            "address": "Address",
            "identity": "Server",
            "role": "Role",
        },
        sort="Target",
        columns=(
            Column(
                title="Last hop",
                expr=f"max {PLACE.each('address')} (conndrop_path_hop_info{{<of>}}"
                f" and on (target, vantage, instance, ttl) {LAST})",
                hidden=True,
            ),
            Column(
                title="Info",
                expr=PLACE.latest("conndrop_server_info", "identity", "role"),
                hidden=True,
            ),
            *(Column(title=title, expr=PLACE.latest(name), unit="none") for title, name in GAUGES.items()),
            *(Column(title=title, expr=PLACE.latest(name), unit="s") for title, name in TIMES.items()),
            *(columns.day(title, name, PLACE, width=140) for title, name in CHANGES.items()),
        ),
    ),
    Lines(
        number=21,
        title="Addresses of the name",
        reads="How many addresses the name had in the latest answer at each place. Lines that differ are "
        "resolvers that give different answers.",
        unit="short",
        width=6,
        decimals=0,
        steps=True,
        queries=(Query(expr=PLACE.latest("conndrop_dns_answers"), legend=PLACE.named),),
    ),
    Lines(
        number=22,
        title="Hops to the target",
        reads="How far away the target is from each place. A step is another way.",
        unit="short",
        width=6,
        decimals=0,
        steps=True,
        queries=(Query(expr=PLACE.latest("conndrop_path_hops"), legend=PLACE.named),),
    ),
    Lines(
        number=23,
        title="Largest packet that passes, in bytes",
        reads="The largest packet that passes in one piece from each place: 1500 bytes on plain ways, less "
        "through tunnels. A gap is a look to which nothing came back.",
        unit="none",
        width=6,
        least=None,
        steps=True,
        queries=(Query(expr=PLACE.latest("conndrop_path_mtu_bytes"), legend=PLACE.named),),
    ),
    Lines(
        number=24,
        title="Seen under another address",
        reads="How often the server saw a place under another address than before. 0 is good; anything else "
        "is a NAT before that place which has several, or has just failed over.",
        unit="short",
        width=6,
        decimals=0,
        bars=True,
        queries=(
            Query(expr=PLACE.events("conndrop_server_client_address_changes_total"), legend=PLACE.named),
        ),
    ),
)
