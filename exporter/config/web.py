"""From a web configuration file to who may reach our pages, with every mistake found in one go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from exporter.config.document import LARGEST, Document, read
from exporter.config.problems import ConfigurationError, Place, Problem
from exporter.config.validating import validated
from exporter.config.web_schema import (
    NEVER,
    HttpServer,
    Limit,
    TlsServer,
    WebFile,
    header_problem,
    misfits,
)
from exporter.model import Access, Encryption, RateLimit
from exporter.net.listener_tls import Unusable, server_context

TLS: Final = "tls_server_config"
PARTS: Final = {"certificate": "cert", "key": "key", "client_ca": "client_ca"}
"""What is PEM: the fields of Encryption, and their keys; with `_file` behind them they name a file."""


def load_access(path: Path) -> Access:
    """Read the web configuration at `path`; raise ConfigurationError with all that is wrong in it."""
    problems: list[Problem] = []
    document = read(path, problems)
    access = _Reading(document, problems).access() if document else None
    if access is None or problems:
        raise ConfigurationError(sorted(set(problems), key=lambda problem: (problem.line, str(problem))))
    return access


class _Reading:
    """One reading of a file; collects problems instead of stopping at the first."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._files: list[Path] = []

    def access(self) -> Access | None:
        """Judge all as written, so that a mistake in one key hides none in another."""
        whole = validated(WebFile, self._document, (), self._document.content, self._problems)
        content = self._document.content
        tls, limited = _block(content, TLS), _block(content, "rate_limit")
        pems = self._pems(tls) if tls else {}
        self._judge_headers(_block(_block(content, "http_server_config"), "headers"))
        if limited.get("interval") not in NEVER and limited.get("burst", 0) == 0:
            self._fail(
                ("rate_limit", "burst"), "must be at least 1: with none every request would be refused"
            )
        if whole is None or self._problems:
            return None
        limit = whole.rate_limit or Limit()
        return Access(
            encryption=_encryption(whole.tls_server_config or TlsServer(), pems) if tls else None,
            headers=dict((whole.http_server_config or HttpServer()).headers),
            users=whole.basic_auth_users,
            rate=RateLimit(limit.interval, limit.burst) if limit.interval else None,
            files=tuple(self._files),
        )

    def _judge_headers(self, headers: Mapping[str, Any]) -> None:
        for name, text in headers.items():
            if isinstance(text, str) and (problem := header_problem(name, text)):
                self._fail(("http_server_config", "headers", name), problem)

    def _pems(self, tls: dict[str, Any]) -> dict[str, bytes]:
        """Read what is PEM, and judge it with what is said of TLS; what is there, is by its field."""
        for key, problem in misfits(tls):
            self._fail((TLS, key), problem)
        found = {field: self._pem(tls, key) for field, key in PARTS.items()}
        for key in ("cert", "key"):
            if not {key, f"{key}_file"} & tls.keys():
                self._fail((TLS,), f"{key}_file is missing")
        pems = {field: pem for field, pem in found.items() if pem is not None}
        try:
            server_context(_encryption(TlsServer(), pems))
        except Unusable as unusable:
            for field in unusable.faults.keys() & pems.keys():
                key = PARTS[field]
                written = f"{key}_file" if f"{key}_file" in tls else key
                self._fail((TLS, written), unusable.faults[field])
        return pems

    def _pem(self, tls: dict[str, Any], key: str) -> bytes | None:
        """Read one of them; None where there is none, and a problem if there should be."""
        inline, file = tls.get(key), tls.get(f"{key}_file")
        if inline is not None and file is not None:
            self._fail((TLS, key), f"stands beside {key}_file; keep one of them")
        if isinstance(file, str):
            return self._read(self._document.path.parent / file, (TLS, f"{key}_file"))
        return inline.encode() if isinstance(inline, str) else None

    def _read(self, path: Path, place: Place) -> bytes | None:
        self._files.append(path)
        try:
            if path.exists() and not path.is_file():
                raise OSError("not a regular file")
            with path.open("rb") as file:
                return file.read(LARGEST)
        except (OSError, ValueError) as error:
            self._fail(place, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
            return None

    def _fail(self, place: Place, message: str) -> None:
        self._problems.append(self._document.problem(place, message))


def _block(content: Any, key: str) -> dict[str, Any]:
    """Give what is written of a block, without keys that have nothing behind them."""
    found = content.get(key) if isinstance(content, dict) else None
    written = found if isinstance(found, dict) else {}
    return {key: value for key, value in written.items() if value not in (None, "")}


def _encryption(settings: TlsServer, pems: Mapping[str, bytes]) -> Encryption:
    return Encryption(
        certificate=pems.get("certificate", b""),
        key=pems.get("key", b""),
        client_ca=pems.get("client_ca", b""),
        client=settings.policy,
        client_names=tuple(settings.client_allowed_sans or ()),
        minimum=settings.min_version,
        maximum=settings.max_version,
        cipher_suites=tuple(settings.cipher_suites),
        curves=tuple(settings.curve_preferences),
        own_order=settings.prefer_server_cipher_suites,
    )
