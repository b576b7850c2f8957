"""All scenarios there are."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from typing import Final

from tests.faults import client, limits, logins, middlebox, names, network, proxies, server
from tests.faults.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *network.SCENARIOS,
    *middlebox.SCENARIOS,
    *names.SCENARIOS,
    *client.SCENARIOS,
    *server.SCENARIOS,
    *limits.SCENARIOS,
    *proxies.SCENARIOS,
    *logins.SCENARIOS,
)


def chosen(patterns: Sequence[str]) -> Iterator[tuple[Scenario, list[str]]]:
    """Give scenarios with the databases they are wanted on: all, or what one of the patterns fits.

    A pattern fits if it is a part of, or with wildcards matches, "CAUSE NAME DATABASE".
    """
    for scenario in SCENARIOS:
        wanted = [
            name
            for name in scenario.databases
            if fits(f"{scenario.expected} {scenario.name} {name}", patterns)
        ]
        if wanted:
            yield scenario, wanted


def fits(text: str, patterns: Sequence[str]) -> bool:
    """Tell whether one of the patterns fits a text, or there are none."""
    return not patterns or any(pattern in text or fnmatch(text, pattern) for pattern in patterns)
