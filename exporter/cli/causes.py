"""`conndrop causes`: the catalogue of causes, or one of them."""

import argparse
from difflib import get_close_matches
from typing import Any

from exporter.cli.output import say
from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.page import page
from exporter.diagnosis.catalogue.sheet import listing, sheet
from exporter.model import Cause


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "causes",
        help="list the causes that connections drop for",
        description="List all causes; or tell of one how it looks, what looks like it, and what to do.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("cause", type=_cause, nargs="?", metavar="CAUSE")
    which.add_argument("--markdown", action="store_true", help="all of them, as docs/causes.md has them")
    parser.set_defaults(command=_causes)


def _causes(parsed: argparse.Namespace) -> int:
    if parsed.markdown:
        say(page(CATALOGUE).removesuffix("\n"))
    else:
        say(sheet(CATALOGUE[parsed.cause]) if parsed.cause else listing(CATALOGUE))
    return 0


def _cause(text: str) -> Cause:
    try:
        return Cause(text)
    except ValueError:
        near = get_close_matches(text, list(Cause), n=1)
        hint = f"did you mean {near[0]}?" if near else "`conndrop causes` lists them"
        raise argparse.ArgumentTypeError(f"there is no cause {text!r}; {hint}") from None
