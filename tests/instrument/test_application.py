"""A Flask application under gunicorn, its databases behind a router: what befalls it is told by cause."""

import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.instrument.engines import url
from tests.lab.site import Site
from tests.servers.database import free_port
from tests.waiting import wait_for

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {"sslmode": "disable", "connect_timeout": 3, "tcp_user_timeout": 1500},
    "mariadb": {"ssl_disabled": True, "connect_timeout": 3, "read_timeout": 2},
}
FORGOTTEN: Final = 1
"""Seconds after which the router forgets a connection."""
REQUESTS: Final = 8


class Shop:
    """The application, inside the client's network."""

    def __init__(self, site: Site, directory: Path) -> None:
        self.site = site
        self.port = free_port()
        self.targets = list(OPTIONS)
        shop = {
            name: (
                url(site.databases[name], host=site.host).render_as_string(hide_password=False),
                options,
            )
            for name, options in OPTIONS.items()
        }
        words = ("-m", "gunicorn", "-c", "python:tests.instrument.gunicorn_shop", "--bind")
        where = {"SHOP": json.dumps(shop), "PROMETHEUS_MULTIPROC_DIR": str(directory), "HOME": str(directory)}
        with _environment(where):
            address, module = f"127.0.0.1:{self.port}", "tests.instrument.flask_shop:app"
            self.process = site.client.start(
                sys.executable, *words, address, "--log-level", "warning", module
            )

    def ask(self, path: str) -> str:
        """Send a request from inside; raises URLError and HTTPError."""

        def get() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
                return str(answer.read().decode())

        return self.site.client.run(get)

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return bool(self.ask("metrics"))
        except OSError:
            return False

    def visit(self, target: str) -> set[int]:
        """Send requests until each worker has answered one; give the workers' numbers."""
        seen: set[int] = set()

        def more() -> bool:
            with ThreadPoolExecutor(REQUESTS) as pool:
                answers = list(pool.map(self.ask, [target] * REQUESTS))
            assert {answer.split()[1] for answer in answers} == {"42"}
            seen.update(int(answer.split()[0]) for answer in answers)
            return len(seen) >= 2

        wait_for(more)
        return seen

    def told(self, name: str, **labels: str) -> dict[str, float]:
        """Give the samples that are not 0 of conndrop_app_`name`, by worker."""
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(self.ask("metrics")):
            for sample in family.samples:
                fits = sample.name == f"conndrop_app_{name}" and labels.items() <= sample.labels.items()
                if fits and sample.value:
                    found[sample.labels["pid"]] = found.get(sample.labels["pid"], 0) + sample.value
        return found


@contextlib.contextmanager
def _environment(words: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(words)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def shop(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(site, tmp_path_factory.mktemp("shop"))
    try:
        wait_for(made.answers)
        yield made
    finally:
        made.process.terminate()
        made.process.wait(20)


def test_each_worker_tells_of_its_own(shop: Shop) -> None:
    for target in shop.targets:
        workers = {str(number) for number in shop.visit(target)}
        assert set(shop.told("checkout_seconds_count", target=target)) == workers
        assert shop.told("pool_connections", target=target, state="idle") == dict.fromkeys(workers, 1)
        assert shop.told("pool_connections", target=target, state="checked_out") == {}
        assert shop.told("connects_total", target=target) == dict.fromkeys(workers, 1)


def test_sessions_that_somebody_ends_are_weathered(shop: Shop) -> None:
    for target in shop.targets:
        workers = shop.visit(target)
        before = sum(shop.told("checkout_seconds_count", target=target).values())
        database = shop.site.databases[target]
        for number in database.numbers():
            database.kill(number)
        shop.visit(target)
        cause = "server.session_killed" if target == "postgresql" else "unknown"
        expected = {str(number): 1 for number in workers}
        assert shop.told("errors_total", target=target, cause=cause) == expected
        assert shop.told("retries_total", target=target, cause=cause) == expected
        assert shop.told("invalidations_total", target=target, reason="stale") == expected
        taken = sum(shop.told("checkout_seconds_count", target=target).values()) - before
        assert taken % REQUESTS == len(workers), "each request took one, and each retry one more"


def test_connections_that_a_router_has_forgotten_are_weathered(shop: Shop) -> None:
    ports = [shop.site.databases[target].port for target in shop.targets]
    with contextlib.ExitStack() as stack:
        for port in ports:
            stack.enter_context(shop.site.firewall.idle(port, FORGOTTEN))
        for target in shop.targets:
            for number in shop.site.databases[target].numbers():
                shop.site.databases[target].kill(number)
            shop.visit(target)
        time.sleep(2 * FORGOTTEN + 0.5)  # the router has to forget, and nothing may be sent meanwhile
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(shop.visit, shop.targets))
    for target in shop.targets:
        assert len(shop.told("errors_total", target=target, cause="net.blackhole")) == 2
        assert len(shop.told("retries_total", target=target, cause="net.blackhole")) == 2


def test_a_server_that_is_down_for_a_moment_is_weathered(shop: Shop) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shop.site.down("postgresql"):
            answer = pool.submit(shop.ask, "postgresql")
            wait_for(lambda: shop.told("retries_total", target="postgresql", cause="server.down"))
        assert answer.result(30).endswith(" 42")


def test_a_black_hole_is_weathered(shop: Shop) -> None:
    seen = sum(shop.told("retries_total", target="postgresql", cause="net.blackhole").values())
    with ThreadPoolExecutor(1) as pool:
        with shop.site.firewall.black_hole(shop.site.databases["postgresql"].port):
            answer = pool.submit(shop.ask, "postgresql")
            wait_for(
                lambda: (
                    sum(shop.told("retries_total", target="postgresql", cause="net.blackhole").values())
                    > seen
                )
            )
        assert answer.result(30).endswith(" 42")


def test_nothing_is_left_of_the_pool_of_a_worker_that_died(shop: Shop) -> None:
    workers = shop.visit("mariadb")
    total = sum(shop.told("checkout_seconds_count", target="mariadb").values())
    victim = min(workers)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: str(victim) not in shop.told("pool_connections"))
    wait_for(lambda: len(shop.visit("mariadb") - {victim}) == 2)
    assert set(shop.told("pool_connections", target="mariadb")).isdisjoint({str(victim)})
    assert shop.told("checkout_seconds_count", target="mariadb")[str(victim)]
    assert sum(shop.told("checkout_seconds_count", target="mariadb").values()) > total
