"""Exporter: what its own host and its own processes have gone through."""

from typing import Final

from grafana.generator.exporters import EXPORTER, OF_TARGETS
from grafana.generator.panel import Lines, Query

CUT_OFF: Final = OF_TARGETS.series("conndrop_incident_active", 'cause="client.local_network"')
SECONDS: Final = "conndrop_incident_seconds_total"


def _events(number: int, title: str, reads: str, counter: str, *, empty: str = "") -> Lines:
    return Lines(
        number=number,
        title=title,
        reads=reads,
        unit="short",
        width=6,
        decimals=0,
        bars=True,
        empty=empty,
        queries=(Query(expr=EXPORTER.events(counter), legend=EXPORTER.named),),
    )


HOST: Final = (
    _events(
        12,
        "Meter restarts",
        "How often the process that measures died and was started again. 0 is good. Meanwhile nothing was "
        "measured; the exporter's log says what ended it.",
        "conndrop_meter_restarts_total",
    ),
    _events(
        13,
        "Clock set",
        "How often the wall clock was set. It moves no delay, since those are taken by another clock; only "
        "the times at which something is said to have happened are in doubt.",
        "conndrop_clock_steps_total",
    ),
    _events(
        14,
        "Packets that came damaged",
        "Packets that came to this host with a wrong checksum, whoever they were for. 0 is good; anything "
        "else is a cable, an interface or a driver, and looks like loss to all.",
        "conndrop_host_checksum_errors_total",
    ),
    _events(
        15,
        "Segments that did not leave",
        "TCP segments that this host would have sent again and could not: a firewall, an interface or an "
        "address of its own kept them. What drops then is this host's fault, and no database's.",
        "conndrop_host_unsent_segments_total",
    ),
    Lines(
        number=16,
        title="Targets that its own host cuts off",
        reads="Share of an exporter's targets that fail because packets do not leave its host. Beyond one "
        "half it is the host that is cut off, and the databases may be well; that is the alert "
        "ConndropUplinkDown.",
        unit="percentunit",
        most=1,
        queries=(
            Query(
                expr=f"avg {OF_TARGETS.each()} ({CUT_OFF})",
                legend=OF_TARGETS.named,
            ),
        ),
    ),
    Lines(
        number=17,
        title="Time in incidents without a name",
        reads="Share of the time in incidents for which no cause stood out, over all targets. Some seconds "
        "at the beginning of each are usual. A high share is an exporter that sees too little: missing "
        "privileges, no ICMP, probes switched off.",
        unit="percentunit",
        most=1,
        empty="Nothing is drawn while there is no incident.",
        queries=(
            Query(
                expr=OF_TARGETS.rate(SECONDS, having='cause="unknown"')
                + f" / ({OF_TARGETS.rate(SECONDS)} > 0)",
                legend=OF_TARGETS.named,
            ),
        ),
    ),
)
