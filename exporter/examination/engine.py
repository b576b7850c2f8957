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
    asynchronous = driver(aim) in ASYNCHRONOUS
    call = "create_async_engine" if asynchronous else "create_engine"
    secret = aim.endpoint.password is not None or any(starmap(is_secret, aim.endpoint.params.items()))
    lines = ["import os", ""] if secret else []
    if asynchronous:
        lines += ["from sqlalchemy import URL", f"from sqlalchemy.ext.asyncio import {call}"]
    else:
        lines += [f"from sqlalchemy import URL, {call}"]
    lines += ["", f"engine = {call}(", *_indented(_url(aim))]
    lines += [f"{INDENT}{name}={value!r}," for name, value in engine.items()]
    if client.arguments:
        lines += _indented(["connect_args={", *_indented(_items(client)), "},"])
    return "\n".join([*lines, ")"]) + "\n"


def _url(aim: Aim) -> list[str]:
    where = aim.endpoint
    parts: list[tuple[str, str]] = [
        ("username", repr(where.user)),
        *([("password", 'os.environ["DB_PASSWORD"]')] if where.password is not None else []),
        ("host", repr(where.host)),
        ("port", repr(where.port)),
        *([("database", repr(where.database))] if where.database else []),
        *([("query", _query(where.params))] if where.params else []),
    ]
    begun = f"{where.dialect}+{driver(aim)}"
    return ["URL.create(", f"{INDENT}{begun!r},", *(f"{INDENT}{name}={text}," for name, text in parts), "),"]


def _query(params: Mapping[str, str]) -> str:
    items = (
        f"{name!r}: " + (f'os.environ["DB_{name.upper()}"]' if is_secret(name, value) else repr(value))
        for name, value in params.items()
    )
    return f"{{{', '.join(items)}}}"


def _items(client: Client) -> list[str]:
    return [
        f"{name!r}: {value!r},{f'  # {client.remarks[name]}' if name in client.remarks else ''}"
        for name, value in client.arguments.items()
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]
