"""The modules by which hosts are looked at on request, with every mistake that their models cannot see."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from exporter.config.address import UrlError, prepare
from exporter.config.document import Document
from exporter.config.meaning import Module
from exporter.config.modules import DEFAULT_MODULES, ModuleBlock, SessionModule, TcpModule
from exporter.config.passwords import read_password
from exporter.config.problems import Place, Problem
from exporter.config.tls import read_policy
from exporter.db.dialect import Dialect
from exporter.model import Endpoint
from exporter.model.allowance import Allowance, Rule
from exporter.settings import Settings

WITH_TLS: Final[Mapping[str, Mapping[str, str]]] = {
    "postgresql": {"sslmode": "require"},
    "mysql": {"ssl_mode": "required"},
}
"""Parameters by which each database's own client asks for TLS."""


def read_modules(
    document: Document, whole: Settings | None, dialects: Sequence[Dialect], problems: list[Problem]
) -> tuple[Module, ...]:
    """Give the modules of a file and those there are anyway; `whole` is None where the file is unsound."""
    reading = _Reading(document, dialects, problems)
    if whole is None:
        reading.look_at_passwords()
        return ()
    everywhere = _allowance(getattr(whole, "probe").allow)  # noqa: B009  its model is made at run time
    written: Mapping[str, ModuleBlock] = getattr(whole, "modules")  # noqa: B009
    blocks = {**DEFAULT_MODULES, **written}
    return tuple(reading.module(name, block, everywhere) for name, block in blocks.items())


class _Reading:
    """Turns blocks into modules."""

    def __init__(self, document: Document, dialects: Sequence[Dialect], problems: list[Problem]) -> None:
        self._document = document
        self._dialects = dialects
        self._problems = problems

    def module(self, name: str, block: ModuleBlock, everywhere: Allowance) -> Module:
        """Give the meaning of one block."""
        place, settings = ("modules", name, block.prober), block.settings
        module = Module(
            name=name,
            block=block,
            allow=everywhere if block.allow is None else _allowance(block.allow),
        )
        if isinstance(settings, SessionModule):
            return self._logging_in(module, settings, place)
        if (wanted := getattr(settings, "tls_config", None)) is not None:
            module = replace(
                module, policy=read_policy(self._document, (*place, "tls_config"), wanted, self._problems)
            )
        if isinstance(settings, TcpModule) and settings.starttls:
            endpoint = _anybody(settings.starttls, params=WITH_TLS[settings.starttls])
            return replace(module, dialect=self._dialect(settings.starttls), endpoint=endpoint)
        return module

    def look_at_passwords(self) -> None:
        """Say what is wrong with passwords in a file that is unsound otherwise."""
        content = self._document.content if isinstance(self._document.content, dict) else {}
        blocks = content.get("modules")
        for name, block in blocks.items() if isinstance(blocks, dict) else ():
            source: Any = block
            for key in ("session", "auth", "password"):
                source = source.get(key) if isinstance(source, dict) else None
            self._password(("modules", name, "session"), source)

    def _logging_in(self, module: Module, settings: SessionModule, place: Place) -> Module:
        source = settings.auth.password
        endpoint = replace(
            _anybody(settings.dialect, params=settings.parameters),
            user=settings.auth.user,
            password=self._password(place, source.model_dump(exclude_none=True) if source else None),
            database=settings.database,
        )
        dialect = self._dialect(settings.dialect)
        try:
            prepare(endpoint, dialect)
        except UrlError as error:
            at = (*place, "parameters")
            self._problems += [self._document.problem(at, problem) for problem in error.problems]
        return replace(module, dialect=dialect, endpoint=endpoint)

    def _password(self, place: Place, source: Any) -> Any:
        return read_password(self._document, (*place, "auth", "password"), source, self._problems)

    def _dialect(self, name: str) -> Dialect:
        return next(dialect for dialect in self._dialects if name in dialect.names)


def _anybody(dialect: str, params: Mapping[str, str]) -> Endpoint:
    """Give an endpoint without a place, and without anybody who logs in."""
    return Endpoint(
        dialect=dialect, host="localhost", port=1, user="anybody", password=None, database="", params=params
    )


def _allowance(written: Sequence[str]) -> Allowance:
    return Allowance(tuple(map(Rule.parse, written)))
