"""What a look costs PostgreSQL, beside a scrape of the exporter that most people have."""

import contextlib
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.db.holding import talking
from tests.db.viewing import client, seen
from tests.servers import Postgres
from tests.servers.database import USER, free_port
from tests.waiting import wait_for

PEER = "prometheus-postgres-exporter"
LOOKS = 20
BACKENDS = f"SELECT pid FROM pg_stat_activity WHERE usename = '{USER}'"


@pytest.fixture
def scrape(server: Postgres) -> Iterator[Callable[[], object]]:
    """Run the other exporter for the same account, and give what scrapes it."""
    if not shutil.which(PEER):
        pytest.skip(f"no {PEER} found: install the package {PEER}")
    port = free_port()
    words = [PEER, f"--web.listen-address=127.0.0.1:{port}"]
    source = {"DATA_SOURCE_NAME": server.url({"sslmode": "disable"})}
    with subprocess.Popen(words, env=os.environ | source, stderr=subprocess.DEVNULL) as process:

        def scraped() -> object:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return b"pg_up 1" in answer.read()

        def ready() -> object:
            with contextlib.suppress(OSError):
                return scraped()
            return False

        try:
            wait_for(ready)
            yield scraped
        finally:
            process.terminate()


def cost(server: Postgres, what: Callable[[], object]) -> tuple[float, float]:
    """Give how many queries of the account there are in each `what`, and the processor time of its backends.

    The time is in seconds; it holds for backends that stay.
    """
    numbers = [int(str(number)) for (number,) in server.admin(BACKENDS)]
    before, asked = processor(numbers), queries(server)
    for _ in range(LOOKS):
        what()
    return (queries(server) - asked) / LOOKS, (processor(numbers) - before) / LOOKS


def processor(numbers: list[int]) -> float:
    return sum(int(Path(f"/proc/{number}/schedstat").read_text().split()[0]) for number in numbers) / 1e9


def queries(server: Postgres) -> int:
    return server.log.read_text().count("LOG:  statement: ")


def test_a_look_costs_less_than_a_scrape(server: Postgres, scrape: Callable[[], object]) -> None:
    server.admin(f"ALTER ROLE {USER} SET log_statement = 'all'")
    try:
        with contextlib.ExitStack() as stack:
            for number in range(20):
                stack.enter_context(client(server, application_name=f"till {number}"))
            server.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{USER}'")
            wait_for(scrape)  # logs in again, and is logged from now on
            wait_for(scrape)
            their_queries, their_seconds = cost(server, scrape)
            with talking(server.url()) as session:
                seen(session)
                our_queries, our_seconds = cost(server, lambda: seen(session))
    finally:
        server.admin(f"ALTER ROLE {USER} RESET log_statement")
    assert our_queries == 2
    assert our_queries <= their_queries
    assert 0 < our_seconds <= their_seconds
