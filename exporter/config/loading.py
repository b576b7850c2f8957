"""From files to a configuration, with every mistake found in one go."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exporter.config.document import Document, read
from exporter.config.listings import read_listings
from exporter.config.meaning import Configuration, Module
from exporter.config.on_request import read_modules
from exporter.config.problems import ConfigurationError, Problem, in_order
from exporter.config.schema import Models, ProbeKind, models
from exporter.config.target_files import PATTERNS, TargetFiles
from exporter.config.targets import TargetReading, Terms, read_probes
from exporter.config.validating import validated
from exporter.db.dialect import Dialect
from exporter.settings import Settings

NO_MODULES: tuple[Module, ...] = ()


def load(path: Path, kinds: Sequence[ProbeKind], dialects: Sequence[Dialect]) -> Configuration:
    """Read the configuration at `path`; raise ConfigurationError with all that is wrong in it."""
    problems: list[Problem] = []
    document = read(path, problems)
    configuration = _read(document, kinds, dialects, problems) if document else Configuration()
    if problems:
        raise ConfigurationError(in_order(problems))
    return configuration


def _read(
    document: Document, kinds: Sequence[ProbeKind], dialects: Sequence[Dialect], problems: list[Problem]
) -> Configuration:
    """Read what stands in the file and in those that it names, as far as it is sound."""
    described = models(kinds)
    whole = validated(described.whole, document, (), document.content, problems)
    reading = TargetReading(_terms(document, whole, described, dialects, problems), problems)
    targets = reading.targets(document, ("targets",), _list(document.content, "targets"))
    files = _files(document, reading)
    if files:
        targets += files.targets
    listings = read_listings(document, reading)
    modules = read_modules(document, whole, dialects, problems)
    if not targets and not listings and not problems:
        problems.append(document.problem((), "no targets; write at least one with a name and a url"))
    told = (
        {key: getattr(whole, key) for key in ("vantage", "networks", "diagnosis", "probe")} if whole else {}
    )
    return Configuration(targets=tuple(targets), files=files, listings=listings, modules=modules, **told)


def _files(document: Document, reading: TargetReading) -> TargetFiles | None:
    """Read the targets of every file that the patterns of `target_files` find; None without a pattern."""
    written = _list(document.content, PATTERNS)
    patterns = {index: pattern for index, pattern in enumerate(written) if isinstance(pattern, str)}
    if not patterns:
        return None
    files = TargetFiles(document=document, patterns=patterns, terms=reading.terms, names=dict(reading.names))
    return files.attempt(reading.problems)


def _terms(
    document: Document,
    whole: Settings | None,
    described: Models,
    dialects: Sequence[Dialect],
    problems: list[Problem],
) -> Terms:
    """Read what holds for all targets, whatever else may be wrong in the file."""
    content = document.content if isinstance(document.content, dict) else {}
    blocks = content.get("defaults")
    named = blocks if isinstance(blocks, dict) else {}

    def terms(defaults: Any) -> Terms:
        return Terms(
            models=described,
            dialects=dialects,
            defaults=defaults,
            on=frozenset(
                kind.name for kind in described.kinds if kind.settings.default_on or kind.name in named
            ),
            budget=getattr(whole, "connection_budget", 0),
        )

    own = {kind.name: kind.settings() for kind in described.kinds}
    return terms(own | read_probes(document, ("defaults",), blocks, terms(own), problems))


def _list(content: Any, key: str) -> list[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, list) else []
