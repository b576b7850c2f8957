"""What holds for every database: one suite over real servers, with TLS and without."""

import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from exporter.db import forget_environment
from exporter.db.dialect import ParameterError
from exporter.model import Phase, SessionObservation
from tests.conftest import started
from tests.doubles import delayed
from tests.probing import session, session_probe, verdict
from tests.servers import Certificates, Database, Postgres
from tests.servers.database import PASSWORD, free_port
from tests.waiting import LONGEST, running, unspoilt, wait_for

ROUNDS = 9
DELAY = 0.05


@pytest.fixture(params=["plain", "encrypted"])
def params(request: pytest.FixtureRequest, database: Database) -> Mapping[str, str]:
    """How to connect: without TLS, and with it."""
    found: Mapping[str, str] = getattr(database, request.param)
    return found


def test_a_session_goes_through_its_phases(database: Database, params: Mapping[str, str]) -> None:
    """Exactly the phases that took place are reported; an address needs no name."""
    observation = session(database.url(params))
    assert verdict(observation) is None
    expected = {"tcp", "auth", "query", "close"} | ({"tls"} if params == database.encrypted else set())
    assert {str(phase) for phase, _ in observation.phases} == expected
    assert all(seconds > 0 for _, seconds in observation.phases)
    assert observation.usable


def test_phases_add_up_to_the_whole(database: Database, params: Mapping[str, str]) -> None:
    """Measured from outside, the sum of the phases is the whole within 2 % or 0.2 ms."""
    probe = session_probe(database.url(params, host="127.0.0.1"))

    def gap() -> float:
        before = time.perf_counter()
        (observation,) = probe.run()
        whole = time.perf_counter() - before
        assert observation.failure is None
        total = sum(seconds for _, seconds in observation.phases)
        assert total == pytest.approx(observation.duration, rel=1e-6)
        assert total <= whole
        return (whole - total) / max(0.02 * whole, 0.0002)

    unspoilt(lambda: sorted(gap() for _ in range(ROUNDS)), lambda gaps: gaps[ROUNDS // 2] <= 1)


def test_the_phase_that_waits_shows_the_delay(database: Database, params: Mapping[str, str]) -> None:
    """50 ms on everything the server says lands in tls, auth, query and close, and never in tcp."""
    sessions: list[dict[Phase, float]] = []

    def one_delay_for_one_answer() -> bool:
        observation = session(database.url(params, port=port))
        assert verdict(observation) is None
        sessions.append(phases := dict(observation.phases))
        return phases[Phase.TCP] < DELAY / 2 and phases[Phase.QUERY] < 2 * DELAY

    with delayed(database.port, DELAY) as port:
        wait_for(one_delay_for_one_answer)  # now and then a busy machine adds its own
    for phases in sessions:
        waited = [Phase.AUTH, Phase.QUERY, Phase.CLOSE, *([Phase.TLS] if Phase.TLS in phases else [])]
        assert all(phases[phase] >= DELAY for phase in waited), phases


def test_a_name_is_resolved_in_a_phase_of_its_own(database: Database, params: Mapping[str, str]) -> None:
    observation = session(database.url(params, host="localhost"))
    assert verdict(observation) is None
    assert dict(observation.phases)[Phase.DNS] > 0


def test_probing_moves_no_counter_of_aborted_connections(
    database: Database, params: Mapping[str, str]
) -> None:
    """Fifty sessions, each closed politely: the server counts none of them as aborted."""
    probe = session_probe(database.url(params))
    before = database.aborted()
    for _ in range(50):
        assert probe.run()[0].failure is None
    assert database.aborted() == before


def test_the_server_can_tell_who_is_asking(database: Database) -> None:
    """The name of our program stands in the server's own list of sessions."""
    with running(lambda: session(database.url(), query=database.sleep(1.5))) as probe:
        wait_for(lambda: ("conndrop-exporter",) in database.admin(database.sessions))
    assert verdict(probe.result()) is None


def test_a_wrong_password_is_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    observation = session(database.url(params, password="n0t-the-password"))
    assert verdict(observation) == ("auth", "auth.credentials")
    assert observation.failure
    assert observation.failure.said, "the server's words are kept"
    assert "n0t-the-password" not in repr(observation)


def test_an_unknown_database_is_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    observation = session(database.url(params, database="nowhere"))
    assert verdict(observation) == ("auth", "auth.not_allowed")
    assert observation.failure
    assert "nowhere" in observation.failure.said


def test_a_host_that_is_not_allowed_is_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    """From ::1 the server lets nobody in: pg_hba.conf has no entry, mysql.user no host."""
    observation = session(database.url(params, host="::1", user="foreign"))
    assert verdict(observation) == ("auth", "auth.not_allowed")
    assert observation.failure
    assert "::1" in observation.failure.said


def test_too_many_connections_are_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    with database.full():
        observation = session(database.url(params))
    assert verdict(observation) == ("auth", "server.saturated")


def test_a_server_that_is_down_is_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    assert verdict(session(database.url(params, port=free_port()))) == ("tcp", "server.down")


def test_an_unknown_name_is_told_as_such(database: Database, params: Mapping[str, str]) -> None:
    """RFC 6761 keeps the top level domain `invalid` from ever existing."""
    assert verdict(session(database.url(params, host="db.invalid"))) == ("dns", "dns.failure")


def test_a_good_certificate_is_accepted(database: Database) -> None:
    assert verdict(session(database.url(database.verified(), host="localhost"))) is None


@pytest.mark.parametrize("kind", ["expiring", "other_name"])
def test_a_bad_certificate_is_told_as_such(database: Database, kind: str) -> None:
    """Expired, or made out for another host: refused in phase tls, and the reason is named."""
    with database.certificate_of(kind):
        observation = session(database.url(database.verified(), host="localhost"))
    assert verdict(observation) == ("tls", "tls.certificate")
    assert observation.failure
    assert "certificate" in observation.failure.detail or "match" in observation.failure.detail


def test_a_query_that_fails_keeps_the_servers_words(database: Database) -> None:
    observation = session(database.url(), query="SELECT nonsense")
    assert verdict(observation) == ("query", "unknown")
    assert observation.failure
    assert "nonsense" in observation.failure.said
    assert observation.failure.code in ("42703", "1054")


def test_a_slow_query_is_ended_on_the_server_too(database: Database) -> None:
    """The server gives up before we do, so nothing of ours goes on running there."""

    def slow() -> SessionObservation:
        observation = session(database.url(), query=database.busy, timeout="3s", interval="3s")
        assert observation.duration < 3
        return observation

    unspoilt(slow, lambda observation: verdict(observation) == ("query", "server.slow_query"))


def test_addresses_of_ipv6_work(database: Database, params: Mapping[str, str]) -> None:
    with database.admitting_six():
        assert verdict(session(database.url(params, host="::1", user="six"))) is None


def test_a_session_killed_during_its_query(database: Database, params: Mapping[str, str]) -> None:
    """PostgreSQL says why before it closes, which psycopg2 alone would lose; the MySQL family closes."""
    with running(lambda: session(database.url(params), query=database.sleep(4))) as probe:
        wait_for(database.kill_sessions)
    observation = probe.result()
    assert observation.failure
    if isinstance(database, Postgres):
        assert verdict(observation) == ("query", "server.session_killed")
        assert observation.failure.said == "FATAL:  terminating connection due to administrator command"
    else:
        assert verdict(observation) == ("query", "unknown")
        assert observation.failure.detail.endswith("by the peer in phase query")


def test_a_server_that_starts_up_says_so(certificates: Certificates) -> None:
    """A standby without hot_standby is starting up for as long as nobody promotes it."""
    with started(Postgres, certificates) as server:
        assert isinstance(server, Postgres)
        server.become_cold_standby()
        for params in (server.plain, server.encrypted):
            observation = session(server.url(params))
            assert verdict(observation) == ("auth", "server.restart")
            assert observation.failure
            assert observation.failure.said.startswith("FATAL:  the database system is ")


def test_tls_that_the_server_demands(postgres: Postgres) -> None:
    """An account that may only come with TLS is not let in without."""
    assert verdict(session(postgres.url(postgres.plain, user="encrypted"))) == ("auth", "auth.not_allowed")
    assert verdict(session(postgres.url(postgres.encrypted, user="encrypted"))) is None


def test_prefer_falls_back_as_libpq_does(postgres: Postgres) -> None:
    """The way without TLS is tried when the one with it is refused; there is no phase of TLS then."""
    observation = session(postgres.url({"sslmode": "prefer"}, user="bare"))
    assert verdict(observation) is None
    assert Phase.TLS not in dict(observation.phases)


def test_a_query_that_the_session_cannot_write(postgres: Postgres) -> None:
    """Its encoding has no such character; that is no mistake of the server."""
    observation = session(postgres.url({"client_encoding": "latin1"}), query="SELECT '\u20ac'")
    assert verdict(observation) == ("query", "unknown")
    assert observation.failure
    assert "encoding" in observation.failure.detail


def test_libpq_does_not_ask_the_environment(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the daemon's would change every target, and its password be masked nowhere."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "standby")
    forget_environment()
    url = postgres.url(postgres.plain)
    assert verdict(session(url)) is None
    assert verdict(session(url.replace(f":{quote(PASSWORD, safe='')}@", "@"))) == ("auth", "auth.credentials")


def test_an_encrypted_key_asks_nobody_for_its_passphrase(database: Database, tmp_path: Path) -> None:
    """OpenSSL would ask at the terminal, and wait there without a deadline."""
    is_postgres = isinstance(database, Postgres)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "key.pem").chmod(0o600)
    files = (str(database.certificate), str(tmp_path / "key.pem"))
    names = ("sslcert", "sslkey") if is_postgres else ("ssl_cert", "ssl_key")
    url = database.url(dict(database.encrypted) | dict(zip(names, files, strict=True)))
    if not is_postgres:
        with pytest.raises(ParameterError, match="ssl_ca, ssl_cert, ssl_key: cannot be used"):
            session(url)
    else:
        observation = session(url, timeout="2m", interval="2m")
        assert observation.failure
        assert str(observation.failure.phase) == "tls"
        assert observation.duration < LONGEST
