"""A call of SQLAlchemy's `create_engine` as Python to copy, the password left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import Final

from exporter.config import is_secret
from exporter.examination.aiming import Aim

DRIVERS: Final[Mapping[str, str]] = {"postgresql": "psycopg2", "mysql": "pymysql", "mariadb": "pymysql"}
"""What is written where a URL names no driver."""
LIBPQ: Final = frozenset({"psycopg2", "psycopg2cffi", "psycopg", "psycopg_async"})
ASYNCHRONOUS: Final = frozenset({"asyncpg", "aiomysql", "asyncmy", "psycopg_async"})
MODES: Final[Mapping[str, Mapping[str, object]]] = {
    "disabled": {"ssl_disabled": True},
    "required": {"ssl": {"check_hostname": False, "verify_mode": "none"}},
    "verify_ca": {"ssl_verify_cert": True},
    "verify_identity": {"ssl_verify_cert": True, "ssl_verify_identity": True},
}
"""MySQL's own words for how to encrypt, as PyMySQL has them; `preferred` is what it does anyway."""
INDENT: Final = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What is handed to the driver: its own arguments, with a remark for some of them."""

    arguments: Mapping[str, object] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)


def driver(aim: Aim) -> str:
    """Give the driver that the application uses, as far as the URL tells."""
    return aim.driver or DRIVERS[aim.endpoint.dialect]


def encryption(aim: Aim) -> Mapping[str, object]:
    """Give the arguments that stand for `ssl_mode`, which PyMySQL itself does not have."""
    mode = aim.endpoint.params.get("ssl_mode", "").lower() if driver(aim) == "pymysql" else ""
    return dict(MODES.get(mode, {}))


def written(aim: Aim, engine: Mapping[str, object], client: Client) -> str:
    """Write the call, with `engine` for SQLAlchemy's own settings."""
    asynchronous = driver(aim) in ASYNCHRONOUS
    call = "create_async_engine" if asynchronous else "create_engine"
    secret = aim.endpoint.password is not None or any(starmap(is_secret, aim.endpoint.params.items()))
    lines = ["import os", ""] if secret else []
    if asynchronous:
        lines += ["from sqlalchemy import URL", f"from sqlalchemy.ext.asyncio import {call}"]
    else:
        lines += [f"from sqlalchemy import URL, {call}"]
    arguments = {**encryption(aim), **client.arguments}
    lines += ["", f"engine = {call}(", *_indented(_url(aim))]
    lines += [f"{INDENT}{name}={value!r}," for name, value in engine.items()]
    if arguments:
        lines += _indented(["connect_args={", *_indented(_items(arguments, client.remarks)), "},"])
    return "\n".join([*lines, ")"]) + "\n"


def _url(aim: Aim) -> list[str]:
    where, params = aim.endpoint, {**aim.endpoint.params}
    if driver(aim) == "pymysql":
        params.pop("ssl_mode", None)
    parts: list[tuple[str, str]] = [
        ("username", _text(where.user)),
        *([("password", 'os.environ["DB_PASSWORD"]')] if where.password is not None else []),
        ("host", _text(where.host)),
        ("port", repr(where.port)),
        *([("database", _text(where.database))] if where.database else []),
        *([("query", _query(params))] if params else []),
    ]
    begun = f"{where.dialect}+{driver(aim)}"
    return [
        "URL.create(",
        f"{INDENT}{_text(begun)},",
        *(f"{INDENT}{name}={text}," for name, text in parts),
        "),",
    ]


def _query(params: Mapping[str, str]) -> str:
    items = (
        f"{_text(name)}: " + (f'os.environ["DB_{name.upper()}"]' if is_secret(name, value) else _text(value))
        for name, value in params.items()
    )
    return f"{{{', '.join(items)}}}"


def _text(text: str) -> str:
    """Write a text as Python has it, between the quotes that most people use."""
    usual = repr(text)
    return f'"{text}"' if usual == f"'{text}'" and '"' not in text else usual


def _items(arguments: Mapping[str, object], remarks: Mapping[str, str]) -> list[str]:
    return [
        f"{_text(name)}: {value!r},{f'  # {remarks[name]}' if name in remarks else ''}"
        for name, value in arguments.items()
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]
