"""The story: python -m tests.dashboards.story [MINUTES] [DIRECTORY].

Chapters of faults go by while both releases of Prometheus scrape what is there. What they have scraped is
kept, so that dashboards can be asked of it later.
"""

import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.dashboards.chapters import CHAPTERS, HELD, Chapter
from tests.dashboards.pace import Pace
from tests.dashboards.recording import Passed, Recording
from tests.dashboards.scene import Scene, scene
from tests.servers import Certificates
from tests.waiting import wait_for

LOOK: Final = 5.0
SCRAPES: Final = 3
WARM: Final = 60.0
"""Seconds within which everything is up."""
PATIENCE: Final = 150.0
"""Seconds beyond its share for which a chapter waits until what it is there for was scraped."""
LATELY: Final = 4
"""Scrapes over which dashboards take a rate."""
KEPT: Final = Path(__file__).parents[2] / ".cache" / "story"


def record(directory: Path, pace: Pace, certificates: Certificates) -> Recording:
    """Let the story go by, and keep what was scraped; raises ServerMissing."""
    with scene(certificates, pace, directory) as there:
        wait_for(lambda: warm(there), WARM)
        begun = time.time()
        chapters = tuple(told(there, chapter) for chapter in CHAPTERS)
        recording = Recording(
            directory=directory,
            begin=begun,
            end=ended(there),
            scrape=pace.scrape,
            chapters=chapters,
            incidents=there.incidents(),
        )
    recording.write()
    return recording


def told(there: Scene, chapter: Chapter) -> Passed:
    """Let one chapter go by."""
    share, before = there.pace.length(chapter.minutes, chapter.seconds), time.time()
    with chapter.bring(there):
        begun = time.time()
        pause(there, HELD * share)
        await_known(there, chapter, before)
        passed = Passed(name=chapter.name, begin=begun, end=time.time())
    say(f"{chapter.name}: {passed.end - passed.begin:.0f} s")
    pause(there, (1 - HELD) * share)
    return passed


def await_known(there: Scene, chapter: Chapter, before: float) -> None:
    """Let a chapter go on until each Prometheus has an answer to all that it makes known."""
    until = time.monotonic() + PATIENCE
    while unknown := [one for one in chapter.known if not told_of(there, since(there, before, one))]:
        assert time.monotonic() < until, f"{chapter.name}: no answer to {', '.join(unknown)}"
        pause(there, there.pace.scrape)


def since(there: Scene, before: float, question: str) -> str:
    """Fill in the time since a moment, and some scrapes more: in them is what a counter had before it."""
    seconds = time.time() - before + SCRAPES * there.pace.scrape
    return question.replace("$since", f"{seconds:.0f}s")


def ended(there: Scene) -> float:
    """Give a moment at which everything was well, once no scrape of before it is under way any more."""
    until = time.monotonic() + WARM
    while not (warm(there, end := settled(there)) and steady(there, end)):
        assert time.monotonic() < until, "not everything is well in the end"
    return end


def settled(there: Scene) -> float:
    """Give this moment, once all is kept that was scraped up to it.

    A scrape that is cut short, or takes too long, ends all its series at the moment at which it began. But
    each of a target follows upon the end of the one before it.
    """
    now = time.time()
    pause(there, there.pace.scrape)
    wait_for(lambda: told_of(there, f"min(timestamp(up)) > {now}"), WARM)
    return now


def pause(there: Scene, seconds: float) -> None:
    """Let so many seconds pass; whoever has to run still does."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for vantage, running in there.exporters.items():
            assert running.process.poll() is None, f"the exporter of {vantage} has ended"
        time.sleep(min(LOOK, left))


def told_of(there: Scene, question: str) -> bool:
    """Whether each Prometheus has an answer."""
    return all(running.query(question) for running in there.watching.values())


def warm(there: Scene, at: float | None = None) -> bool:
    """Whether each Prometheus has scraped everything, and both exporters reach every target, now or then."""
    return all(
        running.query("min(up) == 1 and count(conndrop_up == 1) == 8", at)
        for running in there.watching.values()
    )


def steady(there: Scene, at: float) -> bool:
    """Whether no scrape has failed of late, so that there is a rate of everything."""
    question = f"min(min_over_time(up[{LATELY * there.pace.scrape:.0f}s])) == 1"
    return all(running.query(question, at) for running in there.watching.values())


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


def main(minutes: float, directory: Path) -> None:
    """Record in place of what is in a directory, once all has gone by, and say what was seen."""
    fresh = directory.with_name(f"{directory.name}-new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="conndrop-story-") as place:
        Path(place).chmod(0o755)
        recording = record(fresh, Pace(minutes=minutes), Certificates(Path(place)))
    shutil.rmtree(directory, ignore_errors=True)
    fresh.rename(directory)
    for one in recording.incidents:
        say(f"{one['started']} {one['ended']} {one['vantage']:8} {one['target']:8} {', '.join(one['names'])}")
    say(f"kept in {directory}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended in good order
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 60.0,
        Path(sys.argv[2]) if len(sys.argv) > 2 else KEPT,
    )
