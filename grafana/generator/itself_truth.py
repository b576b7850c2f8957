"""Exporter: whether what it measures is true, and whether it runs when it should."""

from typing import Final

from grafana.generator import limits
from grafana.generator.exporters import EXPORTER, OF_TARGETS, missed
from grafana.generator.palette import IN_TURN
from grafana.generator.panel import Column, Lines, Query, Scale, Table
from grafana.generator.questions import PER_MINUTE

REASONS: Final = ("overlap", "late", "coalesced", "unseen")
PROCESSES: Final = ("exporter", "meter")


TRUTH: Final = (
    Lines(
        number=3,
        title="Measurement error, 99 of 100",
        reads="What the exporter measures on the loopback interface by the same code as everywhere, where "
        "nothing is in between: 99 of 100 delays are wrong by no more than this. Differences between targets "
        "that are smaller than it mean nothing. Beyond the limit the host takes processor time away.",
        unit="s",
        scale=Scale.LOG,
        least=None,
        limits=limits.WRONG,
        queries=(
            Query(
                expr=EXPORTER.quantile(0.99, "conndrop_measurement_error_seconds", "probe"),
                legend=EXPORTER.legend("{{probe}}"),
            ),
        ),
    ),
    Lines(
        number=4,
        title="Measurement error, the median",
        reads="Half of all delays are wrong by no more than this: as a rule some ten microseconds.",
        unit="s",
        scale=Scale.LOG,
        least=None,
        queries=(
            Query(
                expr=EXPORTER.quantile(0.5, "conndrop_measurement_error_seconds", "probe"),
                legend=EXPORTER.legend("{{probe}}"),
            ),
        ),
    ),
    Lines(
        number=5,
        title="How late its processes wake up, 99 of 100",
        reads="The exporter and the meter, which does the measuring, want to wake up at fixed times. Up to "
        "ten milliseconds are good of the meter, and some tens of the exporter, in which all probes share "
        "an interpreter. Hills of both at the same time are a host that stood still: doubt delays measured "
        "then.",
        unit="s",
        queries=tuple(
            Query(
                expr=EXPORTER.quantile(0.99, "conndrop_heartbeat_lag_seconds", having=f'process="{process}"'),
                legend=EXPORTER.legend(process),
                colour=colour,
            )
            for process, colour in zip(PROCESSES, IN_TURN, strict=False)
        ),
    ),
    Table(
        number=6,
        title="Whose clock times the echoes",
        reads="How many targets have their echoes stamped by whom, as they leave and as they arrive. "
        "`kernel` is good: what the host is busy with is not measured as delay. With `user` it may be.",
        unit="short",
        labels={
            "instance": "Instance",
            "vantage": "Vantage",
            "departure": "Departure",
            "arrival": "Arrival",
        },
        sort="Instance",
        columns=(
            Column(
                title="Targets",
                expr=OF_TARGETS.number("conndrop_ping_timestamps_info", "departure", "arrival"),
                decimals=0,
            ),
        ),
    ),
)
MISSED: Final = (
    Lines(
        number=7,
        title="Runs missed, by probe",
        reads="Share of the runs that were due and did not take place. 0 is good. What was not looked at was "
        "not seen: beyond the limit a dropout may have gone unnoticed.",
        unit="percentunit",
        limits=limits.MISSED,
        queries=(Query(expr=missed(EXPORTER, "probe"), legend=EXPORTER.legend("{{probe}}")),),
    ),
    Lines(
        number=8,
        title="Runs missed, by reason",
        reads="Runs that were due and did not take place, a minute. `overlap`: the run before had not "
        "ended, as where a target is silent; that is the target's trouble. `late`: no thread was free in "
        "time: too many targets, or too few processors. `coalesced`: the process stood still, and several "
        "runs became one. `unseen`: an answer may have been lost in a full buffer of our own.",
        unit=PER_MINUTE,
        bars=True,
        stacked=True,
        queries=tuple(
            Query(
                expr=EXPORTER.a_minute("conndrop_probe_runs_missed_total", having=f'reason="{reason}"'),
                legend=EXPORTER.legend(reason),
                colour=colour,
            )
            for reason, colour in zip(REASONS, IN_TURN, strict=False)
        ),
    ),
)
TIME: Final = (
    Lines(
        number=9,
        title="How late runs begin, 99 of 100",
        reads="99 of 100 runs began no later than this after they were due. Some tens of milliseconds are "
        "usual, and no error of measurement; hundreds of them are an exporter with too many targets, or a "
        "host with too little time.",
        unit="s",
        queries=(
            Query(
                expr=EXPORTER.quantile(0.99, "conndrop_probe_lag_seconds", "probe"),
                legend=EXPORTER.legend("{{probe}}"),
            ),
        ),
    ),
    Lines(
        number=10,
        title="How late runs begin, the median",
        reads="Half of the runs began no later than this after they were due.",
        unit="s",
        queries=(
            Query(
                expr=EXPORTER.quantile(0.5, "conndrop_probe_lag_seconds", "probe"),
                legend=EXPORTER.legend("{{probe}}"),
            ),
        ),
    ),
    Lines(
        number=11,
        title="Runs, by probe",
        reads="Runs that began in a second, of all targets together, those of the canary on loopback among "
        "them. Each probe has a level that its interval gives; it rises while something is looked at more "
        "closely, and a line at 0 is a probe that has stopped.",
        unit="ops",
        width=24,
        queries=(
            Query(
                expr=EXPORTER.rate("conndrop_probe_runs_total", "probe"), legend=EXPORTER.legend("{{probe}}")
            ),
        ),
    ),
)
