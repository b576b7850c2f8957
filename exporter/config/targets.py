"""From what is written of targets to targets, with every mistake found in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from exporter.config.address import UrlError, prepare, read_url
from exporter.config.document import Document
from exporter.config.passwords import read_password
from exporter.config.probed import ProbedTarget
from exporter.config.problems import Place, Problem
from exporter.config.schema import Models
from exporter.config.validating import validated
from exporter.db.dialect import Dialect
from exporter.model import Endpoint, Secret, Target
from exporter.settings import ProbeBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all targets of a configuration, wherever they stand.

    `on` are the probes that run where nobody names them, with the settings of `defaults`.
    """

    models: Models
    dialects: Sequence[Dialect]
    defaults: Mapping[str, ProbeBlock]
    on: frozenset[str]
    budget: int


@dataclass(slots=True)
class TargetReading:
    """One reading of targets; collects problems instead of stopping at the first.

    `names` are those that are taken, each with where it stands.
    """

    terms: Terms
    problems: list[Problem]
    names: dict[str, Problem] = field(default_factory=dict)

    def targets(self, document: Document, place: Place, items: Sequence[Any]) -> list[ProbedTarget]:
        """Give the sound ones of the targets that are written at `place`."""
        found = [self._one(document, (*place, index), item) for index, item in enumerate(items)]
        return [target for target in found if target is not None]

    def _one(self, document: Document, place: Place, item: Any) -> ProbedTarget | None:
        block: Any = validated(self.terms.models.target, document, place, item, self.problems)
        # Judged as written, so that a mistake in one key hides none in another.
        written = item if isinstance(item, dict) else {}
        self._only_once(document, place, written.get("name"))
        password = read_password(document, (*place, "password"), written.get("password"), self.problems)
        address = self._address(document, (*place, "url"), written.get("url"), password)
        probes = self.probes(document, (*place, "probes"), written.get("probes"))
        if block is None or address is None:
            return None
        endpoint, dialect = address
        target = Target(name=block.name, endpoint=endpoint, labels=block.labels)
        return ProbedTarget(
            target=target,
            dialect=dialect,
            probes=probes,
            connection_budget=block.connection_budget or self.terms.budget,
        )

    def _only_once(self, document: Document, place: Place, name: Any) -> None:
        if not isinstance(name, str):
            return
        here = document.problem((*place, "name"), f"{name!r} is the name of another target already")
        first = self.names.setdefault(name, here)
        if first is not here:
            self.problems.append(
                replace(here, message=f"{here.message} ({first.path}:{first.line}); names must differ")
            )

    def _address(
        self, document: Document, place: Place, url: Any, password: Secret | None
    ) -> tuple[Endpoint, Dialect] | None:
        if not isinstance(url, str):
            return None
        try:
            endpoint, dialect = read_url(url, password, self.terms.dialects)
            prepare(endpoint, dialect)
        except UrlError as error:
            self.problems += [document.problem(place, problem) for problem in error.problems]
            return None
        return endpoint, dialect

    def probes(self, document: Document, place: Place, blocks: Any) -> dict[str, ProbeBlock]:
        """Lay the blocks that were written over the defaults; what is unsound has been told already."""
        return read_probes(document, place, blocks, self.terms, self.problems)


def read_probes(
    document: Document, place: Place, blocks: Any, terms: Terms, problems: list[Problem]
) -> dict[str, ProbeBlock]:
    """Give the settings of each probe that is on (see `TargetReading.probes`)."""
    probes: dict[str, ProbeBlock] = {}
    for kind in terms.models.kinds:
        written = blocks.get(kind.name) if isinstance(blocks, dict) else None
        if written is False or (written is None and kind.name not in terms.on):
            continue
        try:
            own = kind.settings.model_validate(written if isinstance(written, dict) else {})
        except ValidationError:
            own = kind.settings()
        probes[kind.name] = settings = own.over(terms.defaults[kind.name])
        if own.model_fields_set and (misfit := settings.misfit()):
            key, problem = misfit
            problems.append(document.problem((*place, kind.name, key), problem))
    return probes
