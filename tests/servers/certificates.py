"""A certificate authority for one test run, and the certificates a server can be given."""

import datetime
import ssl
from collections.abc import Callable
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.lab.routers import address

NAME = "localhost"
OTHER_NAME = "elsewhere.test"
LAB = (address(1, 2, 4), address(1, 2, 6))
"""Where the client of the lab finds the server."""
SHORT_LIFE = datetime.timedelta(seconds=2)


class Certificates:
    """Certificates for `localhost` and the server of the lab, good and bad, as PEM files in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self.ca = directory / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca))

    def install(self, kind: str, certificate: Path, key: Path) -> datetime.datetime | None:
        """Write a certificate and its key to where a server expects them.

        `kind` is one of those below. A server may refuse to load what has expired, but not to go on with what
        is `expiring` while it runs; returns the moment when that is.
        """
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        until = now + SHORT_LIFE if kind.endswith("expiring") else None
        if kind == "self_signed":
            pem, key_pem = self_signed(NAME)
        else:
            pair = self.pair(kind, now, until)
            pems = pair.cert_chain_pems if kind == "chained" else pair.cert_chain_pems[:1]
            pem, key_pem = b"".join(part.bytes() for part in pems), pair.private_key_pem.bytes()
        certificate.write_bytes(pem)
        key.write_bytes(key_pem)
        return until

    def pair(
        self, kind: str, now: datetime.datetime, until: datetime.datetime | None = None
    ) -> trustme.LeafCert:
        """Issue a certificate of `kind`."""
        day = datetime.timedelta(days=1)
        issue = self._authority.issue_cert
        kinds: dict[str, Callable[[], trustme.LeafCert]] = {
            "good": lambda: issue(NAME),
            "expiring": lambda: issue(NAME, not_after=until),
            "lab": lambda: issue(*LAB),
            "lab_expiring": lambda: issue(*LAB, not_after=until),
            "not_yet": lambda: issue(NAME, not_before=now + day, not_after=now + 2 * day),
            "other_name": lambda: issue(OTHER_NAME),
            "address": lambda: issue("127.0.0.1", "::1"),
            "common_name": lambda: issue(common_name=NAME),
            "unknown_ca": lambda: trustme.CA().issue_cert(NAME),
            "incomplete": lambda: self._authority.create_child_ca().issue_cert(NAME),
            "chained": lambda: self._authority.create_child_ca().issue_cert(NAME),
        }
        return kinds[kind]()

    def issue(self, *names: str, common_name: str | None = None) -> trustme.LeafCert:
        """Issue a certificate for hosts, addresses and people, such as a client has."""
        return self._authority.issue_cert(*names, common_name=common_name)

    def revoked(self) -> bytes:
        """Make a revocation list of an authority that has nothing to do with this one, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other authority")])
        )
        builder = builder.last_update(now).next_update(now + datetime.timedelta(days=1))
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Give a server's context a good certificate."""
        self._authority.issue_cert(NAME).configure_cert(context)


def self_signed(name: str) -> tuple[bytes, bytes]:
    """Make a certificate that vouches for itself; gives it and its key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), pem
