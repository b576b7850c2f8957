"""Whose fault it is, as two exporters tell together: faults on one side, on the other, and in the middle."""

import os
from collections.abc import Iterator
from typing import Final

import pytest

from tests.networks import needs_namespaces
from tests.servers import Certificates, ServerMissing
from tests.vantages.scene import Scene, Verdicts, scene
from tests.waiting import wait_for

pytestmark = needs_namespaces
LONGEST: Final = 60.0
BEFORE_A: Final = 'iifname "to-r2" tcp dport 5432 drop'
"""What the router in the middle does to packets of a for one of the databases."""


@pytest.fixture(scope="module")
def there(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    try:
        with scene(certificates, tmp_path_factory.mktemp("rules")) as found:
            well(found)
            yield found
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def told(there: Scene, verdicts: Verdicts, *seen: str) -> None:
    """Wait until that is what the rules and the alerts say, and nothing else."""
    wait_for(lambda: there.verdicts() == verdicts and there.seen() == set(seen), LONGEST)


def test_a_fault_is_laid_where_it_is(there: Scene) -> None:
    """The second fault of each pair comes while the first is there: each is told beside the other."""
    with there.middle.filtering(BEFORE_A):
        told(there, {("a", "orders"): "path"}, "a only: the way")
        with there.behind["a"].filtering("drop"):
            told(there, {("a", "orders"): "here", ("a", "stock"): "here"}, "a only")
    well(there)
    with there.behind["b"].filtering("drop"):
        told(there, {("b", "orders"): "here", ("b", "stock"): "here"}, "b only")
        with there.site.down("postgresql"):
            expected = {("a", "orders"): "server", ("b", "orders"): "server", ("b", "stock"): "here"}
            told(there, expected, "b only", "everywhere: the server")


def well(there: Scene) -> None:
    """Wait until both have seen both databases well for a while, at both severities."""
    wait_for(lambda: there.watching.query("count(vantage:conndrop_trouble:bool == 0) == 8"), LONGEST)
