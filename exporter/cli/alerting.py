"""`conndrop alerts`: rules for Prometheus with one's own thresholds, and the runbooks of their alerts."""

import argparse
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from exporter import alerts
from exporter.cli.files import write
from exporter.cli.output import OutputLost, complain, say
from exporter.config import ConfigurationError, load_block


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "alerts",
        help="write alert rules, show runbooks",
        description="List all alerts; show the runbook of one; or write the files of rules for Prometheus.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("alert", type=_alert, nargs="?", metavar="ALERT", help="show its runbook")
    which.add_argument(
        "--directory", type=Path, metavar="DIR", help="write the files of rules to this folder"
    )
    which.add_argument(
        "--defaults", action="store_true", help="print all thresholds with their defaults, to be changed"
    )
    parser.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE",
        help="take the thresholds of this file for what --directory writes",
    )
    parser.add_argument(
        "--prometheus-operator",
        dest="operator",
        action="store_true",
        help="write them as objects of the kind PrometheusRule, for Kubernetes",
    )
    parser.set_defaults(command=_run)


def _run(parsed: argparse.Namespace) -> int:
    try:
        thresholds = _thresholds(parsed.thresholds)
        if parsed.directory is not None:
            print_rules = alerts.printed_for_operator if parsed.operator else alerts.printed
            say("\n".join(_write(parsed.directory, print_rules(alerts.BOOK, thresholds))))
        elif parsed.thresholds is not None or parsed.operator:
            option = "--prometheus-operator" if parsed.operator else "--thresholds"
            complain(f"{option} changes nothing but the files of rules: say where to with --directory DIR")
            return 2
        elif parsed.defaults:
            say(alerts.defaults().removesuffix("\n"))
        elif parsed.alert:
            say(alerts.runbooks()[parsed.alert].removesuffix("\n"))
        else:
            say(alerts.listing(alerts.BOOK))
    except ConfigurationError as error:
        complain(str(error))
        return 1
    except (BrokenPipeError, OutputLost):
        raise  # no file is to blame
    except OSError as error:
        complain(f"{error.filename or parsed.directory}: cannot be written: {error.strerror}")
        return 1
    return 0


def _thresholds(path: Path | None) -> alerts.Thresholds:
    return alerts.Thresholds() if path is None else load_block(path, alerts.Thresholds)


def _write(directory: Path, texts: Mapping[str, str]) -> list[str]:
    """Write all files, and give their names."""
    found = [*directory.glob("conndrop-*.yml"), *directory.glob("compat/*.yml")]
    return write(directory, texts, found, "its alerts be told twice")


def _alert(text: str) -> str:
    names = list(alerts.runbooks())
    if text in names:
        return text
    near = get_close_matches(text, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "`conndrop alerts` lists them"
    raise argparse.ArgumentTypeError(f"there is no alert {text!r}; {hint}")
