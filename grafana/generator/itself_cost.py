"""Exporter: what scrapes and its process cost."""

from typing import Final

from grafana.generator.exporters import EXPORTER, KNOWN, SCRAPE, of_process, of_scrapes
from grafana.generator.panel import Lines, Query

CPU: Final = EXPORTER.series("process_cpu_seconds_total")

COST: Final = (
    Lines(
        number=21,
        title="Scrapes: time",
        reads="How long Prometheus waited for the exporter's answer. It should be far below the job's "
        "`scrape_timeout`, 10 s as a rule: a scrape that takes longer is lost.",
        unit="s",
        width=8,
        queries=(Query(expr=of_scrapes("scrape_duration_seconds"), legend=SCRAPE.named),),
    ),
    Lines(
        number=22,
        title="Scrapes: samples",
        reads="How many samples a scrape brings: what Prometheus has to store. It grows with the number of "
        "targets, and a little as hops, resolvers and causes are met for the first time.",
        unit="short",
        width=8,
        queries=(Query(expr=of_scrapes("scrape_samples_scraped"), legend=SCRAPE.named),),
    ),
    Lines(
        number=23,
        title="Scrapes: new series",
        reads="How many series a scrape brought that the one before had not. All of them at a start, next to "
        "none later on; many all the time are labels that change.",
        unit="short",
        width=8,
        queries=(Query(expr=of_scrapes("scrape_series_added"), legend=SCRAPE.named),),
    ),
    Lines(
        number=24,
        title="Processor time",
        reads="How much of one processor the exporter uses. The meter, a process of its own, is not counted.",
        unit="percentunit",
        width=8,
        queries=(
            Query(
                expr=f"sum {EXPORTER.each()} (rate({CPU}[$__rate_interval]) {KNOWN})",
                legend=EXPORTER.named,
            ),
        ),
    ),
    Lines(
        number=25,
        title="Memory",
        reads="Memory that the exporter occupies. It rises for some minutes after a start and then stays; "
        "what goes on rising is a mistake of ours. The meter is not counted.",
        unit="bytes",
        width=8,
        queries=(Query(expr=of_process("process_resident_memory_bytes"), legend=EXPORTER.named),),
    ),
    Lines(
        number=26,
        title="File descriptors",
        reads="Share of the files and sockets that the process may have open. Below one half is good. At "
        "100 % it can open no connection any more, and would take its own trouble for the databases'.",
        unit="percentunit",
        width=8,
        most=1,
        queries=(
            Query(
                expr=f"{of_process('process_open_fds')} / {of_process('process_max_fds')}",
                legend=EXPORTER.named,
            ),
        ),
    ),
)
