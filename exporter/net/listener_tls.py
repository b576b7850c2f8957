"""TLS of our own pages: OpenSSL's settings for what a web configuration file demands."""

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from exporter.model import ClientCertificate, Encryption
from exporter.net.tls import reasons

VERSIONS: Final = {"TLS12": SSL.TLS1_2_VERSION, "TLS13": SSL.TLS1_3_VERSION}
"""Versions by Go's names; we speak none that is older."""
SUITES: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""Suites of TLS 1.2 that Go calls secure, with their names in OpenSSL."""
NEWER_SUITES: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Those of TLS 1.3: allowed in the list, and used whatever it says, as by Go."""
CURVES: Final = {"CurveP256": "P-256", "CurveP384": "P-384", "CurveP521": "P-521", "X25519": "X25519"}
VERIFY: Final = {
    ClientCertificate.NONE: SSL.VERIFY_NONE,
    ClientCertificate.REQUEST: SSL.VERIFY_PEER,
    ClientCertificate.VERIFY_IF_GIVEN: SSL.VERIFY_PEER,
    ClientCertificate.REQUIRE_ANY: SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
    ClientCertificate.REQUIRE_AND_VERIFY: SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}
UNREADABLE: Final = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class Unusable(Exception):
    """TLS cannot be had like this; `faults` are words for people by the field of Encryption."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


def server_context(encryption: Encryption) -> SSL.Context:
    """Build a context for listening; raise Unusable with all that is wrong."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    # A session that is resumed is not verified anew, but those who may come can change in between.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    if encryption.own_order:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    faults: dict[str, str] = {}
    for name, load in LOADS.items():
        with _noted(faults, name):
            load(context, encryption)
    if faults:
        raise Unusable(faults)
    context.set_app_data(encryption.terms)
    ask = partial(_verdict, encryption.client.verified, frozenset(encryption.client_names))
    context.set_verify(VERIFY[encryption.client], ask)
    return context


@contextlib.contextmanager
def _noted(faults: dict[str, str], name: str) -> Iterator[None]:
    """Note under this name why something cannot be loaded; never what it holds."""
    try:
        yield
    except SSL.Error as error:
        faults[name] = f"cannot be used for TLS: {reasons(error)}"
    except (ValueError, TypeError) as error:
        faults[name] = str(error)


def _load_certificate(context: SSL.Context, encryption: Encryption) -> None:
    leaf, *others = _certificates(encryption.certificate)
    context.use_certificate(leaf)
    for certificate in others:
        context.add_extra_chain_cert(certificate)


def _load_key(context: SSL.Context, encryption: Encryption) -> None:
    try:
        key: Any = load_pem_private_key(encryption.key, None)
    except TypeError:
        raise ValueError("is encrypted; there is nobody to ask for its password") from None
    except ValueError:
        raise ValueError("holds no private key in PEM form") from None
    with contextlib.suppress(ValueError):  # which is told of the certificate
        leaf = _certificates(encryption.certificate)[0]
        if leaf.public_key() != key.public_key():
            raise TypeError("is not the key of the certificate")
    context.use_privatekey(key)


def _load_authorities(context: SSL.Context, encryption: Encryption) -> None:
    store = context.get_cert_store()
    if not encryption.client_ca or store is None:
        return
    for certificate in _certificates(encryption.client_ca):
        store.add_cert(X509.from_cryptography(certificate))
        context.add_client_ca(certificate)
    store.set_flags(X509StoreFlags.PARTIAL_CHAIN)  # as in Go, whatever is named is trusted, a root or not


def _restrict_versions(context: SSL.Context, encryption: Encryption) -> None:
    older = [SUITES[name] for name in encryption.cipher_suites if name in SUITES]
    only_newer = encryption.cipher_suites and not older
    context.set_min_proto_version(VERSIONS["TLS13" if only_newer else encryption.minimum])
    context.set_max_proto_version(VERSIONS[encryption.maximum])
    if older:
        context.set_cipher_list(":".join(older).encode())


def _restrict_curves(context: SSL.Context, encryption: Encryption) -> None:
    if encryption.curves:
        names = ":".join(CURVES[name] for name in encryption.curves).encode()
        # pyOpenSSL has the function, and no name of its own for it.
        SSL._lib.SSL_CTX_set1_curves_list(context._context, names)  # type: ignore[attr-defined]


LOADS: Final = {
    "certificate": _load_certificate,
    "key": _load_key,
    "client_ca": _load_authorities,
    "cipher_suites": _restrict_versions,
    "curves": _restrict_curves,
}
"""What is loaded in turn, by the field of Encryption that is to blame where it fails."""


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError("holds no certificate in PEM form") from None


def _verdict(
    verified: bool,
    names: frozenset[str],
    _: SSL.Connection,
    certificate: X509,
    __: int,
    depth: int,
    fine: int,
) -> bool:
    """Judge one certificate of a client's chain: OpenSSL's verify callback, which must not raise."""
    if verified and not fine:
        return False
    return depth > 0 or not names or bool(names & alternative_names(certificate))


def alternative_names(certificate: X509) -> set[str]:
    """Give the DNS names, e-mail addresses, addresses and URIs that a certificate is for."""
    try:
        extensions = certificate.to_cryptography().extensions
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (*UNREADABLE, x509.ExtensionNotFound):
        return set()
    kinds = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)
    words = {str(name) for kind in kinds for name in found.get_values_for_type(kind)}
    return words | {str(address) for address in found.get_values_for_type(x509.IPAddress)}
