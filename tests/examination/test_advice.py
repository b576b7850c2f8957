"""The call that is printed, driver by driver, and what a report says next to it."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from exporter.diagnosis.catalogue.application import DEADLINE_POSTGRESQL
from exporter.examination.advising import advise
from exporter.examination.report import Side, State
from exporter.model import Cause, Connect, MtuObservation, TcpObservation
from tests.examination.scene import called
from tests.examination.test_report import ABOUT, ECHOES, FOUND, PATH, TLS, found, look, need, told, view
from tests.seen import NOW


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that nobody else knows."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


FULL = "sslmode=verify-full"


@pytest.mark.parametrize(
    ("url", "verifies", "names"),
    [
        (f"postgresql+asyncpg://app@h/d?{FULL}", True, True),
        ("postgresql+pg8000://app@h/d?sslmode=require", False, False),
        ("postgresql+asyncpg://app@h/d?sslmode=verify-ca&sslrootcert={ca}", True, False),
        ("mysql+pymysql://app@h/d?ssl_mode=verify_identity", True, True),
        ("mysql+pymysql://app@h/d?ssl_mode=VERIFY_CA&ssl_ca={ca}", True, False),
        ("mysql+pymysql://app@h/d?ssl_mode=required&ssl_ca={ca}", True, False),
        ("mysql+aiomysql://app@h/d?ssl_ca={ca}", True, True),
        ("mysql+asyncmy://app@h/d?ssl_mode=required", False, False),
    ],
)
def test_what_the_url_demands_of_tls_is_demanded_in_the_drivers_words(
    url: str, ca: Path, *, verifies: bool, names: bool
) -> None:
    """As it was written, these drivers refuse it, or take it for less."""
    taken, where = called(advise(need(url.format(ca=ca))).create_engine)
    (context,) = (value for value in taken["connect_args"].values() if isinstance(value, ssl.SSLContext))
    assert (context.verify_mode is ssl.CERT_REQUIRED, context.check_hostname) == (verifies, names)
    assert not any(name.startswith("ssl") for name in where.query)
    assert len(context.get_ca_certs()) == 1 or "{ca}" not in url


@pytest.mark.parametrize(
    ("url", "query", "arguments"),
    [
        ("mysql+mysqldb://app@h/d?ssl_mode=required", {"ssl_mode": "REQUIRED"}, {}),
        ("mysql+mysqldb://app@h/d?ssl_mode=disabled", {"ssl_mode": "DISABLED"}, {}),
        ("mysql+mysqldb://app@h/d?ssl_verify_cert=true", {"ssl_mode": "VERIFY_CA"}, {}),
        ("mysql+pymysql://app@h/d?ssl_ca={ca}", {"ssl_ca": "{ca}"}, {}),
        ("mysql+pymysql://app@h/d?ssl_mode=disabled", {}, {"ssl_disabled": True}),
        ("mysql+pymysql://app@h/d?ssl_mode=preferred", {}, {}),
        ("postgresql+asyncpg://app@h/d?sslmode=disable", {}, {"ssl": False}),
        ("postgresql+pg8000://app@h/d?sslmode=prefer", {}, {}),
        ("mysql+mysqlconnector://app@h/d?ssl_mode=disabled", {}, {"ssl_disabled": True}),
        (
            "mysql+mysqlconnector://app@h/d?ssl_mode=verify_identity&ssl_ca={ca}",
            {"ssl_ca": "{ca}"},
            {"ssl_verify_cert": True, "ssl_verify_identity": True},
        ),
        (
            "mariadb+mariadbconnector://app@h/d?ssl_mode=verify_ca&ssl_ca={ca}",
            {"ssl_ca": "{ca}"},
            {"ssl": True, "ssl_verify_cert": True},
        ),
    ],
)
def test_drivers_with_words_of_their_own_for_tls_get_these(
    url: str, query: dict[str, str], arguments: dict[str, object], ca: Path
) -> None:
    taken, where = called(advise(need(url.format(ca=ca), cause=None, idle=None)).create_engine)
    expected = {name: value.format(ca=ca) for name, value in query.items()}
    assert (dict(where.query), taken.get("connect_args", {})) == (expected, arguments)


def test_revoked_certificates_and_the_clients_own_are_written_too(tmp_path: Path, ca: Path) -> None:
    """Its key's password is not."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    own = trustme.CA().issue_cert("app")
    own.cert_chain_pems[0].write_to_path(chain)
    own.private_key_pem.write_to_path(key)
    url = (
        f"postgresql+asyncpg://app@h/d?{FULL}&sslrootcert={ca}&sslcert={chain}&sslkey={key}"
        "&sslpassword=secret-word"
    )
    text = advise(need(url)).create_engine
    assert f'load_cert_chain("{chain}", "{key}", os.environ["DB_SSLPASSWORD"])' in text
    assert "secret-word" not in text
    text = advise(need(f"postgresql+pg8000://app@h/d?{FULL}&sslcrl={ca}")).create_engine
    assert f'load_verify_locations("{ca}", None)' in text
    assert "VERIFY_CRL_CHECK_CHAIN" in text


def test_parameters_that_a_driver_would_refuse_are_left_out_and_named() -> None:
    text = advise(need("postgresql+asyncpg://app@h/d?application_name=shop&keepalives_idle=30")).create_engine
    taken, where = called(text)
    assert dict(where.query) == {}
    assert taken["connect_args"]["server_settings"]["application_name"] == "shop"
    assert "# asyncpg has none of these, which the URL names: keepalives_idle\n" in text
    assert "PgBouncer" in text
    pg8000, where = called(advise(need("postgresql+pg8000://app@h/d?application_name=shop")).create_engine)
    assert dict(where.query) == {"application_name": "shop"}
    assert "connect_args" not in pg8000


def test_what_many_paths_filter_by_design_is_not_bad_where_connects_are_answered() -> None:
    """Echoes, the last hop, packet sizes."""
    well = [TcpObservation(**ABOUT, probe="tcp", connects=(Connect(address="10.0.0.1", seconds=0.01),))]
    for side, seen in (
        (Side.PING, replace(ECHOES, sent=6, lost=6, rtts=())),
        (Side.PATH, replace(PATH, hops=())),
        (Side.PATH, replace(PATH, route=None)),
        (Side.MTU, MtuObservation(**ABOUT, probe="mtu")),
    ):
        state, text = look(side, *well, seen)
        assert state is State.ABSENT
        assert text.endswith("; connects are answered")
        made = told([*well, seen])
        assert made.verdict.startswith("Nothing is wrong at db.example.com: tcp is good")
        assert any(line.startswith(f"{side} told nothing: ") for line in made.unsure)


def test_the_verdict_does_not_contradict_what_follows() -> None:
    expiring = told([ECHOES, replace(TLS, expires=NOW + 5 * 86400)])
    assert "did not go well" not in expiring.verdict
    assert "yet, but the server's certificate expires in 5 days" in expiring.verdict
    unverified = told([ECHOES, replace(TLS, problem="self-signed", verified=False)])
    assert unverified.verdict.endswith("; silence was not tried; and 1 remark.")
    lossy = told([ECHOES, replace(ECHOES, lost=4)], cut_short=True)
    assert lossy.verdict.endswith("before all was seen; this did not go well: ping.")


def test_a_layer_that_is_known_is_named_though_its_incident_is_not_open_yet() -> None:
    made = told([FOUND], hold=600.0)
    (finding,) = found(made, Cause.MIDDLEBOX_IDLE_TIMEOUT)
    assert any("pool_recycle=192," in line for step in finding.fix for line in step.copy)
    assert {each.name for each in made.advice.client} >= {"keepalives_idle"}
    ended = replace(FOUND, timeouts=((Cause.SERVER_IDLE_TIMEOUT, 300.0),))
    made = told([ended, view(settings={"idle_session_timeout": 300.0})], hold=600.0)
    (finding,) = found(made, Cause.SERVER_IDLE_TIMEOUT)
    assert "idle_session_timeout" in finding.summary
    assert made.advice.client == ()


def test_what_only_a_pooler_ends_counts_as_well() -> None:
    """The limit of PgBouncer's own; and one is never lowered."""
    limited = advise(need(cause=None, idle=None, limits={"client_idle_timeout": 100.0}))
    assert {each.name: each.value for each in limited.engine}["pool_recycle"] == "80"
    long = need(
        "mysql://app@h/d", cause=Cause.SERVER_IDLE_TIMEOUT, idle=None, limits={"wait_timeout": 86400.0}
    )
    assert advise(long).server == ()


def test_nobody_is_sent_to_a_kernel_that_the_driver_does_not_ask() -> None:
    assert advise(need("postgresql+asyncpg://app@h/d")).host == ()
    assert advise(need("mysql+mysqlconnector://app@h/d")).host == ()
    assert advise(need("postgresql+pg8000://app@h/d")).host != ()


def test_fix_steps_and_settings_have_the_same_numbers() -> None:
    """Those of a timeout that is known, as well as usual ones."""
    short = replace(FOUND, survived=45.0, killed=50.0, timeouts=((Cause.MIDDLEBOX_IDLE_TIMEOUT, 48.0),))
    made = told([short], hold=600.0)
    (finding,) = found(made, Cause.MIDDLEBOX_IDLE_TIMEOUT)
    lines = " ".join(line for step in finding.fix for line in step.copy)
    set_to = {each.name: each.value for each in (*made.advice.client, *made.advice.server)}
    assert set_to["keepalives_idle"] == set_to["tcp_keepalives_idle"] == "15"
    assert "keepalives_idle=15," in lines
    assert "SET tcp_keepalives_idle = 15;" in lines
    bound = advise(need(cause=Cause.NET_BLACKHOLE, idle=None)).client
    values = ", ".join(f"{each.name}={each.value}" for each in bound)
    assert any(values in line for line in DEADLINE_POSTGRESQL.copy)


def test_only_what_is_used_is_imported() -> None:
    text = advise(
        need("postgresql+asyncpg://app@os.ssl.example/d?application_name=x", idle=None)
    ).create_engine
    assert "import os" not in text
    assert "import ssl" not in text
    other = need("postgresql+asyncpg://app@h/d?application_name=x", cause=Cause.SERVER_IDLE_TIMEOUT)
    assert "PgBouncer" not in advise(other).create_engine
