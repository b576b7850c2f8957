"""How long connections may be silent, against what is set."""

from typing import Final

from grafana.generator import addresses, settings, words
from grafana.generator.palette import Colour
from grafana.generator.panel import Column, Lines, Query, Row, Scale, Table
from grafana.generator.questions import EACH, TARGET

ENDING: Final = (
    "wait_timeout",
    "interactive_timeout",
    "idle_session_timeout",
    "client_idle_timeout",
    "server_idle_timeout",
    "server_lifetime",
    "idle_in_transaction_session_timeout",
    "idle_transaction_timeout",
    "idle_readonly_transaction_timeout",
    "idle_write_transaction_timeout",
)
"""Settings by which servers and poolers themselves end connections that are idle, or old."""


def _line(gauge: str, called: str, colour: Colour, *, dashed: bool = False) -> Query:
    return Query(expr=EACH.latest(gauge), legend=EACH.legend(called), colour=colour, dashed=dashed)


LAYERS: Final = {
    "Middlebox": "middlebox.idle_timeout",
    "Proxy": "proxy.idle_timeout",
    "Server": "server.idle_timeout",
}
"""What ends silent connections, and the cause as which it is found."""

SILENCE: Final = Table(
    number=1,
    title="How long a connection may be silent, and what is set",
    reads="The first columns are what experiments have found: after how long a middlebox (a firewall, a "
    "NAT), a proxy or the server ends silent connections; which silence was survived, and which was deadly. "
    "The timeout lies between the two, and is known as closely as it can be once it is settled. Then what is "
    "set here against what is safe: a pool_recycle or a keepalive marked `yes` comes too late, so the "
    "application is handed dead connections. No timeout at all is good: nothing ends silent connections that "
    "were left alone for as long as tried. Without a first keepalive nothing keeps them alive.",
    unit="short",
    width=24,
    height=5,
    labels={"target": "Target", "vantage": "Vantage"},
    links={"Target": addresses.target("target")},
    sort="Target",
    columns=(
        *(
            Column(
                title=layer,
                expr=EACH.latest("conndrop_idle_timeout_seconds", having=f'cause="{cause}"'),
                unit="s",
                width=100,
            )
            for layer, cause in LAYERS.items()
        ),
        Column(title="Survived", expr=EACH.latest("conndrop_idle_survived_seconds"), unit="s", width=95),
        Column(title="Deadly", expr=EACH.latest("conndrop_idle_killed_seconds"), unit="s", width=90),
        Column(title="Settled", expr=EACH.latest("conndrop_idle_settled"), words=words.PLAIN, width=80),
        Column(title="pool_recycle", expr=EACH.latest("conndrop_pool_recycle_seconds"), unit="s", width=110),
        Column(
            title="Safe", expr=EACH.latest("conndrop_recommended_pool_recycle_seconds"), unit="s", width=80
        ),
        Column(
            title="Recycled too late",
            expr=EACH.latest("conndrop_pool_recycle_unsafe"),
            words=words.ALARMING,
            width=140,
        ),
        Column(title="First keepalive", expr=EACH.latest("conndrop_keepalive_seconds"), unit="s", width=125),
        Column(
            title="Safe keepalive",
            expr=EACH.latest("conndrop_recommended_keepalive_seconds"),
            unit="s",
            width=125,
        ),
        Column(
            title="Keepalive too late",
            expr=f"max {EACH.each()} ("
            'conndrop_idle_timeout_seconds{<of>,cause="middlebox.idle_timeout"}'
            " <= bool ignoring (cause) conndrop_keepalive_seconds{<of>})",
            words=words.ALARMING,
            width=145,
        ),
    ),
)
BRACKET: Final = Lines(
    number=2,
    title="The search for the timeout",
    reads="The longest silence survived rises and the shortest deadly one falls until they meet: between "
    "them is the timeout. pool_recycle and the first keepalive, dashed, must lie below; where one is above, "
    "connections die in the pool. A deadly silence that falls later on is a new, shorter timeout.",
    unit="s",
    width=15,
    height=9,
    steps=True,
    scale=Scale.LOG,
    least=None,
    queries=(
        _line("conndrop_idle_survived_seconds", "survived", Colour.BLUE),
        _line("conndrop_idle_killed_seconds", "deadly", Colour.VERMILION),
        _line("conndrop_pool_recycle_seconds", "pool_recycle", Colour.ORANGE, dashed=True),
        _line("conndrop_recommended_pool_recycle_seconds", "safe pool_recycle", Colour.GREEN),
        _line("conndrop_keepalive_seconds", "first keepalive", Colour.PURPLE, dashed=True),
        _line("conndrop_recommended_keepalive_seconds", "safe keepalive", Colour.SKY),
    ),
)
OWN_TIMEOUTS: Final = Table(
    number=3,
    title="The server's own timeouts",
    reads="After how long the server, or the pooler, itself ends connections that do nothing, or that are "
    "idle in a transaction. Off is never. One that equals the timeout "
    "found is what ends connections: then no keepalive helps, and only a shorter pool_recycle or a longer "
    "setting does. A timeout found that is shorter than all of these is that of something between here and "
    "the server.",
    unit="s",
    width=9,
    height=9,
    labels={"target": "Target", "setting": "Setting"},
    sort="Target",
    columns=(
        Column(
            title="Ends after",
            expr=settings.times(TARGET, f'setting=~"{"|".join(ENDING)}"'),
            unit="s",
            words=settings.WORDS,
            width=110,
        ),
    ),
)
IDLE: Final = Row(
    number=100,
    title="Why silent connections die, and what to set",
    panels=(SILENCE, BRACKET, OWN_TIMEOUTS),
)
