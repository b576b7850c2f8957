"""What of all that there is one scrape takes: a scraper says so in its URL, and so each as it needs."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

HELD: Final = "held"
INCIDENTS: Final = "incidents"
EXPORTER: Final = "exporter"
PROBES: Final = (
    "ping", "path", "mtu", "dns", "tcp", "tls", "session", "sentinel", "idle", "pool", "server",
)  # fmt: skip
PARTS: Final = (*PROBES, HELD, INCIDENTS, EXPORTER)
"""What may be collected: the series of each kind of probe, of connections that are held, of incidents, and
about the exporter and its targets as such."""
BUCKETS, HOPS, ZEROS = "buckets", "hops", "zeros"
DETAILS: Final = (BUCKETS, HOPS, ZEROS)
"""What else may be excluded: classes of histograms but the last, which counts all; the single hops of paths;
and what has not happened yet, of the series that have one for each cause."""
COLLECT, EXCLUDE = "collect[]", "exclude[]"
MOST_FIELDS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The parts that are collected, all where none is named, less what is excluded."""

    collect: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, query: str) -> "Choice":
        """Read a URL's query; raise ValueError in words for people where it names what there is not."""
        collect, exclude = set(), set()
        for name, value in _given(query):
            if name == COLLECT:
                collect.add(_known(name, value, PARTS))
            elif name == EXCLUDE:
                exclude.add(_known(name, value, (*PARTS, *DETAILS)))
            else:
                raise ValueError(f"{name[:100]!r}: unknown parameter; allowed: {COLLECT}, {EXCLUDE}")
        return cls(collect=frozenset(collect), exclude=frozenset(exclude))

    def takes(self, part: str) -> bool:
        """Whether a part is collected."""
        return part not in self.exclude and (not self.collect or part in self.collect)

    def has(self, detail: str) -> bool:
        """Whether a detail is left in."""
        return detail not in self.exclude


ALL: Final = Choice()
"""Everything."""


def _given(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ValueError(f"too many parameters; allowed: {COLLECT}, {EXCLUDE}") from None


def _known(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{name}: {value[:100]!r} is unknown; allowed: {', '.join(allowed)}")
    return value
