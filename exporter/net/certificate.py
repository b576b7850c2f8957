"""What a certificate says of itself: whom it is for, and how long."""

import contextlib
import ipaddress
import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from exporter.model import Leaf
from exporter.net.resolve import is_address

MOST_SHOWN = 200
"""Characters of a certificate's own words that are passed on: who shows it may be hostile."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# As that has which MariaDB makes for itself. It is looked at all the same, and what would be written of it on
# stderr, among the lines of the log, nobody who runs us can do anything about.
warnings.filterwarnings(
    "ignore", "Parsed a serial number which wasn't positive", CryptographyDeprecationWarning
)

_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def subject(certificate: x509.Certificate) -> str:
    """Name whom a certificate is for, as in `CN=db.example.com,O=Example`."""
    with contextlib.suppress(*_UNREADABLE):
        return _shown(certificate.subject.rfc4514_string())
    return "unreadable subject"


def leaf(certificate: x509.Certificate) -> Leaf:
    """Tell who a certificate is for, who says so, and by what it is known."""
    issuer, names = "unreadable issuer", "unreadable names"
    with contextlib.suppress(*_UNREADABLE):
        issuer = _shown(certificate.issuer.rfc4514_string())
    with contextlib.suppress(*_UNREADABLE):
        names = _shown(",".join(_alternatives(certificate)[0]))
    return Leaf(
        subject=subject(certificate),
        issuer=issuer,
        names=names,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        serial=f"{certificate.serial_number:x}",
    )


def expiry(certificates: Sequence[x509.Certificate]) -> float | None:
    """Tell when the first of the certificates expires, in seconds since the epoch; None where none tells."""
    moments = []
    for certificate in certificates:
        with contextlib.suppress(*_UNREADABLE):
            moments.append(certificate.not_valid_after_utc.timestamp())
    return min(moments, default=None)


def name_problem(certificate: x509.Certificate, host: str, *, address_as_name: bool) -> str:
    """Say why a certificate is not one for `host`; empty when it is.

    The rules are those of OpenSSL and libpq: alternative names first, the common name only where there is
    no alternative name of the kind, and `*` for one whole label at the beginning. An address has to stand
    among the addresses, with `address_as_name` (libpq) also among the names.
    """
    try:
        names, addresses = _alternatives(certificate)
        common = _common_names(certificate)
    except _UNREADABLE as error:
        return f"the names in the certificate cannot be read: {_shown(str(error))}"
    if is_address(host):
        fits = ipaddress.ip_address(host) in addresses
        others = names or ([] if addresses else common)
        fits = fits or (address_as_name and host in others)
    else:
        fits = any(_matches(pattern, host) for pattern in names or common)
    if fits:
        return ""
    shown = ", ".join([*names, *map(str, addresses)] or common)
    return f"the certificate is for {_shown(shown) or 'no name'}, not for {host}"


def _alternatives(certificate: x509.Certificate) -> tuple[list[str], list[Address]]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    addresses = found.get_values_for_type(x509.IPAddress)
    return found.get_values_for_type(x509.DNSName), [
        address for address in addresses if isinstance(address, Address)
    ]


def _common_names(certificate: x509.Certificate) -> list[str]:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(attribute.value) for attribute in found]


def _matches(pattern: str, host: str) -> bool:
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    pattern, host = pattern.lower(), host.lower()
    if pattern.startswith("*."):
        label, _, rest = host.partition(".")
        return bool(label) and rest == pattern[2:]
    return pattern == host


def _shown(words: str) -> str:
    printable = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in words
    )
    return printable if len(printable) <= MOST_SHOWN else f"{printable[:MOST_SHOWN]}…"
