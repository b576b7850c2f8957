"""TLS handshakes that are completed whatever the certificate is worth, so that all of it can be told.

The ssl module breaks a handshake off at the first fault it finds, and keeps the other side's chain to itself.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from OpenSSL import SSL
from OpenSSL.crypto import X509

from exporter.model import Cause, Leaf, ProbeError
from exporter.net.certificate import expiry, leaf, name_problem, subject
from exporter.net.phases import closed_by_peer
from exporter.net.resolve import is_address
from exporter.net.stream import Stream
from exporter.net.tls import TlsPolicy, Verify, reasons
from exporter.net.waiting import READABLE

MOST_PROBLEMS: Final = 8
CHUNK: Final = 16_384
PATIENCE: Final = 0.1
"""Seconds that a server is given at least to refuse our certificate."""
CODES: Final = SSL.X509VerificationCodes
WORDS: Final = {
    CODES.ERR_CERT_HAS_EXPIRED: "certificate has expired",
    CODES.ERR_CERT_NOT_YET_VALID: "certificate is not yet valid",
    CODES.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
    CODES.ERR_SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
    CODES.ERR_UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
    CODES.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
    CODES.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
    CODES.ERR_CERT_SIGNATURE_FAILURE: "certificate signature failure",
    CODES.ERR_CERT_REVOKED: "certificate revoked",
    CODES.ERR_CRL_HAS_EXPIRED: "CRL has expired",
    CODES.ERR_UNABLE_TO_GET_CRL: "unable to get certificate CRL",
    CODES.ERR_INVALID_CA: "invalid CA certificate",
    CODES.ERR_INVALID_PURPOSE: "unsuitable certificate purpose",
    CODES.ERR_PATH_LENGTH_EXCEEDED: "path length constraint exceeded",
    CODES.ERR_PERMITTED_VIOLATION: "permitted subtree violation",
}
"""OpenSSL's words for what it finds (X509_STORE_CTX_get_error(3)); pyOpenSSL gives only the numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What a completed handshake showed.

    `seconds` run from the first packet of TLS to the last. The two problems say why the chain does not
    lead to a trusted root, and why the certificate is not one for the host; empty where there is none.
    `expires` and `chain_expires` are seconds since the epoch, None where no certificate tells.
    """

    seconds: float
    version: str
    cipher: str
    chain_problem: str
    name_problem: str
    expires: float | None
    chain_expires: float | None
    leaf: Leaf | None = None


class TlsChannel:
    """TLS over a stream, with a peer whose certificate may be any; every wait is under the stream's clock."""

    def __init__(self, stream: Stream, context: SSL.Context, policy: TlsPolicy, host: str) -> None:
        self.clock = stream.clock
        self._stream = stream
        self._policy = policy
        self._host = host
        self._problems: dict[str, None] = {}  # in order, each but once
        self._refusal: ProbeError | None = None
        # Without a socket: what OpenSSL does with what has come ends then, however much more is to come.
        self._connection = SSL.Connection(context)
        self._connection.set_verify(SSL.VERIFY_PEER, partial(_note, self._problems))
        self._connection.set_connect_state()
        if not is_address(host):
            with contextlib.suppress(UnicodeError):  # a name that DNS cannot hold has other ways to be known
                self._connection.set_tlsext_host_name(host.encode("idna"))
        if policy.alpn:
            self._connection.set_alpn_protos([policy.alpn.encode()])

    def shake_hands(self) -> None:
        """Complete the handshake; raise ProbeError where that cannot be."""
        self._patiently(self._connection.do_handshake)

    def objection(self) -> str:
        """Say why the policy does not let the peer be trusted; empty where it does (after the handshake)."""
        named = self._policy.verify is Verify.CHAIN_AND_NAME
        return self._policy.objection(self._chain_problem(), self._name_problem() if named else "")

    def look(self) -> Handshake:
        """Complete the handshake and tell what it showed; raise ProbeError where that cannot be."""
        begun = time.perf_counter()
        self.shake_hands()
        seconds = time.perf_counter() - begun
        if self._policy.certificate:
            self._hear_verdict(max(PATIENCE, seconds))
        if self._connection.get_alpn_proto_negotiated() != self._policy.alpn.encode():
            said = f"the server has not agreed to speak {self._policy.alpn} (ALPN)"
            raise ProbeError(Cause.TLS_HANDSHAKE, said)
        try:
            chain = self._connection.get_peer_cert_chain(as_cryptography=True) or []
        except ValueError:
            chain = []
        return Handshake(
            seconds=seconds,
            version=self._connection.get_protocol_version_name(),
            cipher=self._connection.get_cipher_name() or "",
            chain_problem=self._chain_problem(),
            name_problem=self._name_problem(),
            expires=expiry(chain[:1]),
            chain_expires=expiry(chain),
            leaf=leaf(chain[0]) if chain else None,
        )

    def recv_into(self, buffer: memoryview) -> int:
        """Read what is there, waiting for it if need be (see `exporter.net.stream.Line`)."""
        return int(self._patiently(self._connection.recv_into, buffer))

    def sendall(self, data: bytes) -> None:
        """Send everything, waiting for room if need be."""
        while data:
            data = data[int(self._patiently(self._connection.send, data)) :]

    def say_goodbye(self) -> None:
        """End the TLS session and hear the peer out; raise ProbeError if it turns out to have refused TLS."""
        buffer = memoryview(bytearray(CHUNK))
        with contextlib.suppress(ProbeError):
            self._patiently(self._connection.shutdown)
        try:
            while True:
                self.recv_into(buffer)
        except ProbeError as error:
            if error.cause is Cause.TLS_HANDSHAKE:
                raise

    def _chain_problem(self) -> str:
        return "; ".join(list(self._problems)[:MOST_PROBLEMS])

    def _name_problem(self) -> str:
        try:
            shown = self._connection.get_peer_certificate(as_cryptography=True)
        except ValueError as error:
            return f"the certificate cannot be read: {error}"
        lenient = self._policy.address_as_name
        return (
            name_problem(shown, self._host, address_as_name=lenient) if shown else "there is no certificate"
        )

    def _hear_verdict(self, seconds: float) -> None:
        """Take in what a server says of our certificate: with TLS 1.3 it does so behind the handshake.

        Who has refused it has closed, and whatever we would send then may bring a reset before its reason
        is read. It is kept for the next who reads or writes.
        """
        with contextlib.suppress(ProbeError):
            self.clock.wait(self._stream.fileno(), READABLE, within=seconds)
            self._take_in()
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass
        except SSL.Error as error:
            self._refusal = _broken_off(error)

    def _patiently(self, call: Callable[..., Any], *args: Any) -> Any:
        """Let OpenSSL do a thing, and carry its bytes to and fro until it is done."""
        if self._refusal is not None:
            raise self._refusal
        while True:
            try:
                done = call(*args)
            except SSL.WantReadError:
                self._flush()
                self._take_in()
            except SSL.ZeroReturnError:
                raise closed_by_peer(self.clock.phase, self._stream.fileno()) from None
            except SSL.Error as error:
                with contextlib.suppress(ProbeError):
                    self._flush()  # tells the peer why
                raise _broken_off(error) from None
            else:
                self._flush()
                return done

    def _take_in(self) -> None:
        buffer = memoryview(bytearray(CHUNK))  # not kept: a thousand connections may be held
        self._connection.bio_write(buffer[: self._stream.recv_into(buffer)])

    def _flush(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while True:
                self._stream.sendall(self._connection.bio_read(CHUNK))


def _note(
    problems: dict[str, None], _: SSL.Connection, certificate: X509, number: int, depth: int, fine: int
) -> bool:
    """Collect a fault, and let OpenSSL go on to the next: its verify callback, which must not raise."""
    if not fine:
        try:
            whose = subject(certificate.to_cryptography())
        except ValueError:
            whose = "unreadable"
        words = WORDS.get(number, f"verification error {number}")
        problems[f"{words} (depth {depth}, {whose})"] = None
    return True


def _broken_off(error: SSL.Error) -> ProbeError:
    said = reasons(error)
    return ProbeError(Cause.TLS_HANDSHAKE, said, code=said)
