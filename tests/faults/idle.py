"""Tries every idle timeout at 5, 20 and 47 s, all at once: python -m tests.faults.idle [SECONDS …]."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.cases import KINDS, both
from tests.faults.judging import Search, faulty
from tests.servers import Certificates

SECONDS = (5, 20, 47)
LOOK = 5.0
PATIENCE = 120
"""Seconds beyond forty times the longest timeout, after which nothing more is expected."""


def main(wanted: list[int]) -> int:
    """Search, print what was found, and give the exit status."""
    with tempfile.TemporaryDirectory(prefix="conndrop-faults-") as directory, ExitStack() as stack:
        Path(directory).chmod(0o755)
        certificates = Certificates(Path(directory))
        plans = [(faults, seconds) for seconds in wanted for faults in KINDS]
        plans += [(both, 5)] if 5 in wanted else []
        searches: list[Search] = []
        for faults, seconds in plans:
            searches.append(stack.enter_context(faulty(certificates, faults, seconds)))
            sys.stdout.write(f"{faults.__name__}, {seconds} s: looking\n")
            sys.stdout.flush()
        until = time.monotonic() + 40 * max(wanted) + PATIENCE
        while time.monotonic() < until:
            looked = [search.look() for search in searches]
            if all(looked):
                break
            time.sleep(LOOK)
        for search in searches:
            search.look(last=True)
        found = [one for search in searches for one in search.found.values()]
    for one in sorted(found, key=lambda one: (one.case.name, min(one.case.truth.values()))):
        sys.stdout.write(f"{one}\n")
    good = sum(not one.problem for one in found)
    sys.stdout.write(f"{good} of {len(found)} found and attributed\n")
    return 0 if good == len(found) else 1


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or list(SECONDS)))
