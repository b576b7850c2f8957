"""Whom a certificate is for: the rules of OpenSSL and libpq."""

import datetime
import ipaddress
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from exporter.net.certificate import MOST_SHOWN, expiry, name_problem, subject

KEY = ec.generate_private_key(ec.SECP256R1())
UNTIL = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)


def certificate(
    common: str = "", names: Sequence[str] = (), raw: bytes = b"", until: datetime.datetime = UNTIL
) -> x509.Certificate:
    """Make a certificate; names that are addresses become such. `raw` replaces the extension of names."""
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)] if common else [])
    builder = (
        x509.CertificateBuilder(who, who, KEY.public_key(), 1)
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(until)
    )
    found: list[x509.GeneralName] = []
    for name in names:
        kind, _, value = name.rpartition("=")
        found.append(x509.IPAddress(ipaddress.ip_address(value)) if kind else x509.DNSName(value))
    if found:
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
    if raw:
        oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, raw), critical=False)
    return builder.sign(KEY, hashes.SHA256())


FITS = [
    ("db.example.com", "", ["db.example.com"]),
    ("DB.example.com", "", ["db.EXAMPLE.com"]),
    ("db.example.com", "", ["*.example.com"]),
    ("bücher.example", "", ["xn--bcher-kva.example"]),
    ("db", "db", []),
    ("db", "db", ["ip=10.0.0.1"]),
    ("10.0.0.1", "", ["ip=10.0.0.1"]),
    ("::1", "", ["db", "ip=0:0::1"]),
]
DOES_NOT = [
    ("db.example.com", "", ["db.example.org"], "db.example.org"),
    ("a.db.example.com", "", ["*.example.com"], "*.example.com"),
    ("example.com", "", ["*.example.com"], "*.example.com"),
    ("db.example.com", "", ["d*.example.com"], "d*.example.com"),
    ("db.example.com", "", ["*"], "*"),
    ("db", "db", ["other"], "other"),
    ("10.0.0.1", "10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", "", ["10.0.0.1"], "10.0.0.1"),
    ("10.0.0.2", "", ["db", "ip=10.0.0.1"], "db, 10.0.0.1"),
    ("db", "", [], "no name"),
    ("x" * 70 + ".test", "other", [], "other"),
]


@pytest.mark.parametrize(("host", "common", "names"), FITS)
def test_a_name_that_fits(host: str, common: str, names: list[str]) -> None:
    for lenient in (True, False):
        assert name_problem(certificate(common, names), host, address_as_name=lenient) == ""


@pytest.mark.parametrize(("host", "common", "names", "shown"), DOES_NOT)
def test_a_name_that_does_not(host: str, common: str, names: list[str], shown: str) -> None:
    problem = name_problem(certificate(common, names), host, address_as_name=False)
    assert problem == f"the certificate is for {shown}, not for {host}"


def test_an_address_among_the_names() -> None:
    """Libpq takes it, and the common name, too, where no address stands in the certificate."""
    for made in (certificate("10.0.0.1"), certificate("", ["10.0.0.1"])):
        assert name_problem(made, "10.0.0.1", address_as_name=True) == ""
    made = certificate("10.0.0.1", ["ip=10.0.0.2"])
    assert name_problem(made, "10.0.0.1", address_as_name=True)


def test_names_that_cannot_be_read() -> None:
    problem = name_problem(certificate("db", raw=b"\x30\x80nonsense"), "db", address_as_name=False)
    assert problem.startswith("the names in the certificate cannot be read: ")


def test_words_of_a_certificate_are_cut_and_cleaned() -> None:
    """They come from whoever answers at that port."""
    problem = name_problem(certificate("", ["\x1b[31m" + "x" * 500]), "db", address_as_name=False)
    assert "\x1b" not in problem
    assert len(problem) < MOST_SHOWN + 60
    assert subject(certificate("db\n")) == "CN=db\ufffd"


def test_the_first_to_expire() -> None:
    sooner = UNTIL - datetime.timedelta(days=1)
    chain = [certificate("a"), certificate("b", until=sooner)]
    assert expiry(chain) == sooner.timestamp()
    assert expiry(chain[:1]) == UNTIL.timestamp()
    assert expiry([]) is None


def test_a_number_that_is_none_is_no_news(tmp_path: Path) -> None:
    """MariaDB gives its own certificate the number 0; nothing of that is said among the lines of our log."""
    der = certificate("db").public_bytes(serialization.Encoding.DER)
    file = tmp_path / "zero.der"
    # The version, then the number 1: it is 0 in its place. Nobody looks at the signature here.
    file.write_bytes(der.replace(b"\xa0\x03\x02\x01\x02\x02\x01\x01", b"\xa0\x03\x02\x01\x02\x02\x01\x00", 1))
    looking = (
        "import pathlib, sys; from exporter.net.certificate import leaf; from cryptography import x509;"
        "print(leaf(x509.load_der_x509_certificate(pathlib.Path(sys.argv[1]).read_bytes())).serial)"
    )
    done = subprocess.run(
        [sys.executable, "-c", looking, file], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
