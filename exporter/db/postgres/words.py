"""The words of PostgreSQL, pgbouncer and libpq, cut out of what came."""

import re
import sys
from collections.abc import Iterator

SASL_CONTINUE = b"\0\0\0\x0b"
READY_FOR_QUERY = b"Z\0\0\0\5"
"""All of it but its last byte, which tells the state of the transaction."""
LIBPQ_GOES_ON = r"\n(?:server closed the|connection to server at|SSL connection has been|SSL SYSCALL)"
SERVER_MESSAGE = re.compile(rf"\b[^\W\d_]+:  \S.*?(?={LIBPQ_GOES_ON}|\Z)", re.DOTALL)
"""libpq puts two blanks behind the severity of what a server said, and one behind its own prefixes."""


def sqlstate(answer: bytes) -> str:
    """Find the SQLSTATE of an ErrorResponse in raw protocol bytes; empty when there is none.

    Messages are a type byte, a length, and a body; an error's body is a row of fields, each a code
    byte and a string that ends in zero (PostgreSQL documentation, "Message Formats").
    """
    return sound(_error(answer).get(b"C", b"").decode("ascii", "replace"))


def error_text(answer: bytes) -> str:
    """Write an ErrorResponse in raw protocol bytes the way libpq does; empty when there is none."""
    fields = _error(answer)
    severity, message = (fields.get(code, b"").decode("utf-8", "replace") for code in (b"S", b"M"))
    return f"{severity}:  {message}" if message else ""


def _error(answer: bytes) -> dict[bytes, bytes]:
    body = next((body for kind, body in messages(answer) if kind == b"E"), b"")
    return {field[:1]: field[1:] for field in body.split(b"\0") if field}


def behind_answer(answer: bytes) -> bytes:
    """Cut raw protocol bytes to what comes behind the last ReadyForQuery; nothing where there is none."""
    _, _, rest = answer.rpartition(READY_FOR_QUERY)
    return rest[1:] if rest != answer else b""


def scram_rounds(answer: bytes) -> int:
    """Find the rounds that a server's first SCRAM message demands (RFC 5802, section 5.1); 0 without one."""
    for kind, body in messages(answer):
        if kind == b"R" and body[:4] == SASL_CONTINUE and b",i=" in body:
            # libpq's strtol reads more than digits: what is no plain number is taken for too large a one.
            written = body.partition(b",i=")[2].partition(b",")[0]
            return int(written) if re.fullmatch(rb"[1-9]\d{0,8}", written) else sys.maxsize
    return 0


def messages(answer: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Split raw protocol bytes into messages: type and body; the last may be cut off."""
    position = 0
    while position + 5 <= len(answer):
        length = max(4, int.from_bytes(answer[position + 1 : position + 5], "big"))
        yield answer[position : position + 1], answer[position + 5 : position + 1 + length]
        position += 1 + length


def sound(code: str) -> str:
    """Give `code` if it is a SQLSTATE, and nothing if it is anything else that a server sent."""
    return code if re.fullmatch("[0-9A-Z]{5}", code) else ""


def attempts(text: str) -> int:
    """Count the connections that libpq reports on."""
    return text.count(" failed: ")


def last_attempt(text: str) -> str:
    """Cut what libpq says of its last connection out of the whole."""
    return text.rpartition(" failed: ")[2]


def server_said(text: str) -> str:
    """Cut the server's own words out of libpq's message; empty when there are none."""
    match = SERVER_MESSAGE.search(text)
    return match[0].strip() if match else ""


def summary(text: str) -> str:
    """Cut libpq's message to its first line, without the address we know already."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "libpq gave no reason")
    return re.sub(r"^connection to server at .*? failed: ", "", first)
