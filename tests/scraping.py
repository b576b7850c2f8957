"""Reading what we publish with prometheus_client's own parsers."""

import re
from collections.abc import Iterable
from typing import Any

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition.families import Families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""From a sample's name and labels to its value."""
parse_text: Any = text_string_to_metric_families
parse_openmetrics: Any = openmetrics_parser.text_string_to_metric_families


def samples_of(families: Iterable[Metric]) -> Samples:
    """Sort parsed families; no sample may be there twice."""
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def samples_in(text: str) -> Samples:
    """Give what a page in the text form says."""
    # prometheus_client puts `_total` behind the names of counters that have it not; Prometheus does not.
    return samples_of(parse_text(re.sub(r"(?m)^(# TYPE \w+(?<!_total)) counter$", r"\1 untyped", text)))


def scraped(families: Families) -> Samples:
    """Render in both forms, which must say the same, and give what they say."""
    plain = b"".join(families.render(openmetrics=False)).decode()
    openmetrics = b"".join(families.render(openmetrics=True)).decode() + "# EOF\n"
    found = samples_in(plain)
    assert samples_of(parse_openmetrics(openmetrics)) == found
    return found


def value(families: Families, name: str, **labels: str) -> float | None:
    """Give the value of one sample, None if it is not published."""
    return scraped(families).get((name, frozenset(labels.items())))


def series(families: Families, name: str) -> list[dict[str, str]]:
    """Give the labels of every sample with this name."""
    return [dict(labels) for found, labels in scraped(families) if found == name]
