"""An application that is instrumented loads none of the daemon."""

import json
import subprocess
import sys
from typing import Final

LOADED: Final = "import json, sys; print(json.dumps(sorted(sys.modules)))"
LIBRARIES: Final = ("sqlalchemy", "prometheus_client", "tenacity")
PARTS: Final = ("model", "said", "instrument")


def modules(statement: str) -> set[str]:
    """Name what a fresh interpreter has loaded after a statement."""
    words = [sys.executable, "-c", f"{statement}; {LOADED}"]
    return set(json.loads(subprocess.run(words, check=True, capture_output=True).stdout))


def test_the_applications_side_loads_its_three_libraries_and_nothing_of_the_daemon() -> None:
    before = modules(f"import {', '.join(LIBRARIES)}")
    more = modules("from exporter.instrument import instrument, retrying") - before
    ours = {name for name in more if name.partition(".")[0] == "exporter"} - {"exporter"}
    assert ours
    assert {name.split(".")[1] for name in ours} == set(PARTS)
    others = {name.partition(".")[0] for name in more} - {"exporter", *LIBRARIES}
    assert others - sys.stdlib_module_names == set()


def test_the_libraries_are_as_they_were_thought_to_be() -> None:
    """Tenacity looks for tornado by itself and takes it where it is; nothing else comes along."""
    loaded = {name.partition(".")[0] for name in modules(f"import {', '.join(LIBRARIES)}")}
    assert not loaded & {"exporter", "psycopg2", "pymysql", "pydantic", "yaml", "apscheduler", "jinja2"}
