"""Whose fault it is, as two exporters tell together: faults on one side, on the other, and in the middle."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
Fault = Callable[[Scene], AbstractContextManager[object]]
FAULTS: Final[dict[str, tuple[Fault, Verdicts, str]]] = {
    "the uplink of a": (
        lambda there: there.behind["a"].filtering("drop"),
        {("a", "orders"): "here", ("a", "stock"): "here"},
        "a only: its host or its uplink",
    ),
    "the uplink of b": (
        lambda there: there.behind["b"].filtering("drop"),
        {("b", "orders"): "here", ("b", "stock"): "here"},
        "b only: its host or its uplink",
    ),
    "the way from a to one database": (
        lambda there: there.middle.filtering(BEFORE_A),
        {("a", "orders"): "path"},
        "a only: the way",
    ),
    "the server": (
        lambda there: there.site.down("postgresql"),
        {("a", "orders"): "server", ("b", "orders"): "server"},
        "everywhere: the server",
    ),
}


@pytest.fixture(scope="module")
def there(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    try:
        with scene(certificates, tmp_path_factory.mktemp("rules")) as found:
            wait_for(lambda: found.watching.query("count(conndrop_up == 1) == 4"), LONGEST)
            yield found
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_laid_where_it_is(there: Scene, name: str) -> None:
    """What was there before is over by then, or is waited for."""
    bring, verdicts, seen = FAULTS[name]
    with bring(there):
        wait_for(lambda: there.verdicts() == verdicts and there.seen() == {seen}, LONGEST)
