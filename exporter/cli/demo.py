"""`conndrop demo`: everything that it takes to see a connection drop, and why."""

import argparse
import logging
from functools import partial
from typing import Any, Final

from exporter import demo, logs
from exporter.cli.output import complain, say
from exporter.cli.parsing import read_by
from exporter.cli.running import DEFAULT_ADDRESS, add_rest, add_web, entrance, options
from exporter.config import ConfigurationError
from exporter.settings import format_duration, parse_duration
from exporter.web.server import ListenAddress

FORGET: Final = 3.0
LONGEST_FORGET: Final = 300.0
"""Seconds after which the middlebox may forget: shorter, nothing could be told apart; longer is no demo."""


def add(commands: Any) -> None:
    """Add `demo` to the parser's `commands`."""
    parser = commands.add_parser(
        "demo",
        help="see an application's connections drop, and find out why",
        description="Run a private PostgreSQL behind a middlebox that forgets idle connections, an "
        "application whose connections drop for that, and the exporter that finds out why. It takes two "
        "minutes, needs nothing to be set up, and leaves nothing behind.",
    )
    parser.add_argument(
        "--forget", type=read_by(_forget), default=10.0, metavar="DURATION",
        help="idle time after which the middlebox forgets a connection (default 10s)",
    )  # fmt: skip
    parser.add_argument(
        "--apply", action="store_true",
        help="have the application do what is recommended, once it is, and see whether the errors stop",
    )  # fmt: skip
    parser.add_argument(
        "--for", dest="seconds", type=read_by(partial(parse_duration, shortest=1.0)), metavar="DURATION",
        help="end so long after all runs, such as 3m (default: on Ctrl-C)",
    )  # fmt: skip
    parser.add_argument(
        "--relay", action="store_true",
        help="put a relay that resets idle connections in the middlebox's place, as on hosts that allow no "
        "network of the demo's own",
    )  # fmt: skip
    add_web(parser)
    add_rest(parser, level="error")
    parser.set_defaults(command=_demo)


def _demo(parsed: argparse.Namespace) -> int:
    logs.set_up(parsed.log_level, parsed.log_format)
    _let_the_story_hear()
    plan = demo.Plan(forget=parsed.forget, apply=parsed.apply, seconds=parsed.seconds, relay=parsed.relay)
    listen = parsed.listen or [ListenAddress.parse(DEFAULT_ADDRESS), ListenAddress.parse("127.0.0.1:0")]
    try:
        demo.run(plan, listen, say, entrance(parsed), options(parsed))
    except (ConfigurationError, demo.DemoError) as error:
        complain(str(error))
        return 1
    return 0


def _let_the_story_hear() -> None:
    """Have what the exporter logs made up, whatever level of it is shown."""
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setLevel(root.level)
    logging.getLogger("exporter").setLevel(min(root.level, logging.INFO))


def _forget(text: str) -> float:
    seconds = parse_duration(text, FORGET)
    if seconds > LONGEST_FORGET:
        raise ValueError(f"{text[:20]!r} is out of range; {format_duration(LONGEST_FORGET)} is the most")
    return seconds
