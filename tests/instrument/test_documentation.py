"""What docs/instrument.md tells people to write works, as it stands there, at a real server."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from exporter.instrument.policy import retrying
from exporter.instrument.series import Series
from exporter.model import Invalidation
from tests.instrument.engines import url
from tests.servers import Postgres

PAGE: Final = Path(__file__).parents[2] / "docs" / "instrument.md"
SNIPPETS: Final = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
RUN: Final = """
import json, os, sys
sync, asynchronous, snippets = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for number, snippet in enumerate(snippets):
    given = {"__name__": "__main__", "DATABASE_URL": sync, "ASYNC_DATABASE_URL": asynchronous}
    exec(compile(snippet, f"snippet {number}", "exec"), given)
"""
ENGINE: Final = "from sqlalchemy import create_engine; engine = create_engine(DATABASE_URL)\n"
VISITED: Final = {
    "Flask(": """
client = app.test_client()
if "/count" in [rule.rule for rule in app.url_map.iter_rules()]:
    assert client.get("/count").text == "42"
    assert "conndrop_app_connects_total" in client.get("/metrics").text
""",
    "FastAPI(": """
import asyncio
assert asyncio.run(show_count()) == 42
assert {"/count", "/metrics"} <= {route.path for route in app.routes}
""",
    "child_exit": """
import os
from types import SimpleNamespace
os.environ["PROMETHEUS_MULTIPROC_DIR"] = "."
child_exit(None, SimpleNamespace(pid=1))
""",
}
"""What is done with a snippet beside running it, by a word in it."""


def prepared(snippet: str) -> str:
    """Give a snippet with what it takes for granted, and what is done with it."""
    program = (ENGINE if snippet.startswith("engine.") else "") + snippet
    program = program.replace("start_http_server(9000)", "start_http_server(0)")
    return program + "".join(more for word, more in VISITED.items() if word in snippet)


def test_all_snippets_run(postgres: Postgres, tmp_path: Path) -> None:
    here = [prepared(snippet) for snippet in SNIPPETS if "celery" not in snippet]
    assert len(here) == len(SNIPPETS) - 1, "Celery is not among what the tests need"
    urls = (url(postgres), url(postgres, "postgresql+asyncpg"))
    words = [one.render_as_string(hide_password=False) for one in urls]
    environment = {name: value for name, value in os.environ.items() if "PROMETHEUS" not in name}
    command = [sys.executable, "-W", "error", "-c", RUN, *words, json.dumps(here)]
    options: Any = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    ran = subprocess.run(command, check=False, **options)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_series_is_described() -> None:
    text = PAGE.read_text()
    for family in Series().collect():
        assert f"| `{family.name}{'_total' * (family.type == 'counter')}` | {family.type} |" in text
    assert all(f"`{reason}`" in text for reason in Invalidation)


def test_what_the_page_warns_of_stands_with_the_function_too() -> None:
    assert "RETRY A WHOLE TRANSACTION" in str(retrying.__doc__)
    assert "A COMMIT WHOSE ANSWER WAS LOST MAY HAVE HAPPENED" in str(retrying.__doc__)
