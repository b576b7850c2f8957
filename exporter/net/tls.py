"""TLS settings made once per target, and what OpenSSL's errors mean."""

import ssl
from dataclasses import dataclass
from enum import Enum

from exporter.model import Cause, ProbeError


class Verify(Enum):
    """How much of the server's certificate is checked."""

    NOTHING = "nothing"
    CHAIN = "chain"
    CHAIN_AND_NAME = "chain and name"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """How a connection is to be encrypted; the paths are PEM files, empty where there is none.

    `crl_directory` is a directory prepared by `openssl rehash`. `minimum` and `maximum` are versions such as
    `TLSv1.2`, `alpn` the protocol that the server has to agree to. With `address_as_name` a host that is
    an address may also stand among the names of a certificate: libpq's rule, and nobody else's.
    """

    required: bool
    verify: Verify
    ca: str = ""
    certificate: str = ""
    key: str = ""
    key_password: str = ""
    crl: str = ""
    crl_directory: str = ""
    minimum: str = "TLSv1.2"
    maximum: str = ""
    alpn: str = ""
    address_as_name: bool = False


def client_context(policy: TlsPolicy, stream_class: type[ssl.SSLSocket]) -> ssl.SSLContext:
    """Build the context for `policy`; costs 20 ms, so once per target.

    Without a CA file the system's authorities are trusted. Raises OSError (an ssl.SSLError is one, too)
    when a file cannot be read or is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = policy.verify is Verify.CHAIN_AND_NAME
    context.verify_mode = ssl.CERT_NONE if policy.verify is Verify.NOTHING else ssl.CERT_REQUIRED
    if policy.ca:
        context.load_verify_locations(policy.ca)
    elif policy.verify is not Verify.NOTHING:
        context.load_default_certs()
    if policy.certificate:
        # An empty password, because OpenSSL would ask a person at the terminal for that of an encrypted key.
        context.load_cert_chain(policy.certificate, policy.key or None, password="")
    context.sslsocket_class = stream_class
    return context


def tls_error(error: ssl.SSLError) -> ProbeError:
    """Turn OpenSSL's error into ours: a certificate we do not accept, or a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProbeError(Cause.TLS_CERTIFICATE, error.verify_message or str(error), code=error.reason or "")
    return ProbeError(Cause.TLS_HANDSHAKE, error.reason or str(error), code=error.reason or "")
