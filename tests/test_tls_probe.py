"""TLS handshakes with real servers: what is told of a certificate, and what is held against it."""

import contextlib
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.db.dialect import ParameterError
from exporter.probes.kind import NotApplicable
from exporter.probes.tls import KIND, TlsSettings
from tests.conftest import started
from tests.doubles import server
from tests.probing import handshake, session, tls_probe, verdict
from tests.servers import Certificates, Database, MariaDb, MySql, Postgres
from tests.servers.database import free_port
from tests.waiting import wait_for

DAY = 86400.0
FAULTS = {
    "good": "",
    "address": "the certificate is for 127.0.0.1, ::1, not for localhost",
    "common_name": "",
    "chained": "",
    "other_name": "the certificate is for elsewhere.test, not for localhost",
    "expiring": "certificate has expired (depth 0, ",
    "not_yet": "certificate is not yet valid (depth 0, ",
    "self_signed": "self-signed certificate (depth 0, CN=localhost)",
    "unknown_ca": "unable to get local issuer certificate (depth 0, ",
    "incomplete": "unable to get local issuer certificate (depth 0, ",
}
"""Kinds of certificates, and what is wrong with them."""
NEVER_MYSQL = ("chained", "not_yet", "unknown_ca", "incomplete")


@pytest.fixture(scope="module", params=FAULTS)
def kind(request: pytest.FixtureRequest, database: Database) -> Iterator[str]:
    """A server that shows each of the certificates in turn."""
    if isinstance(database, MySql) and request.param in NEVER_MYSQL:
        pytest.skip("MySQL verifies its own certificate, and does not load this one")
    with database.certificate_of(request.param):
        yield request.param


def test_a_certificate_is_judged_as_the_session_judges_it(database: Database, kind: str) -> None:
    """Where the URL demands a good one, a bad one is a failure; its facts are told all the same."""
    url = database.url(database.verified(), host="localhost")
    seen = handshake(url)
    assert seen.problem.startswith(FAULTS[kind])
    assert seen.verified is not bool(FAULTS[kind])
    assert verdict(seen) == (("tls", "tls.certificate") if FAULTS[kind] else None)
    assert verdict(seen) == verdict(session(url)), "the session probe sees it likewise"
    assert seen.failure is None or seen.failure.detail == seen.problem
    assert seen.version == "TLSv1.3"
    assert seen.cipher.startswith("TLS_")
    assert seen.handshake
    assert 0 < seen.handshake < seen.duration


@pytest.mark.usefixtures("kind")
def test_what_is_not_demanded_is_told_but_no_failure(database: Database) -> None:
    """As libpq and PyMySQL let such a session in."""
    url = database.url(database.encrypted, host="localhost")
    seen = handshake(url)
    assert verdict(seen) == verdict(session(url)) is None
    assert not seen.verified, "the suite's authority is not the system's"
    assert seen.problem
    assert seen.expires


def test_when_certificates_expire(database: Database) -> None:
    """The leaf's own moment, and the first of the chain as it was sent."""
    good = handshake(database.url(database.verified(), host="localhost"))
    assert good.expires == good.chain_expires
    assert good.expires is not None
    assert good.expires > time.time() + DAY
    with database.certificate_of("expiring"):
        seen = handshake(database.url(database.verified(), host="localhost"))
    assert seen.expires
    assert 0 < time.time() - seen.expires < 60


def test_an_address_has_to_stand_in_the_certificate(database: Database) -> None:
    url = database.url(database.verified())
    seen = handshake(url)
    assert verdict(seen) == verdict(session(url)) == ("tls", "tls.certificate")
    assert seen.problem == "the certificate is for localhost, not for 127.0.0.1"
    with database.certificate_of("address"):
        assert handshake(url).verified
        assert verdict(session(url)) is None


def test_checking_the_chain_only(database: Database, tmp_path: Path) -> None:
    """With verify-ca another name is told, and no failure."""
    is_postgres = isinstance(database, Postgres)
    mode = {"sslmode": "verify-ca"} if is_postgres else {"ssl_mode": "verify_ca"}
    url = database.url(dict(database.verified()) | mode)
    seen = handshake(url)
    assert seen.failure is None
    assert not seen.verified
    assert seen.problem == "the certificate is for localhost, not for 127.0.0.1"
    name = "sslrootcert" if is_postgres else "ssl_ca"
    other = {name: str(Certificates(tmp_path).ca)}
    url = database.url(dict(database.verified()) | mode | other)
    assert verdict(handshake(url)) == verdict(session(url)) == ("tls", "tls.certificate")


def test_an_authority_that_is_rotated_is_noticed(database: Database, tmp_path: Path) -> None:
    """The files are read at each run."""
    name = "sslrootcert" if isinstance(database, Postgres) else "ssl_ca"
    ca = tmp_path / "ca.pem"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(Certificates(other).ca, ca)
    probe = tls_probe(database.url(dict(database.verified()) | {name: str(ca)}, host="localhost"))
    assert verdict(probe.run()[0]) == ("tls", "tls.certificate")
    shutil.copy(database.certificates.ca, ca)
    assert verdict(probe.run()[0]) is None
    ca.unlink()
    (seen,) = probe.run()
    assert verdict(seen) == ("tls", "tls.certificate")
    assert seen.failure
    assert seen.failure.detail.startswith("the URL's files for TLS cannot be used: ")


def test_a_target_without_tls_is_none_of_ours(database: Database) -> None:
    with pytest.raises(NotApplicable, match="the URL switches TLS off"):
        tls_probe(database.url(database.plain))


def test_the_goodbye_moves_nothing_but_what_it_must(database: Database) -> None:
    """PostgreSQL counts and logs nothing; MySQL and MariaDB count one refused login a run."""
    probe = tls_probe(database.url(database.encrypted))
    before, logged = database.aborted(), database.log.stat().st_size
    for _ in range(10):
        assert probe.run()[0].failure is None
    if isinstance(database, Postgres):
        assert database.aborted() == before
        assert database.log.stat().st_size == logged
    else:
        wait_for(lambda: database.aborted() >= before + 10)  # counted behind the refusal
        assert database.aborted() == before + 10


def test_a_server_that_is_not_there(database: Database) -> None:
    assert verdict(handshake(database.url(port=free_port()))) == ("tcp", "server.down")
    assert verdict(handshake(database.url(host="db.invalid"))) == ("dns", "dns.failure")


def test_a_server_full_of_sessions_still_shows_its_certificate(database: Database) -> None:
    """None of them judges how many there are before the login."""
    with database.full():
        assert verdict(handshake(database.url(database.encrypted))) is None


def test_versions_are_those_of_the_url(postgres: Postgres) -> None:
    old = {"sslmode": "require", "ssl_max_protocol_version": "TLSv1.2"}
    seen = handshake(postgres.url(old))
    assert (seen.version, seen.cipher) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")


@contextlib.contextmanager
def setting(postgres: Postgres, name: str, value: str) -> Iterator[None]:
    """Let the running server have a setting."""
    postgres.admin(f"ALTER SYSTEM SET {name} = '{value}'")
    postgres.reload_certificate()
    try:
        yield
    finally:
        postgres.admin(f"ALTER SYSTEM RESET {name}")
        postgres.reload_certificate()


def test_no_version_in_common(postgres: Postgres) -> None:
    with setting(postgres, "ssl_max_protocol_version", "TLSv1.2"):
        assert handshake(postgres.url(postgres.encrypted)).version == "TLSv1.2"
        url = postgres.url({"sslmode": "require", "ssl_min_protocol_version": "TLSv1.3"})
        seen = handshake(url)
        assert verdict(seen) == verdict(session(url)) == ("tls", "tls.handshake")
        assert seen.failure
        assert "protocol version" in seen.failure.detail


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_client_certificate(postgres: Postgres, tmp_path: Path, version: str) -> None:
    """One that the server does not trust is refused: with TLS 1.3 behind the handshake, and heard there."""
    names = {"sslmode": "require", "ssl_max_protocol_version": version}
    certificate, key = tmp_path / "own.crt", tmp_path / "own.key"
    url = postgres.url(names | {"sslcert": str(certificate), "sslkey": str(key)})
    with setting(postgres, "ssl_ca_file", str(postgres.certificates.ca)):
        assert verdict(handshake(postgres.url(names))) is None, "asked for, and not needed"
        postgres.certificates.install("good", certificate, key)
        key.chmod(0o600)
        assert verdict(handshake(url)) == verdict(session(url)) is None
        postgres.certificates.install("unknown_ca", certificate, key)
        seen = handshake(url)
    assert verdict(seen) == ("tls", "tls.handshake")
    assert seen.failure
    assert "unknown ca" in seen.failure.detail
    assert seen.version == ("TLSv1.3" if version == "TLSv1.3" else ""), "what there was to see is told"


def test_an_authority_makes_require_verify(postgres: Postgres) -> None:
    """As in libpq: with sslrootcert, require is verify-ca."""
    with postgres.certificate_of("unknown_ca"):
        ca = {"sslmode": "require", "sslrootcert": str(postgres.certificates.ca)}
        url = postgres.url(ca)
        assert verdict(handshake(url)) == verdict(session(url)) == ("tls", "tls.certificate")
        assert verdict(handshake(postgres.url(ca | {"sslmode": "prefer"}))) is None


def test_a_revocation_list(postgres: Postgres, tmp_path: Path) -> None:
    """A list that does not belong to the chain leaves the certificate unproven, as in libpq."""
    empty = tmp_path / "crl.pem"
    empty.write_bytes(postgres.certificates.revoked())
    url = postgres.url(dict(postgres.verified()) | {"sslcrl": str(empty)}, host="localhost")
    seen = handshake(url)
    assert verdict(seen) == verdict(session(url)) == ("tls", "tls.certificate")
    assert seen.problem.startswith("unable to get certificate CRL (depth 0, ")


def test_direct_tls(certificates: Certificates) -> None:
    """With sslnegotiation=direct TLS begins at once, and the server has to agree on the protocol (ALPN)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.load_into(context)

    def script(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(1)

    url = "postgresql://probe@127.0.0.1:{}/shop?sslmode=require&sslnegotiation=direct"
    with server(script) as port:
        seen = handshake(url.format(port))
        assert verdict(seen) == ("tls", "tls.handshake")
        assert seen.failure
        assert seen.failure.detail == "the server has not agreed to speak postgresql (ALPN)"
        context.set_alpn_protocols(["postgresql"])
        assert verdict(handshake(url.format(port))) is None


def test_a_client_certificate_that_mysql_does_not_trust(certificates: Certificates, tmp_path: Path) -> None:
    """MariaDB and MySQL refuse it, too; without one they let anybody shake hands."""
    with started(MariaDb, certificates) as database:
        own, key = tmp_path / "own.crt", tmp_path / "own.key"
        params = dict(database.encrypted) | {"ssl_cert": str(own), "ssl_key": str(key)}
        certificates.install("good", own, key)
        assert verdict(handshake(database.url(params))) is None
        certificates.install("unknown_ca", own, key)
        seen = handshake(database.url(params))
        assert verdict(seen) == ("tls", "tls.handshake")
        assert seen.version == "TLSv1.3"
        certificates.install("good", own, tmp_path / "other.key")
        with pytest.raises(ParameterError, match="cannot be used"):
            tls_probe(database.url(params))


def test_settings() -> None:
    assert KIND.name == "tls"
    assert (TlsSettings().interval, TlsSettings().timeout) == (300, 10)
