"""What a URL demands of TLS, and OpenSSL's settings for it."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from OpenSSL.crypto import X509StoreFlags

VERSIONS: Final = {
    "": 0,
    "tlsv1": SSL.TLS1_VERSION,
    "tlsv1.1": SSL.TLS1_1_VERSION,
    "tlsv1.2": SSL.TLS1_2_VERSION,
    "tlsv1.3": SSL.TLS1_3_VERSION,
}
"""Versions in libpq's words, in lower case; 0 is any that OpenSSL has."""
NOT_OFFERED: Final = "the server does not offer TLS, and the URL requires it"


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

    def objection(self, chain_problem: str, name_problem: str) -> str:
        """Say which problem of a certificate counts here, the chain's first; empty where none does."""
        if not self.required or self.verify is Verify.NOTHING:
            return ""
        return chain_problem or (name_problem if self.verify is Verify.CHAIN_AND_NAME else "")


class FilesUnusable(Exception):
    """The files that a policy names cannot be used; the text says what is wrong with them."""


def client_context(policy: TlsPolicy, *, judging: bool = True) -> SSL.Context:
    """Build a context that verifies as `policy` says; raise FilesUnusable when its files are no good.

    Without a CA file the system's authorities are trusted. They take 5 ms and 1 MB: a context that is not for
    `judging` does without them.
    """
    _require_files(policy)
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    try:
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # a thousand connections may be held
        context.set_min_proto_version(VERSIONS[policy.minimum.lower()])
        context.set_max_proto_version(VERSIONS[policy.maximum.lower()])
        if policy.ca:
            context.load_verify_locations(policy.ca)
        elif judging:
            context.set_default_verify_paths()
        _load_revoked(context, policy)
        if policy.certificate:
            context.use_certificate_chain_file(policy.certificate)
            password = policy.key_password.encode() or None
            pem = Path(policy.key or policy.certificate).read_bytes()
            # The key's kind is not known here; pyOpenSSL takes those that TLS can use, and refuses others.
            context.use_privatekey(load_pem_private_key(pem, password))  # type: ignore[arg-type]
            context.check_privatekey()
    except (OSError, ValueError, TypeError, SSL.Error) as error:
        said = reasons(error) if isinstance(error, SSL.Error) else str(error)
        raise FilesUnusable(said) from None
    return context


def _require_files(policy: TlsPolicy) -> None:
    """Refuse what is no file any more: whoever opens a pipe may wait for ever, and a device has no end."""
    for name in filter(None, (policy.ca, policy.certificate, policy.key, policy.crl)):
        if (path := Path(name)).exists() and not path.is_file():
            raise FilesUnusable(f"{name} is not a regular file")


def _load_revoked(context: SSL.Context, policy: TlsPolicy) -> None:
    store = context.get_cert_store()
    if store is not None and (policy.crl or policy.crl_directory):
        store.load_locations(policy.crl or None, policy.crl_directory or None)
        store.set_flags(X509StoreFlags.CRL_CHECK | X509StoreFlags.CRL_CHECK_ALL)


def reasons(error: SSL.Error) -> str:
    """Give OpenSSL's own words: the queue of its errors is a list of library, function and reason."""
    queue = error.args[0] if error.args else []
    return "; ".join(dict.fromkeys(str(entry[-1]) for entry in queue if entry)) or "no reason given"
