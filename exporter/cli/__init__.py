"""The command line."""

import argparse
import io
import os
import sys
import threading
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from exporter.cli import (
    alerting,
    checking,
    dashboarding,
    demo,
    diagnose,
    idle,
    path,
    references,
    running,
)
from exporter.cli.output import VERSION, say
from exporter.cli.parsing import Parser
from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.page import page
from exporter.diagnosis.catalogue.sheet import listing, sheet
from exporter.model import Cause

END_WITHIN = 1.5
"""Seconds that threads may take to end once everything has been told to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 good, 1 cannot be done, 2 a mistake in the command."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  it was closed: `>&-`
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show must not end us
    try:
        parsed = _parser().parse_args(arguments)
        status: int = parsed.command(parsed)
    except KeyboardInterrupt:
        status = 130  # as a shell says it: ended by SIGINT
    except BrokenPipeError:
        status = 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone
    _end_soon(status)
    return status


def _causes(parsed: argparse.Namespace) -> int:
    if parsed.markdown:
        say(page(CATALOGUE).removesuffix("\n"))
    else:
        say(sheet(CATALOGUE[parsed.cause]) if parsed.cause else listing(CATALOGUE))
    return 0


def _parser() -> Parser:
    parser = Parser(prog="conndrop", description="Finds out why database connections drop.")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    running.add(commands)
    checking.add(commands)
    diagnose.add(commands)
    idle.add(commands)
    path.add(commands)
    references.add(commands)

    causes = commands.add_parser(
        "causes",
        help="list the causes that connections drop for",
        description="List all causes; or tell of one how it looks, what looks like it, and what to do.",
    )
    _add_choice_of_causes(causes)
    causes.set_defaults(command=_causes)

    alerting.add(commands)
    dashboarding.add(commands)

    demo.add(commands)
    return parser


def _add_choice_of_causes(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("cause", type=_cause, nargs="?", metavar="CAUSE")
    which.add_argument("--markdown", action="store_true", help="all of them, as docs/causes.md has them")


def _cause(text: str) -> Cause:
    try:
        return Cause(text)
    except ValueError:
        near = get_close_matches(text, list(Cause), n=1)
        hint = f"did you mean {near[0]}?" if near else "`conndrop causes` lists them"
        raise argparse.ArgumentTypeError(f"there is no cause {text!r}; {hint}") from None


def _end_soon(status: int) -> None:
    """See to it that the process ends even if a thread hangs in a library."""
    last_resort = threading.Timer(END_WITHIN, os._exit, (status,))
    last_resort.daemon = True
    last_resort.start()
