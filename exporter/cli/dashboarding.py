"""`conndrop dashboards`: the dashboards for Grafana."""

import argparse
import json
from pathlib import Path
from typing import Any

from exporter.cli.files import write
from exporter.cli.output import OutputLost, complain, say
from exporter.grafana import dashboards


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "dashboards",
        help="write the dashboards for Grafana",
        description="List all dashboards; or write their files, for Grafana to import or to be provisioned.",
    )
    parser.add_argument("--directory", type=Path, metavar="DIR", help="write the files to this folder")
    parser.set_defaults(command=_run)


def _run(parsed: argparse.Namespace) -> int:
    texts = dashboards()
    if parsed.directory is None:
        say("\n".join(_listed(name, json.loads(text)) for name, text in texts.items()))
        return 0
    try:
        found = [*parsed.directory.glob("conndrop-*.json")]
        say("\n".join(write(parsed.directory, texts, found, "Grafana show it beside the others")))
    except (BrokenPipeError, OutputLost):
        raise  # no file is to blame
    except OSError as error:
        complain(f"{error.filename or parsed.directory}: cannot be written: {error.strerror}")
        return 1
    return 0


def _listed(name: str, dashboard: dict[str, Any]) -> str:
    return f"{name:27}  {dashboard['description']}"
