"""A path as mtr reports it, in text and in JSON, with a sentence behind it."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from exporter.tracing.destination import Destination
from exporter.tracing.naming import Naming
from exporter.tracing.table import Delays, Trace, TracedHop
from exporter.tracing.verdict import Verdict

NARROW: Final = 33
"""Columns before the figures, where the report is not wide; names are cut to fit."""
PREFIX: Final = len("  1.|-- ")
HEADS: Final = (("Loss%", 6), ("Snt", 6), ("Last", 7), ("Avg", 6), ("Best", 6), ("Wrst", 6), ("StDev", 6))
"""mtr's columns, and how wide each is."""
NOBODY: Final = "???"
NOTHING: Final = Delays(last=0.0, best=0.0, mean=0.0, worst=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How hops are written: with reverse `names`, with addresses behind them, and in full width."""

    names: bool = True
    addresses: bool = False
    wide: bool = False

    def label(self, address: str | None, naming: Naming) -> str:
        """Write who answered."""
        if address is None:
            return NOBODY
        name = naming.name(address) if self.names else ""
        return f"{name} ({address})" if name and self.addresses else name or address


def opening(started: float) -> str:
    """Give mtr's first line, for a start in seconds since the epoch."""
    return time.strftime("Start: %Y-%m-%dT%H:%M:%S%z", time.localtime(started))


def table(trace: Trace, source: str, naming: Naming, style: Style) -> str:
    """Give mtr's table, without its first line; owners stand behind it where any is known."""
    labels = [style.label(hop.address, naming) for hop in trace.hops]
    width = max(len(source), *map(len, labels), 0) if style.wide else NARROW
    heads = "".join(f"{head:>{size}}" for head, size in HEADS)
    lines = [_fitted("HOST: ", source, width, wide=style.wide) + heads]
    for hop, label in zip(trace.hops, labels, strict=True):
        owner = naming.owner(hop.address) if hop.address else ""
        start = _fitted(f" {hop.ttl:2}.|-- ", label, width, wide=style.wide)
        lines.append(f"{start}{_figures(hop)}{'  ' if owner else ''}{owner}")
        others = [style.label(other, naming) for other in hop.addresses[1:]]
        lines += [f"    |  {'`|' if n == 0 else ' |'}-- {other}" for n, other in enumerate(others)]
    return "\n".join(lines)


def document(
    trace: Trace,
    verdict: Verdict,
    *,
    started: float,
    source: str,
    destination: Destination,
    naming: Naming,
    style: Style,
) -> str:
    """Give mtr's JSON, and under `conndrop` what mtr does not tell."""
    mtr = {
        "src": source,
        "dst": destination.host,
        "tos": 0,
        "tests": trace.rounds,
        "psize": "0",
        "bitpattern": "0x00",
    }
    ours = {
        "started": datetime.fromtimestamp(started).astimezone().isoformat(timespec="seconds"),
        **asdict(destination),
        "reached": trace.target is not None,
        "state": verdict.state,
        "sentence": verdict.sentence,
        "loss_start": verdict.start,
        "rate_limited": verdict.limited,
        "hops": list(_hops(trace, naming)),
    }
    hubs = [_hub(hop, style.label(hop.address, naming)) for hop in trace.hops]
    return json.dumps({"report": {"mtr": mtr, "hubs": hubs, "conndrop": ours}}, indent=4)


def milliseconds(seconds: float) -> float:
    """Turn seconds into what people compare."""
    return seconds * 1000


def _fitted(prefix: str, label: str, width: int, *, wide: bool) -> str:
    """Put a label behind its prefix; mtr counts that among the columns only where they are few."""
    return f"{prefix}{label:{width}}" if wide else f"{prefix}{label}"[:width].ljust(width)


def _figures(hop: TracedHop) -> str:
    delays = hop.delays or NOTHING
    times = (delays.best, delays.worst, delays.deviation)
    best, worst, deviation = (f"{milliseconds(one):6.1f}" for one in times)
    loss = f"{hop.loss:6.1%}" if hop.loss < 1 else " 100.0"
    return (
        f"{loss}{hop.asked:6}{milliseconds(delays.last):7.1f}{milliseconds(delays.mean):6.1f}"
        f"{best}{worst}{deviation}"
    )


def _hub(hop: TracedHop, host: str) -> dict[str, object]:
    delays = hop.delays or NOTHING
    figures = {
        "Last": delays.last,
        "Avg": delays.mean,
        "Best": delays.best,
        "Wrst": delays.worst,
        "StDev": delays.deviation,
    }
    times = {head: round(milliseconds(seconds), 3) for head, seconds in figures.items()}
    return {"count": hop.ttl, "host": host, "Loss%": round(100 * hop.loss, 3), "Snt": hop.asked, **times}


def _hops(trace: Trace, naming: Naming) -> Iterator[dict[str, object]]:
    """Give what mtr's hubs have no place for, in seconds."""
    for hop in trace.hops:
        delays = hop.delays
        yield {
            "ttl": hop.ttl,
            "addresses": [
                {"address": one, "name": naming.name(one), "owner": naming.owner(one)}
                for one in hop.addresses
            ],
            "sent": hop.asked,
            "lost": hop.lost,
            "reached": hop.reached,
            "mean_seconds": delays.mean if delays else None,
            "mean_jitter_seconds": delays.mean_jitter if delays else None,
        }
