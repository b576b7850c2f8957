"""P7 and P11: how well the phases of sessions are known under load, and what a session costs."""

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.bench import crowd, ours
from tests.bench.cpu import used_per
from tests.bench.plan import Plan
from tests.bench.report import Goal, Row, error, ratio
from tests.bench.running import fetch, scraped, started
from tests.lab.capture import Capture
from tests.lab.truth import Talk, talks
from tests.scraping import samples_in
from tests.waiting import wait_for

DATABASES: Final = 10
OFTEN: Final = {"interval": "1s", "timeout": "1s"}
NEAR: Final = 0.2
"""Seconds from a session's start within which its first packet leaves."""
TRIES: Final = 5
SECOND: Final = 1e9
MOST: Final = 1e-3
TARGETS: Final = 100
"""Targets with a session a second, of which the cost of one is told."""
FEWER: Final = 1 / 0.9
KNOWN: Final = Goal(number="P7", what="error of sessions' phases under load, p99", peer="ours idle")
COST: Final = Goal(number="P11", what="CPU per session with TLS", peer="psycopg2 in a loop")


def phases(plan: Plan) -> list[Row]:
    """Hold each phase against the packets that begin and end it, without load and under that of P3."""
    with ours.databases(DATABASES) as urls:
        if not urls:
            return [error(KNOWN, ours=None, most=MOST)]
        turns = {loaded: partial(_some_errors, plan, urls, loaded=loaded) for loaded in (False, True)}
        found = {
            loaded: [value for each in rounds for value in each]
            for loaded, rounds in plan.turns(turns).items()
        }
    idle, mine = (_p99(found[loaded]) for loaded in (False, True))
    return [error(KNOWN, theirs=idle, ours=mine, most=MOST)]


def _p99(errors: Sequence[float]) -> float | None:
    return statistics.quantiles(errors, n=100)[98] if len(errors) > 1 else None


def _some_errors(plan: Plan, urls: Sequence[str], *, loaded: bool) -> list[float]:
    """Measure again where no session could be judged, as may be in a second of a busy machine."""
    errors: list[float] = []
    for _ in range(TRIES):
        errors += _errors(plan, urls, loaded=loaded)
        if len(errors) > 1:
            break
    return errors


def _errors(plan: Plan, urls: Sequence[str], *, loaded: bool) -> list[float]:
    text = ours.configuration((), {}, urls, ours.only(session=OFTEN))
    port = urlsplit(urls[0]).port
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "readings")
        with Capture("lo", f"tcp port {port}") as capture, contextlib.ExitStack() as stack:
            exporter = stack.enter_context(ours.exporter(text, readings=file, loaded=loaded))
            stack.enter_context(scraped(exporter.url, 1.0 if loaded else 15.0))
            time.sleep(plan.warm_up + plan.seconds)
            stack.close()
            wire = talks(capture.stop(), port or 0)
        return list(_judged(ours.read(file), wire))


def _judged(readings: Sequence[ours.Reading], wire: Sequence[Talk]) -> Iterator[float]:
    """Give the error of each phase whose session is found on the wire: the only one that began just then."""
    for reading in readings:
        began = reading.started * SECOND
        near = [talk for talk in wire if 0 <= talk.began - began < NEAR * SECOND]
        truth = near[0].phases.get(reading.destination) if len(near) == 1 else None
        if truth is not None and reading.seconds is not None:
            yield abs(reading.seconds - truth / SECOND)


def cost(plan: Plan) -> list[Row]:
    """Let the driver alone and the exporter hold sessions with the same cheap server."""
    with crowd.crowd():
        contenders: dict[str, Callable[[], float]] = {
            "psycopg2": partial(_bare, plan),
            "conndrop": partial(_conndrop, plan),
        }
        figures = plan.medians(contenders)
    return [ratio(COST, theirs=figures["psycopg2"], ours=figures["conndrop"], most=FEWER)]


def _bare(plan: Plan) -> float:
    with tempfile.NamedTemporaryFile() as file:
        words = ("tests.bench.bare_sessions", crowd.url(0), file.name)

        def done() -> int:
            return Path(file.name).stat().st_size

        with started(sys.executable, "-m", *words) as process:
            wait_for(lambda: done() > 0)
            return used_per([process.pid], done, plan.seconds)


def _conndrop(plan: Plan) -> float:
    text = crowd.configuration(TARGETS, ours.only(session=OFTEN))
    with ours.exporter(text) as exporter:
        wait_for(lambda: _sessions(exporter.url) >= TARGETS)
        return used_per([exporter.pid], partial(_sessions, exporter.url), plan.seconds)


def _sessions(url: str) -> float:
    samples = samples_in(fetch(f"{url}?collect[]=session&exclude[]=buckets").decode())
    return sum(value for (name, _), value in samples.items() if name == "conndrop_session_attempts_total")
