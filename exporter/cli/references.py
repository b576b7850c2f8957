"""`conndrop schema` and `conndrop metrics`: all that may be written, and all that is published."""

import argparse
import json
from difflib import get_close_matches
from typing import Any

from exporter.cli.output import say
from exporter.config import configuration_page, json_schema
from exporter.exposition import reference
from exporter.probes import KINDS


def add(commands: Any) -> None:
    """Add both commands to the parser's `commands`."""
    schema = commands.add_parser("schema", help="print the JSON Schema of the configuration, for editors")
    schema.add_argument(
        "--markdown", action="store_true", help="every key, as docs/configuration.md has them"
    )
    schema.set_defaults(command=_schema)

    metrics = commands.add_parser(
        "metrics",
        help="list the metrics that are published",
        description="List all metrics; or tell of one what it is and what its labels say.",
    )
    which = metrics.add_mutually_exclusive_group()
    which.add_argument("metric", type=_metric, nargs="?", metavar="METRIC")
    which.add_argument("--markdown", action="store_true", help="all of them, as docs/metrics.md has them")
    metrics.set_defaults(command=_metrics)


def _schema(parsed: argparse.Namespace) -> int:
    if parsed.markdown:
        say(configuration_page(KINDS).removesuffix("\n"))
    else:
        say(json.dumps(json_schema(KINDS), indent=2))
    return 0


def _metrics(parsed: argparse.Namespace) -> int:
    if parsed.markdown:
        say(reference.page().removesuffix("\n"))
    else:
        say(reference.sheet(parsed.metric) if parsed.metric else reference.listing())
    return 0


def _metric(text: str) -> reference.Row:
    known = {row.name: row for row in reference.rows()}
    for suffix in ("", "_bucket", "_count", "_sum"):
        if (name := text.removesuffix(suffix)) in known:
            return known[name]
    near = get_close_matches(text, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else "`conndrop metrics` lists them"
    raise argparse.ArgumentTypeError(f"there is no metric {text!r}; {hint}")
