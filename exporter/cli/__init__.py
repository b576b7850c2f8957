"""The command line."""

import argparse
import io
import json
import os
import sys
import threading
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from exporter import __version__, app, demo, logs
from exporter.cli import alerting
from exporter.cli.output import complain, say
from exporter.config import ConfigurationError, json_schema
from exporter.diagnosis.catalogue import CATALOGUE
from exporter.diagnosis.catalogue.page import page
from exporter.diagnosis.catalogue.sheet import listing, sheet
from exporter.model import Cause
from exporter.probes import KINDS
from exporter.web.server import AddressError, ListenAddress

DEFAULT_ADDRESS = "127.0.0.1:10054"
"""Loopback only; 10054 is "connection reset by peer" where errors have numbers of five digits."""
END_WITHIN = 1.5
"""Seconds that threads may take to end once everything has been told to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 good, 1 cannot be done, 2 a mistake in the command."""
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


def _run(parsed: argparse.Namespace) -> int:
    logs.set_up(parsed.log_level, parsed.log_format)
    try:
        configuration = app.read_configuration(parsed.config_file)
        listen = parsed.listen or [ListenAddress.parse(DEFAULT_ADDRESS)]
        daemon = app.Daemon(configuration, listen, parsed.state_directory or _state_directory())
    except (ConfigurationError, AddressError) as error:
        complain(str(error))
        return 1
    app.run(daemon)
    return 0


def _check(parsed: argparse.Namespace) -> int:
    status = 0
    for path in parsed.files:
        try:
            configuration = app.read_configuration(path)
        except ConfigurationError as error:
            complain(str(error))
            status = 1
        else:
            count = len(configuration.targets)
            say(f"{path}: good, {count} target{'' if count == 1 else 's'}")
    return status


def _schema(_: argparse.Namespace) -> int:
    say(json.dumps(json_schema(KINDS), indent=2))
    return 0


def _causes(parsed: argparse.Namespace) -> int:
    if parsed.markdown:
        say(page(CATALOGUE).removesuffix("\n"))
    else:
        say(sheet(CATALOGUE[parsed.cause]) if parsed.cause else listing(CATALOGUE))
    return 0


def _demo(parsed: argparse.Namespace) -> int:
    logs.set_up(parsed.log_level, parsed.log_format)
    try:
        demo.run(
            parsed.listen or [ListenAddress.parse(DEFAULT_ADDRESS), ListenAddress.parse("127.0.0.1:0")], say
        )
    except demo.DemoError as error:
        complain(str(error))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conndrop", description="Finds out why database connections drop.")
    parser.add_argument("--version", action="version", version=f"conndrop-exporter {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run", help="run the exporter", description="Run the exporter until it is told to stop."
    )
    _add_files(run)
    _add_daemon_options(run)
    run.set_defaults(command=_run)

    check = commands.add_parser(
        "check",
        help="check configuration files",
        description="Check configuration files; show every mistake.",
    )
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    check.set_defaults(command=_check)

    schema = commands.add_parser("schema", help="print the JSON Schema of the configuration, for editors")
    schema.set_defaults(command=_schema)

    causes = commands.add_parser(
        "causes",
        help="list the causes that connections drop for",
        description="List all causes; or tell of one how it looks, what looks like it, and what to do.",
    )
    _add_choice_of_causes(causes)
    causes.set_defaults(command=_causes)

    alerting.add(commands)

    example = commands.add_parser("demo", help="run the exporter on a private PostgreSQL")
    _add_daemon_options(example)
    example.set_defaults(command=_demo)
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config.file", dest="config_file", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--state.directory", dest="state_directory", type=Path, metavar="DIR",
        help="where what is learnt is kept (default: systemd's StateDirectory, or ~/.local/state/conndrop)",
    )  # fmt: skip


def _add_choice_of_causes(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("cause", type=_cause, nargs="?", metavar="CAUSE")
    which.add_argument("--markdown", action="store_true", help="all of them, as docs/causes.md has them")


def _add_daemon_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.listen-address", dest="listen", type=_listen_address, action="append", metavar="HOST:PORT",
        help=f"where to listen, repeatable (default {DEFAULT_ADDRESS})",
    )  # fmt: skip
    parser.add_argument("--log.level", dest="log_level", choices=logs.LEVELS, default="info")
    parser.add_argument("--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt")


def _state_directory() -> Path:
    """Find where state is kept: what systemd gives, or else where the XDG specification has it."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    home = os.environ.get("XDG_STATE_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path("~/.local/state").expanduser()
    return base / "conndrop"


def _listen_address(text: str) -> ListenAddress:
    try:
        return ListenAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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
