"""From files to a configuration, with every mistake found in one go."""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exporter.config.address import UrlError, prepare, read_url
from exporter.config.document import Document, read
from exporter.config.meaning import Configuration, Module, ProbedTarget
from exporter.config.on_request import read_modules
from exporter.config.passwords import read_password
from exporter.config.problems import ConfigurationError, Place, Problem
from exporter.config.schema import ProbeKind, models
from exporter.config.sources import PATTERNS, named
from exporter.config.validating import validated
from exporter.db.dialect import Dialect
from exporter.model import Endpoint, Secret, Target
from exporter.settings import ProbeBlock, Settings

NO_MODULES: tuple[Module, ...] = ()


def load(path: Path, kinds: Sequence[ProbeKind], dialects: Sequence[Dialect]) -> Configuration:
    """Read the configuration at `path`; raise ConfigurationError with all that is wrong in it."""
    return _Loading(kinds, dialects).load(path)


class _Loading:
    """One reading of a configuration; collects problems instead of stopping at the first."""

    def __init__(self, kinds: Sequence[ProbeKind], dialects: Sequence[Dialect]) -> None:
        self._whole, self._target = models(kinds)
        self._kinds = kinds
        self._dialects = dialects
        self._problems: list[Problem] = []
        self._names: dict[str, Problem] = {}
        self._on: set[str] = set()
        self._budget = 0

    def load(self, path: Path) -> Configuration:
        document = read(path, self._problems)
        targets: list[ProbedTarget] = []
        whole, modules = None, NO_MODULES
        if document is not None:
            whole = self._validated(self._whole, document, (), document.content)
            defaults = self._defaults(document)
            self._budget = getattr(whole, "connection_budget", 0)
            targets += self._targets(document, ("targets",), _list(document.content, "targets"), defaults)
            targets += self._files(document, defaults)
            modules = read_modules(document, whole, self._dialects, self._problems)
            if not targets and not self._problems:
                self._problems.append(
                    document.problem((), "no targets; write at least one with a name and a url")
                )
        if self._problems:
            raise ConfigurationError(sorted(set(self._problems), key=_order))
        told = {key: getattr(whole, key) for key in ("vantage", "networks", "diagnosis", "probe")}
        return Configuration(targets=tuple(targets), modules=modules, **told)

    def _files(self, document: Document, defaults: Mapping[str, ProbeBlock]) -> list[ProbedTarget]:
        """Read the targets of every file that the patterns of `target_files` find, each file once."""
        found: set[Path] = set()
        for index, pattern in enumerate(_list(document.content, PATTERNS)):
            if not isinstance(pattern, str):
                continue
            files = named(document.path.parent, pattern)
            found.update(files)
            if not files and not glob.has_magic(pattern):
                self._problems.append(document.problem((PATTERNS, index), f"{pattern!r} is no file"))
        return [target for path in sorted(found) for target in self._file(path, defaults)]

    def _file(self, path: Path, defaults: Mapping[str, ProbeBlock]) -> list[ProbedTarget]:
        document = read(path, self._problems)
        if document is None or document.content is None:
            return []
        if not isinstance(document.content, list):
            message = "must be a list of targets, each beginning with `- name:`"
            self._problems.append(document.problem((), message))
            return []
        return self._targets(document, (), document.content, defaults)

    def _targets(
        self, document: Document, place: Place, items: Sequence[Any], defaults: Mapping[str, ProbeBlock]
    ) -> list[ProbedTarget]:
        found = [self._one(document, (*place, index), item, defaults) for index, item in enumerate(items)]
        return [target for target in found if target is not None]

    def _one(
        self, document: Document, place: Place, item: Any, defaults: Mapping[str, ProbeBlock]
    ) -> ProbedTarget | None:
        block: Any = self._validated(self._target, document, place, item)
        # Judged as written, so that a mistake in one key hides none in another.
        written = item if isinstance(item, dict) else {}
        self._only_once(document, place, written.get("name"))
        password = read_password(document, (*place, "password"), written.get("password"), self._problems)
        address = self._address(document, (*place, "url"), written.get("url"), password)
        probes = self._probes(document, (*place, "probes"), written.get("probes"), defaults)
        if block is None or address is None:
            return None
        endpoint, dialect = address
        target = Target(name=block.name, endpoint=endpoint, labels=block.labels)
        return ProbedTarget(
            target=target,
            dialect=dialect,
            probes=probes,
            connection_budget=block.connection_budget or self._budget,
        )

    def _only_once(self, document: Document, place: Place, name: Any) -> None:
        if not isinstance(name, str):
            return
        here = document.problem((*place, "name"), f"{name!r} is the name of another target already")
        first = self._names.setdefault(name, here)
        if first is not here:
            self._problems.append(
                replace(here, message=f"{here.message} ({first.path}:{first.line}); names must differ")
            )

    def _address(
        self, document: Document, place: Place, url: Any, password: Secret | None
    ) -> tuple[Endpoint, Dialect] | None:
        if not isinstance(url, str):
            return None
        try:
            endpoint, dialect = read_url(url, password, self._dialects)
            prepare(endpoint, dialect)
        except UrlError as error:
            self._problems += [document.problem(place, problem) for problem in error.problems]
            return None
        return endpoint, dialect

    def _defaults(self, document: Document) -> dict[str, ProbeBlock]:
        """Read the block `defaults`, whatever else may be wrong in the file."""
        content = document.content if isinstance(document.content, dict) else {}
        blocks = content.get("defaults")
        named = blocks if isinstance(blocks, dict) else {}
        self._on = {kind.name for kind in self._kinds if kind.settings.default_on or kind.name in named}
        own = {kind.name: kind.settings() for kind in self._kinds}
        return own | self._probes(document, ("defaults",), blocks, own)

    def _probes(
        self, document: Document, place: Place, blocks: Any, defaults: Mapping[str, ProbeBlock]
    ) -> dict[str, ProbeBlock]:
        """Lay the blocks that were written over `defaults`; what is unsound has been told already."""
        probes: dict[str, ProbeBlock] = {}
        for kind in self._kinds:
            written = blocks.get(kind.name) if isinstance(blocks, dict) else None
            if written is False or (written is None and kind.name not in self._on):
                continue
            try:
                own = kind.settings.model_validate(written if isinstance(written, dict) else {})
            except ValidationError:
                own = kind.settings()
            probes[kind.name] = settings = own.over(defaults[kind.name])
            if own.model_fields_set and (misfit := settings.misfit()):
                key, problem = misfit
                self._problems.append(document.problem((*place, kind.name, key), problem))
        return probes

    def _validated(
        self, model: type[Settings], document: Document, place: Place, content: Any
    ) -> Settings | None:
        return validated(model, document, place, content, self._problems)


def _list(content: Any, key: str) -> list[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, list) else []


def _order(problem: Problem) -> tuple[str, int, str]:
    return str(problem.path), problem.line, str(problem)
