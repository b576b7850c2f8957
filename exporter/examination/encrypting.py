"""What a URL demands of TLS, in the words of the driver that the application uses.

The URL is written as libpq and MySQL's own clients have it. Other drivers refuse those words, or take some of
them for less than they say: they get a context of Python's, which says it all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.config import is_secret
from exporter.examination.aiming import Aim
from exporter.examination.words import quoted
from exporter.net.tls import TlsPolicy, Verify

CONTEXTS: Final[Mapping[str, str]] = {
    "asyncpg": "ssl",
    "pg8000": "ssl_context",
    "pymysql": "ssl",
    "aiomysql": "ssl",
    "asyncmy": "ssl",
}
"""Drivers that take a context, and their argument for it."""
OFF: Final[Mapping[str, Mapping[str, object]]] = {
    "asyncpg": {"ssl": False},
    "pg8000": {"ssl_context": False},
    "pymysql": {"ssl_disabled": True},
    "mysqlconnector": {"ssl_disabled": True},
}
"""How drivers are told to do without TLS, of those that would try it."""
FILES: Final = frozenset({"ssl_ca", "ssl_cert", "ssl_key"})
SIMPLE: Final = FILES | {"ssl_check_hostname"}
"""Parameters that SQLAlchemy itself hands to PyMySQL and mysqlclient as they are meant."""
MODES: Final[Mapping[Verify, str]] = {
    Verify.NOTHING: "REQUIRED",
    Verify.CHAIN: "VERIFY_CA",
    Verify.CHAIN_AND_NAME: "VERIFY_IDENTITY",
}


class Code(str):
    """Python to be written as it stands."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What is written about TLS: `lines` before the call, `arguments` of the driver, `params` of the URL."""

    params: Mapping[str, str]
    arguments: Mapping[str, object] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def tls(aim: Aim, driver: str) -> Tls:
    """Put what the URL says of TLS into the driver's words."""
    params = aim.endpoint.params
    said = {name for name in params if name.startswith("ssl")}
    known = {*CONTEXTS, "mysqldb", "mariadbconnector", "mysqlconnector"}
    if not said or driver not in known or (driver in {"pymysql", "mysqldb"} and said <= SIMPLE):
        return Tls(params=params)
    encryption = aim.probed.dialect.prepare(aim.endpoint).encryption
    policy = encryption.policy if encryption is not None else None
    rest = {name: value for name, value in params.items() if name not in said}
    if driver not in CONTEXTS:
        return _named(policy, driver, {**rest, **{name: params[name] for name in params if name in FILES}})
    if policy is None or not policy.required:
        return Tls(params=rest, arguments=OFF.get(driver, {}) if policy is None else {})
    arguments = {CONTEXTS[driver]: Code("tls")}
    return Tls(params=rest, arguments=arguments, lines=tuple(_context(policy, params)))


def _named(policy: TlsPolicy | None, driver: str, params: Mapping[str, str]) -> Tls:
    """Name the files and what to verify, for drivers that stand upon a library in C, or have its words."""
    if driver == "mysqldb":
        demanded = MODES[policy.verify] if policy is not None and policy.required else "PREFERRED"
        return Tls(params={**params, "ssl_mode": "DISABLED" if policy is None else demanded})
    if policy is None or not policy.required:
        return Tls(params=params, arguments=OFF.get(driver, {}) if policy is None else {})
    verified = {} if policy.verify is Verify.NOTHING else {"ssl_verify_cert": True}
    if driver == "mariadbconnector":
        return Tls(params=params, arguments={"ssl": True, **verified})
    name = {"ssl_verify_identity": True} if policy.verify is Verify.CHAIN_AND_NAME else {}
    return Tls(params=params, arguments={**verified, **name})


def _context(policy: TlsPolicy, params: Mapping[str, str]) -> Iterator[str]:
    """Write Python that makes a context which verifies the same."""
    yield f"tls = ssl.create_default_context({f'cafile={quoted(policy.ca)}' if policy.ca else ''})"
    if policy.verify is not Verify.CHAIN_AND_NAME:
        yield "tls.check_hostname = False"
    if policy.verify is Verify.NOTHING:
        yield "tls.verify_mode = ssl.CERT_NONE"
    if policy.crl or policy.crl_directory:
        yield f"tls.load_verify_locations({_path(policy.crl)}, {_path(policy.crl_directory)})"
        yield "tls.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN"
    if policy.certificate:
        secret = next((name for name, value in params.items() if is_secret(name, value)), "")
        word = f', os.environ["DB_{secret.upper()}"]' if policy.key_password and secret else ""
        yield f"tls.load_cert_chain({quoted(policy.certificate)}, {_path(policy.key)}{word})"


def _path(path: str) -> str:
    return quoted(path) if path else "None"
