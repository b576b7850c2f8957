"""How long it takes from a fault to its page: python -m tests.paging.pages [REPETITIONS] [FAULT …].

Everything is as it is by default: probes, scrapes and evaluations every 15 s, the shipped Alertmanager. Both
releases watch side by side.
"""

import random
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.paging.monitoring import Pace
from tests.paging.paged import FAULTS, Page, office
from tests.servers import Certificates
from tests.servers.releases import RELEASES

LONGEST: Final = 400.0
"""Seconds after its end within which a fault must have been told to be over."""
IN_TIME: Final = 60.0
"""Seconds from the beginning of a fault within which the page must be there."""
BETWEEN: Final = 20.0
"""Seconds at most from one fault to the next, by chance: so that no scrape is always at the same moment."""


def main(repetitions: int, wanted: Sequence[str]) -> int:
    """Try, print what was seen, and give the exit status."""
    seen: defaultdict[tuple[str, str], list[Page]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="conndrop-pages-") as directory:
        Path(directory).chmod(0o755)
        with office(Certificates(Path(directory)), Pace(), list(RELEASES.values())) as watched:
            for name in wanted or FAULTS:
                for _ in range(repetitions):
                    time.sleep(random.uniform(0, BETWEEN))  # noqa: S311  no secret
                    for release, page in watched.pages(FAULTS[name], LONGEST).items():
                        seen[name, release].append(page)
                        say(f"{name:15} {release:10} {_told(page)}")
    return _summed(seen)


def _summed(seen: Mapping[tuple[str, str], Sequence[Page]]) -> int:
    late = 0
    for (name, release), pages in seen.items():
        after = [page.after for page in pages if page.after is not None]
        over = [page.over for page in pages if page.over is not None]
        late += sum(page.after is None or page.after > IN_TIME or page.over is None for page in pages)
        say(f"{name:15} {release:10} {len(pages)} times; page after {_spread(after)}; over {_spread(over)}")
    say("all in time" if not late else f"{late} late or missing")
    return 1 if late else 0


def _spread(seconds: Sequence[float]) -> str:
    """Write the least, the middle and the most."""
    if not seconds:
        return "never"
    return f"{min(seconds):.1f} / {statistics.median(seconds):.1f} / {max(seconds):.1f} s ({len(seconds)})"


def _told(page: Page) -> str:
    listed = ", ".join(f"{at:.1f} s {said}" for at, said in page.told)
    return f"page {page.after and round(page.after, 1)} over {page.over and round(page.over, 1)}: {listed}"


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended in good order
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:]))
