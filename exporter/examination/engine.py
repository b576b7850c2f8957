"""A call of SQLAlchemy's `create_engine` as Python to copy, the password left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.config import is_secret
from exporter.examination.aiming import Aim
from exporter.examination.encrypting import Code, tls
from exporter.examination.words import quoted

DRIVERS: Final[Mapping[str, str]] = {"postgresql": "psycopg2", "mysql": "pymysql", "mariadb": "pymysql"}
"""What is written where a URL names no driver."""
LIBPQ: Final = frozenset({"psycopg2", "psycopg2cffi", "psycopg", "psycopg_async"})
ASYNCHRONOUS: Final = frozenset({"asyncpg", "aiomysql", "asyncmy", "psycopg_async"})
KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "asyncpg": frozenset({"target_session_attrs", "krbsrvname", "gsslib"}),
    "pg8000": frozenset({"application_name"}),
}
"""Parameters of libpq that other drivers take by the same name; they refuse the rest."""
INDENT: Final = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What is handed to the driver: its own arguments, with a remark for some of them."""

    arguments: Mapping[str, object] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)


def driver(aim: Aim) -> str:
    """Give the driver that the application uses, as far as the URL tells."""
    return aim.driver or DRIVERS[aim.endpoint.dialect]


def written(aim: Aim, engine: Mapping[str, object], client: Client) -> str:
    """Write the call, with `engine` for SQLAlchemy's own settings."""
    name, where = driver(aim), aim.endpoint
    asynchronous, encryption = name in ASYNCHRONOUS, tls(aim, name)
    params, unknown = _divided(encryption.params, name)
    arguments: dict[str, object] = {**encryption.arguments, **client.arguments}
    if name == "asyncpg" and "application_name" in where.params:
        own: object = arguments.get("server_settings", {})
        settings = {**own} if isinstance(own, dict) else {}
        arguments["server_settings"] = {"application_name": where.params["application_name"], **settings}
    call = "create_async_engine" if asynchronous else "create_engine"
    lines = [f"engine = {call}(", *_indented(_url(aim, params))]
    lines += [f"{INDENT}{name}={value!r}," for name, value in engine.items()]
    if arguments:
        lines += _indented(["connect_args={", *_indented(_items(arguments, client.remarks)), "},"])
    if unknown:
        lines.append(f"{INDENT}# {name} has none of these, which the URL names: {', '.join(unknown)}")
    body = "\n".join([*encryption.lines, *([""] if encryption.lines else []), *lines, ")"])
    modules = [module for module, use in (("os", "os.environ["), ("ssl", "ssl.create")) if use in body]
    return "\n".join([*_imports(modules, call, asynchronous=asynchronous), "", body]) + "\n"


def _imports(modules: list[str], call: str, *, asynchronous: bool) -> list[str]:
    lines = [*(f"import {module}" for module in modules), *([""] if modules else [])]
    if asynchronous:
        return [*lines, "from sqlalchemy import URL", f"from sqlalchemy.ext.asyncio import {call}"]
    return [*lines, f"from sqlalchemy import URL, {call}"]


def _divided(params: Mapping[str, str], name: str) -> tuple[Mapping[str, str], list[str]]:
    """Tell apart which parameters the driver takes, and the names of those that it would refuse."""
    if name not in KNOWN:
        return params, []
    taken = {each: value for each, value in params.items() if each in KNOWN[name]}
    elsewhere = {"application_name"}
    return taken, [each for each in params if each not in taken and each not in elsewhere]


def _url(aim: Aim, params: Mapping[str, str]) -> list[str]:
    where = aim.endpoint
    parts: list[tuple[str, str]] = [
        ("username", quoted(where.user)),
        *([("password", 'os.environ["DB_PASSWORD"]')] if where.password is not None else []),
        ("host", quoted(where.host)),
        ("port", repr(where.port)),
        *([("database", quoted(where.database))] if where.database else []),
        *([("query", _query(params))] if params else []),
    ]
    begun = f"{where.dialect}+{driver(aim)}"
    return [
        "URL.create(",
        f"{INDENT}{quoted(begun)},",
        *(f"{INDENT}{name}={text}," for name, text in parts),
        "),",
    ]


def _query(params: Mapping[str, str]) -> str:
    items = (
        f"{quoted(name)}: "
        + (f'os.environ["DB_{name.upper()}"]' if is_secret(name, value) else quoted(value))
        for name, value in params.items()
    )
    return f"{{{', '.join(items)}}}"


def _python(value: object) -> str:
    """Write a value, and texts within it, with the usual quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(name)}: {_python(each)}' for name, each in value.items())}}}"
    if isinstance(value, Code):
        return str(value)
    return quoted(value) if isinstance(value, str) else repr(value)


def _items(arguments: Mapping[str, object], remarks: Mapping[str, str]) -> list[str]:
    return [
        f"{quoted(name)}: {_python(value)},{f'  # {remarks[name]}' if name in remarks else ''}"
        for name, value in arguments.items()
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]
