"""What the tests of databases share."""

import pytest

from tests.db.viewing import others
from tests.servers import Postgres
from tests.waiting import wait_for


@pytest.fixture(params=["postgres", "postgres18"])
def server(request: pytest.FixtureRequest) -> Postgres:
    """Each PostgreSQL, the one that is installed and the newest there is, with nobody on it."""
    server: Postgres = request.getfixturevalue(request.param)
    wait_for(lambda: not others(server))  # those of the test before take a moment to leave
    return server
