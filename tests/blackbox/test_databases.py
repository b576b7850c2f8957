"""Real databases looked at on request: by modules with credentials of their own, and as targets of ours."""

import os
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from exporter.exposition.blackbox import rendered
from exporter.model import Look
from exporter.probes.budget import RESERVED
from tests.blackbox.asking import LOOPBACK, Asking, asking
from tests.doubles import deaf, server
from tests.lab.exporter import only
from tests.servers import Database, Postgres
from tests.servers.database import PASSWORD, USER

PHASES = {"dns", "tcp", "tls", "auth", "query", "close"}


@pytest.fixture
def ours(database: Database) -> Iterator[Asking]:
    """Ask with a module that logs in, one with a wrong password, and one that asks for TLS."""
    os.environ |= {"CONNDROP_PROBED": PASSWORD, "CONNDROP_WRONG": "letmein-letmein"}
    dialect = "postgresql" if database.scheme.startswith("postgres") else "mysql"
    params = "".join(f"{name}: {text}, " for name, text in database.encrypted.items())

    def module(variable: str) -> str:
        auth = f"auth: {{user: {USER}, password: {{env: {variable}}}}}"
        settings = f"dialect: {dialect}, database: shop, parameters: {{{params}}}, {auth}"
        return f"{{prober: session, session: {{{settings}}}}}"

    starttls = f"tls: true, starttls: {dialect}, tls_config: {{ca_file: {database.certificates.ca}}}"
    target = f"targets: [{{name: shop, url: '{database.url(database.encrypted)}'}}]\n"
    yield asking(
        target + LOOPBACK + f"modules:\n  login: {module('CONNDROP_PROBED')}\n"
        f"  wrong: {module('CONNDROP_WRONG')}\n  judged: {{prober: tcp, tcp: {{{starttls}}}}}\n"
    )
    del os.environ["CONNDROP_PROBED"], os.environ["CONNDROP_WRONG"]


def phases(asked: Asking, prober: str, **query: str) -> set[str]:
    """Give the phases that a look has completed."""
    name = f"probe_{prober}_duration_seconds"
    return {dict(labels)["phase"] for found, labels in asked.samples(**query) if found == name}


def test_a_session(ours: Asking, database: Database) -> None:
    before = database.aborted()
    target = f"127.0.0.1:{database.port}"
    assert ours.failure(target=target, module="login") is None
    assert phases(ours, "session", target=target, module="login") == PHASES
    assert phases(ours, "session", target=target, auth_module="login") == PHASES
    assert ours.failure(target=f"localhost:{database.port}", module="login") is None
    assert database.aborted() == before


def test_a_wrong_password_is_told_and_not_shown(ours: Asking, database: Database) -> None:
    target = f"127.0.0.1:{database.port}"
    assert ours.failure(target=target, module="wrong") == ("auth", "auth.credentials")
    for module in ("login", "wrong"):
        _, text = ours.said(target=target, module=module, debug="true")
        assert "password: <secret>" in text
        for secret in (PASSWORD, "letmein-letmein", "CONNDROP_"):
            assert secret not in text
    assert all(PASSWORD not in result.log and "letmein" not in result.log for result in ours.kept)


def test_a_certificate_without_a_login(ours: Asking, database: Database) -> None:
    name = "postgresql" if isinstance(database, Postgres) else "mysql"
    good = ours.samples(target=f"localhost:{database.port}", module="judged")
    assert good["probe_success", frozenset()] == 1
    assert good["probe_ssl_last_chain_expiry_timestamp_seconds", frozenset()] > 0
    assert ("probe_tls_version_info", frozenset({("version", "TLS 1.3")})) in good
    bad = ours.failure(target=f"localhost:{database.port}", module=name)
    assert bad == ("tls", "tls.certificate"), "nobody has told the default module who is to be trusted"


def test_a_target_of_ours_has_its_own_settings(ours: Asking, database: Database) -> None:
    before = database.aborted()
    assert ours.failure(target="shop") is None
    assert phases(ours, "session", target="shop") == PHASES
    for module in ("session", "ping", "icmp", "tcp", "tcp_connect", "dns"):
        assert ours.failure(target="shop", module=module) is None, module
    assert database.aborted() == before
    for module in ("tls", "tls_connect"):
        assert ours.failure(target="shop", module=module) is None, module
    assert ours.value("probe_ssl_earliest_cert_expiry", target="shop", module="tls")
    status, text = ours.said(target="shop", module="http_2xx")
    assert status == HTTPStatus.BAD_REQUEST
    assert text.startswith(
        'Unknown module "http_2xx" for a target of the configuration; allowed: session, ping'
    )
    assert PASSWORD not in "".join(result.log for result in ours.kept)


def test_the_budget_of_a_target_of_ours_is_kept() -> None:
    asked = asking(
        "targets: [{name: a, url: 'postgresql://u@127.0.0.1:1/d?sslmode=disable', connection_budget: 3}]\n"
    )
    budget = asked.tools["a"].budget
    while budget.enter():
        pass
    assert budget.open >= RESERVED
    assert asked.said(target="a") == (503, "the target's connection_budget is used up; try again later\n")
    assert asked.failure(target="a", module="tcp") == ("connect", "server.down")
    budget.leave()
    assert asked.failure(target="a") == ("tcp", "server.down")
    open_before = budget.open
    assert asked.failure(target="a") == ("tcp", "server.down")
    assert budget.open == open_before


def test_a_target_without_tls_has_none_to_look_at() -> None:
    asked = asking("targets: [{name: a, url: 'mysql://u@127.0.0.1:1/d?ssl_mode=disabled'}]\n")
    assert asked.said(target="a", module="tls") == (400, "the target's URL switches TLS off\n")


def test_probes_that_are_off_can_be_asked_for() -> None:
    off = only()
    text = str(off).replace("False", "false").replace("'", "")
    asked = asking(f"targets: [{{name: a, url: 'postgresql://u@127.0.0.1:1/d', probes: {text}}}]\n")
    assert asked.failure(target="a", module="ping") is None
    assert asked.failure(target="a") == ("tcp", "server.down")
    assert asked.failure(target="a", module="dns") is None


def test_a_server_that_counts_broken_attempts_is_left_alone() -> None:
    """A host that blocks us for connections broken off is not asked again at once."""
    with server(deaf) as port:
        asked = asking(LOOPBACK)
        header = {"x-prometheus-scrape-timeout-seconds": "0.8"}
        query = {"target": f"127.0.0.1:{port}", "module": "mysql"}
        statuses = [int(asked.answer(headers=header, **query).status) for _ in range(2)]
    assert statuses == [200, 503]


def test_a_look_that_came_to_nothing_has_little_to_tell() -> None:
    look = Look(prober="session", duration=0.1, timeout=1.0)
    text = rendered(look, "", {})[1].decode()
    assert "probe_success 1.0\n" in text
    assert "probe_ip" not in text
