"""What an error that an application has met tells, by its attributes and words: no driver is imported."""

import os
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import exc

from exporter.model import Cause
from exporter.said import drivers, mysql, postgres, system

DEEPEST: Final = 5
"""Errors that were raised from one another, as drivers do that wrap what asyncio or the kernel has told."""
OPTION_READ_ONLY: Final = 1290
"""MySQL's number for whatever an option of the server forbids; only one of these is `--read-only`."""
COMMITS: Final = re.compile(r"\s*(COMMIT|END|XA\s+COMMIT)\b", re.IGNORECASE)
STATEMENTS_OWN: Final = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The `cause` as far as one error tells, the SQLSTATE or number as `code`, and what is left to do.

    `lost` tells that the connection is gone, `conflict` that the transaction gave way to another one.
    """

    cause: Cause
    code: str = ""
    lost: bool = False
    conflict: bool = False


def read(error: BaseException, connection: object = None) -> Reading:
    """Read an error of SQLAlchemy or of a driver, and those it was raised from.

    `connection` is the driver's that it came from: psycopg2's errors have lost what the server said last.
    """
    if isinstance(error, exc.TimeoutError):
        return Reading(cause=Cause.CLIENT_POOL_EXHAUSTED)
    if is_value_refused(error):
        return Reading(cause=Cause.UNKNOWN)  # the words are those of whoever gave the value
    kept = _kept(connection)
    readings = [_read(one, kept) for one in _chain(original(error))]
    told = (one.cause for one in readings if one.cause is not Cause.UNKNOWN)
    return Reading(
        cause=next(told, Cause.UNKNOWN),
        code=next((one.code for one in readings if one.code), ""),
        lost=any(one.lost for one in readings),
        conflict=any(one.conflict for one in readings),
    )


def original(error: BaseException) -> BaseException:
    """Give the driver's own error where SQLAlchemy has wrapped it, for some drivers twice."""
    for _ in range(DEEPEST):
        inner = vars(error).get("orig")  # not an attribute that an application's own error computes
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


def is_value_refused(error: BaseException) -> bool:
    """Whether a driver has not even sent what was asked, because of a value of the wrong type."""
    chain = _chain(original(error))
    return any(isinstance(one, ValueError | TypeError) and not isinstance(one, OSError) for one in chain)


def commits(statement: str | None) -> bool:
    """Whether what was asked for is a COMMIT: the driver's, which is no statement, or one in SQL."""
    return statement is None or COMMITS.match(statement) is not None


def is_statements_own(error: object) -> bool:
    """Whether an error is about what was asked: a key that is there already, a value of the wrong type."""
    return not isinstance(error, exc.DBAPIError) or isinstance(error, STATEMENTS_OWN)


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(DEEPEST):
        if found is None:
            return
        yield found
        found = found.__cause__


def _read(error: BaseException, kept: str) -> Reading:
    if isinstance(error, OSError):
        return _of_system(error)
    text, number, state = f"{error}{kept}", _number(error), _state(error)
    if number:
        cause, lost = _of_number(number, text), number in drivers.LOST_NUMBERS
    else:
        cause, lost = _of_state(state, text), state in drivers.LOST_STATES
    if number in drivers.CLIENTS or not (number or state):
        lost = lost or drivers.lost(text)
    code = str(number or state)
    return Reading(cause=cause, code=code, lost=lost, conflict=code in drivers.CONFLICTS)


def _of_system(error: OSError) -> Reading:
    """Read an error of the kernel, the resolver or OpenSSL, as asyncio's drivers let it through."""
    match error:
        case socket.gaierror():
            return Reading(cause=Cause.DNS_FAILURE)
        case ssl.SSLCertVerificationError():
            return Reading(cause=Cause.TLS_CERTIFICATE)
        case ssl.SSLEOFError() | ConnectionResetError() | BrokenPipeError():
            return Reading(cause=Cause.UNKNOWN, lost=True)
        case ssl.SSLError():
            return Reading(cause=Cause.TLS_HANDSHAKE)
        case TimeoutError():
            return Reading(cause=Cause.NET_BLACKHOLE)
    return Reading(cause=system.CAUSES.get(error.errno or 0, _of_words(str(error))))


def _of_number(number: int, text: str) -> Cause:
    if number == OPTION_READ_ONLY and not re.search("read.only", text):
        return Cause.UNKNOWN
    if number not in drivers.CLIENTS:
        return mysql.cause(number)
    return drivers.NUMBERS.get(number) or _of_words(text)


def _of_state(state: str, text: str) -> Cause:
    if state and state not in postgres.SQLSTATES and not state.startswith("08"):
        return Cause.UNKNOWN  # the server speaks of a statement: its words may say anything
    found = postgres.cause("" if state in drivers.ONLY_AT_LOGIN else state, text)
    if found in {Cause.UNKNOWN, Cause.TLS_HANDSHAKE}:  # OpenSSL's words come with most ends under TLS
        by_words = _of_words(text)
        return by_words if by_words is not Cause.UNKNOWN or drivers.lost(text) else found
    return found


def _of_words(text: str) -> Cause:
    """Read a library's words, and the kernel's words in them."""
    found = drivers.cause(text)
    if found is not Cause.UNKNOWN or drivers.lost(text):
        return found
    return next((cause for number, cause in system.CAUSES.items() if os.strerror(number) in text), found)


def _number(error: BaseException) -> int:
    """Find the number of MySQL's, its client libraries' or its server's; 0 without one."""
    found: Any = getattr(error, "errno", None) or next(iter(error.args), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _state(error: BaseException) -> str:
    """Find the SQLSTATE as drivers for PostgreSQL give it; empty without one."""
    found = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return found if isinstance(found, str) else ""


def _kept(connection: Any) -> str:
    """Give the last words that libpq has kept; empty where another library is at work."""
    try:
        kept = connection.info.error_message
    except (AttributeError, UnicodeDecodeError):
        return ""
    return f"\n{kept}" if isinstance(kept, str) else ""
