"""`conndrop idle`: after how long silence ends a connection, who ends it, and in what way."""

import argparse
from typing import Any, Final

from exporter.cli.examining import add_hold, add_output, add_target, examined, failed, hold, password
from exporter.examination.plan import Plan, PlanError
from exporter.examination.report import Side
from exporter.terminal.outcome import idle_timeout
from exporter.terminal.reading import of_silence

HOLD: Final = 30 * 60.0
"""Seconds: enough to find timeouts of ten minutes, and to tell the layer of most."""
SIDES: Final = frozenset({Side.PING, Side.TCP, Side.SESSION, Side.SERVER, Side.HOLD})
"""What it takes to tell the layer, too."""
STATUSES: Final = (
    "Exit status: 0 no silence that was tried ends a connection, 1 one does, 2 it could not be found out. "
    "The first Ctrl-C ends it and shows what is known by then, the second one leaves at once (130)."
)


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "idle",
        help="find the idle timeout on the way to one database",
        description="Leave connections silent, and tell after how long they end, on whose account, and how.",
        epilog=STATUSES,
    )
    add_target(parser)
    add_hold(parser, HOLD)
    add_output(parser)
    parser.set_defaults(command=_run)


def _run(parsed: argparse.Namespace) -> int:
    try:
        plan = Plan(
            where=parsed.where,
            config=parsed.config_file,
            password=password(parsed),
            hold=hold(parsed),
            ladder=parsed.ladder,
            sides=SIDES,
            budget=parsed.budget,
        )
        if not plan.hold:
            parsed.mistaken("--hold 0 leaves no connection silent; write something like 10m")
        report = examined(parsed, plan, of_silence)
    except PlanError as error:
        return failed(error)
    found = idle_timeout(report)
    return 2 if found is None else int(found)
