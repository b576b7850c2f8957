"""Trials: what they find out, that they are made one at a time and seldom, and that they leave nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.config.address import read_url
from exporter.db import DIALECTS
from exporter.diagnosis.verdict import Ask
from exporter.journal import Journal
from exporter.model import Cause, Counted, Observation, Target, Trial, TrialObservation
from exporter.net.waiting import Stopped
from exporter.probes.budget import Budget
from exporter.probes.trial import GAP, LARGE, Trials, possible
from tests.doubles import deaf, server
from tests.lab.site import Site
from tests.networks import needs_namespaces
from tests.probing import probe_tools
from tests.servers import Certificates, Database, MariaDb, Postgres
from tests.test_on_demand import daemon
from tests.waiting import running, unspoilt, wait_for


def trials(url: str, **tools: Any) -> Trials:
    endpoint, _ = read_url(url, None, DIALECTS)
    return Trials(Target(name="orders", endpoint=endpoint), replace(probe_tools(endpoint), **tools))


def trials_at(url: str) -> frozenset[Trial]:
    endpoint, _ = read_url(url, None, DIALECTS)
    return possible(probe_tools(endpoint).opener)


def made(url: str, trial: Trial) -> TrialObservation:
    (seen,) = trials(url).make(trial)
    assert (seen.target, seen.probe, seen.trial) == ("orders", "trial", trial)
    return seen


def outcome(seen: TrialObservation) -> tuple[bool | None, bool | None, bool | None]:
    return seen.small, seen.there, seen.back


def test_a_login_that_is_refused_without_tls_is_let_in_with_it(database: Database) -> None:
    """The account has to use TLS, which MySQL's family refuses in the words for a wrong password."""
    seen = made(database.url(database.plain, user="encrypted"), Trial.TLS)
    assert seen.failure is None
    assert outcome(seen) == (None, None, None)


def test_a_wrong_password_is_refused_over_tls_as_well(database: Database) -> None:
    seen = made(database.url(database.plain, password="wrong"), Trial.TLS)
    assert seen.failure
    assert seen.failure.cause is Cause.AUTH_CREDENTIALS


def test_a_trial_over_tls_leaves_in_good_order_and_is_counted(database: Database) -> None:
    """In the one footprint of the target."""
    it = trials(database.url(database.plain))
    before, aborted = database.numbers(), database.aborted()
    it.make(Trial.TLS)
    wait_for(lambda: database.numbers() == before)
    assert database.aborted() == aborted
    assert it._tools.opener.footprint.so_far() == {Counted.CONNECTIONS_OPENED: 1}


def test_small_and_large_pass_where_nothing_is_wrong(database: Database) -> None:
    before, aborted = database.numbers(), database.aborted()
    for params in (database.plain, database.encrypted):
        seen = made(database.url(params), Trial.SIZES)
        assert (outcome(seen), seen.size, seen.failure) == ((True, True, True), LARGE, None)
    wait_for(lambda: database.numbers() == before)
    assert database.aborted() == aborted


def test_what_can_be_tried(database: Database) -> None:
    assert trials_at(database.url(database.plain)) == {Trial.TLS, Trial.SIZES}
    assert trials_at(database.url({})) == {Trial.SIZES}, "TLS is tried by itself"
    assert trials_at(database.url(database.encrypted)) == {Trial.SIZES}


def test_a_pooler_that_knows_no_sql_is_asked_no_sql() -> None:
    assert trials_at("postgresql://u@127.0.0.1/pgbouncer?sslmode=disable") == {Trial.TLS}


def test_a_server_that_says_nothing_cannot_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.probes.trial.TIMEOUT", 0.3)
    with server(deaf) as port:
        for trial in Trial:
            seen = made(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable", trial)
            assert seen.failure
            assert seen.failure.cause is Cause.SERVER_UNRESPONSIVE
            assert outcome(seen) == (None, None, None)


def test_the_same_is_not_tried_again_soon(postgres: Postgres) -> None:
    endpoint, _ = read_url(postgres.url(postgres.plain), None, DIALECTS)
    now = [0.0]
    it = Trials(Target(name="orders", endpoint=endpoint), probe_tools(endpoint), lambda: now[0])
    assert it.make(Trial.SIZES)
    assert it.make(Trial.TLS)
    now[0] = GAP - 1.0
    assert not it.make(Trial.SIZES)
    now[0] = GAP
    assert it.make(Trial.SIZES)


def test_one_is_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.probes.trial.TIMEOUT", 1.0)
    connected = threading.Event()

    def silent(sock: Any) -> None:
        connected.set()
        deaf(sock)

    with server(silent) as port:
        it = trials(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        with running(lambda: it.make(Trial.SIZES)) as first:
            assert connected.wait(5)
            assert not it.make(Trial.TLS)
        assert first.result()
        assert it.make(Trial.TLS), "it does not have to wait for its time"


def test_none_is_made_where_the_budget_has_no_visit_left(postgres: Postgres) -> None:
    budget = Budget(1)
    it = trials(postgres.url(postgres.plain), budget=budget)
    assert budget.enter()
    assert not it.make(Trial.SIZES)
    budget.leave()
    assert it.make(Trial.SIZES)
    assert budget.open == 0


def test_a_trial_ends_with_the_daemon() -> None:
    with server(deaf) as port:
        it = trials(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
        threading.Timer(0.2, it._tools.stop.throw).start()
        with pytest.raises(Stopped):
            it.make(Trial.SIZES)
        assert it._tools.budget.open == 0


def test_a_trial_is_told_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    seen = TrialObservation(
        target="orders", probe="trial", started=1.0, duration=0.5, trial=Trial.SIZES, small=True, back=False
    )
    Journal().record(seen)
    (record,) = caplog.records
    assert record.getMessage() == "trial made"
    assert record.fields.items() >= {"trial": "sizes", "small": "yes", "back": "no"}.items()  # type: ignore[attr-defined]  # put there by `extra`


def test_trials_are_asked_for(tmp_path: Path, postgres: Postgres) -> None:
    """And never made without."""
    off = "".join(
        f"      {name}: off\n" for name in ("ping", "path", "tcp", "sentinel", "idle", "server", "mtu")
    )
    written = f"targets:\n  - name: orders\n    url: {postgres.url(postgres.plain)}\n    probes:\n{off}"
    with daemon(tmp_path, written) as it:
        seen: list[Observation] = []
        it._core.runner._sinks += (seen.append,)
        it.start()
        wait_for(lambda: any(one.probe == "session" for one in seen))
        assert not any(isinstance(one, TrialObservation) for one in seen)
        it._core._ask("orders", Ask.TLS_TRIAL)
        wait_for(lambda: any(isinstance(one, TrialObservation) for one in seen))
        it._core._ask("orders", Ask.SIZES_TRIAL)
        wait_for(lambda: {one.trial for one in seen if isinstance(one, TrialObservation)} == set(Trial))


@pytest.fixture(scope="module")
def site(certificates: Certificates) -> Iterator[Site]:
    with Site(certificates, Postgres, MariaDb) as site:
        yield site


@needs_namespaces
@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
@pytest.mark.parametrize(
    ("way", "expected"), [("server", (True, False, True)), ("client", (True, None, False))]
)
def test_what_is_large_and_vanishes_is_told_with_its_way(
    site: Site, name: str, way: str, expected: tuple[bool | None, bool | None, bool | None]
) -> None:
    """And what is left on the server is handed over."""

    def tried() -> float:
        it = trials(site.url(name, site.databases[name].plain))
        make: Callable[[], Any] = lambda: it.make(Trial.SIZES)  # noqa: E731  one word for what runs inside
        begun = time.monotonic()
        (seen,) = site.client.run(make)
        took = time.monotonic() - begun
        assert (outcome(seen), seen.failure) == (expected, None)
        assert len(it._tools.leftovers) == 1
        return took

    site.router.rules("forward", f"oifname to-{way} meta length > 1300 drop")
    try:
        assert unspoilt(tried, lambda seconds: seconds < 5.0) > 2.0
    finally:
        site.router.rules("forward")
