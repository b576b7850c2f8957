"""Asking PostgreSQL for TLS, and leaving it without a login (its documentation, "SSL Session Encryption")."""

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

from exporter.db.postgres import words
from exporter.model import Cause, Phase, ProbeError
from exporter.net.handshake import TlsChannel
from exporter.net.stream import Stream, exactly
from exporter.net.tls import TlsPolicy, Verify
from exporter.said import postgres as said_by

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
ALPN: Final = "postgresql"
REQUIRED: Final = ("require", "verify-ca", "verify-full")
LONGEST_ERROR: Final = 30_000
"""Bytes; what claims to be longer is the text of a server older than protocol 3 (libpq's rule)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresEncryption:
    """The request for TLS, or none where the URL wants it directly."""

    policy: TlsPolicy

    def harmless(self) -> bool:
        """Say yes: PostgreSQL neither counts nor logs who leaves before the login."""
        return True

    def visit(self) -> AbstractContextManager[None]:
        """Count nothing, as the server does."""
        return nullcontext()

    def ask(self, stream: Stream) -> bool:
        """Ask for TLS (see `exporter.db.encryption.Encryption`)."""
        stream.clock.enter(Phase.TLS)
        if self.policy.alpn:
            return True
        stream.sendall(SSL_REQUEST)
        answer = exactly(stream, 1)
        if answer == b"E":
            raise _refusal(stream)
        if answer not in (b"S", b"N"):
            raise ProbeError(Cause.UNKNOWN, f"{answer!r} is no answer to the request for TLS")
        if answer == b"S" and _has_more(stream):
            # Whoever sits between could put words into the server's mouth (CVE-2021-23222).
            detail = "received unencrypted data after the answer to the request for TLS"
            raise ProbeError(Cause.TLS_HANDSHAKE, detail)
        return answer == b"S"

    def leave(self, line: Stream | TlsChannel) -> None:
        """End TLS, and hear whether the server has taken it (see `exporter.db.encryption.Encryption`).

        A server that does not accept our certificate says so behind its own handshake, with TLS 1.3.
        """
        line.clock.enter(Phase.CLOSE)
        if isinstance(line, TlsChannel):
            line.say_goodbye()


def postgres_encryption(params: Mapping[str, str]) -> PostgresEncryption | None:
    """Read libpq's parameters; None where they switch TLS off."""
    mode = params.get("sslmode", "prefer")
    if mode == "disable":
        return None
    ca = params.get("sslrootcert", "")
    # As in libpq, naming an authority means checking the chain; a mode that may do without TLS does then.
    verify = Verify.CHAIN if ca or mode == "verify-ca" else Verify.NOTHING
    policy = TlsPolicy(
        required=mode in REQUIRED,
        verify=Verify.CHAIN_AND_NAME if mode == "verify-full" else verify,
        ca="" if ca == "system" else ca,
        certificate=params.get("sslcert", ""),
        key=params.get("sslkey", ""),
        key_password=params.get("sslpassword", ""),
        crl=params.get("sslcrl", ""),
        crl_directory=params.get("sslcrldir", ""),
        minimum=params.get("ssl_min_protocol_version", "TLSv1.2"),
        maximum=params.get("ssl_max_protocol_version", ""),
        alpn=ALPN if params.get("sslnegotiation") == "direct" else "",
        address_as_name=True,
    )
    return PostgresEncryption(policy=policy)


def _has_more(stream: Stream) -> bool:
    try:
        return bool(stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _refusal(stream: Stream) -> ProbeError:
    """Read the error that a server gives instead of an answer."""
    size = exactly(stream, 4)
    length = int.from_bytes(size, "big")
    if not 4 <= length <= LONGEST_ERROR:
        return ProbeError(
            Cause.UNKNOWN, "the server answers the request for TLS with an error that cannot be read"
        )
    message = b"E" + size + exactly(stream, length - 4)
    code, said = words.sqlstate(message), words.error_text(message)
    return ProbeError(
        said_by.cause(code, said),
        "the server answers the request for TLS with an error",
        said=said,
        code=code,
    )
