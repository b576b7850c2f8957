"""Lines that several boards have, with each board's own words on how to read them."""

from typing import Final

from grafana.generator import limits
from grafana.generator.palette import PROBES
from grafana.generator.panel import Lines, Query, Scale
from grafana.generator.quantiles import CALLED, NEARLY_ALL
from grafana.generator.questions import FAILED, LOST, RTT, Subject

NOT_TRIED: Final = (
    "A gap is a time in which nothing was tried: a MySQL or MariaDB server that would block this host for "
    "broken connects is left alone for a while. Up tells whether it was down."
)


def packets_lost(number: int, reads: str, subject: Subject, *, width: int = 12, height: int = 8) -> Lines:
    """Draw what share of echoes is lost."""
    return Lines(
        number=number,
        title="Packets lost",
        reads=reads,
        unit="percentunit",
        width=width,
        height=height,
        limits=limits.LOSS,
        queries=(Query(expr=subject.share(*LOST), legend=subject.named),),
    )


def round_trips(number: int, reads: str, subject: Subject, share: float = NEARLY_ALL) -> Lines:
    """Draw below what such a share of round trips is."""
    return Lines(
        number=number,
        title=f"Round trips, {CALLED[share][0]}",
        reads=reads,
        unit="s",
        queries=(Query(expr=subject.quantile(share, RTT), legend=subject.named),),
    )


def failing(number: int, reads: str, subject: Subject, *, width: int = 12) -> Lines:
    """Draw what share of sessions fails."""
    return Lines(
        number=number,
        title="Sessions that fail",
        reads=f"{reads} {NOT_TRIED}",
        unit="percentunit",
        width=width,
        limits=limits.FAILING,
        queries=(Query(expr=subject.share(*FAILED), legend=subject.named),),
    )


def outage(number: int, reads: str, subject: Subject, *, width: int = 12) -> Lines:
    """Draw for what share of the time no connection could be kept."""
    return Lines(
        number=number,
        title="Time without any connection",
        reads=reads,
        unit="percentunit",
        width=width,
        most=1,
        queries=(Query(expr=subject.rate("conndrop_outage_seconds_total"), legend=subject.named),),
    )


def held(number: int, reads: str, subject: Subject, *, width: int = 12) -> Lines:
    """Draw how many connections stand, those of each probe upon the others'."""
    return Lines(
        number=number,
        title="Connections held, by probe",
        reads=reads,
        unit="short",
        width=width,
        decimals=0,
        stacked=True,
        steps=True,
        queries=tuple(
            Query(
                expr=subject.total("conndrop_held_connections", having=f'probe="{probe}"'),
                legend=subject.legend(probe),
                colour=colour,
            )
            for probe, colour in PROBES.items()
        ),
    )


def full(number: int, subject: Subject, *, width: int, height: int = 8) -> Lines:
    """Draw how much of each limit of connections is in use."""
    return Lines(
        number=number,
        title="How full each limit is",
        reads="Share in use of the connections that are allowed: in all, to our account, in our database, as "
        "far as there is a limit. Beyond the lines is an alert; at 100 % whoever comes next is refused.",
        unit="percentunit",
        width=width,
        height=height,
        most=1,
        limits=limits.FULL,
        queries=(
            Query(
                expr=subject.latest("conndrop_server_limit_usage_ratio", "scope"),
                legend=subject.legend("{{scope}}"),
            ),
        ),
    )


def delays(
    number: int,
    title: str,
    reads: str,
    queries: tuple[Query, ...],
    *,
    width: int = 12,
    height: int = 8,
    only: str = "",
    dots: bool = False,
) -> Lines:
    """Draw delays, which differ by orders of magnitude."""
    return Lines(
        number=number,
        title=title,
        reads=reads,
        unit="s",
        width=width,
        height=height,
        only=only,
        dots=dots,
        scale=Scale.LOG,
        least=None,
        queries=queries,
    )
