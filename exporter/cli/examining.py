"""What `conndrop diagnose` and `conndrop idle` have in common: the target, its password, and the report."""

import argparse
import getpass
import os
import re
import socket
import sys
from io import StringIO
from pathlib import Path
from typing import Final

from exporter import logs
from exporter.cli.output import complain
from exporter.cli.parsing import read_by
from exporter.examination.examination import Examination
from exporter.examination.plan import Plan, PlanError
from exporter.examination.report import Report
from exporter.model import Cause, Secret, SecretUnreadable, harmless
from exporter.settings import format_duration, parse_duration
from exporter.terminal.ending import ending, outliving
from exporter.terminal.screen import screen_of
from exporter.terminal.showing import Form, Paper, Reading, discard, watched, write

PASSWORD: Final = re.compile(r"://[^/:@\s]*:.*@")
"""A URL with a password in it."""
ODD: Final = re.compile(r"://[^/:@\s]*:.*@.*@")
"""Such a URL whose password has an @ in it, which ends a password there."""
SPELLING: Final = (
    "in a URL, a password's @ is written %40, and its % is %25; "
    "--password.ask, --password.file and --password.env take it as it is"
)
EXAMPLE: Final = "write postgresql://user@host:5432/database, mysql://… or mariadb://…"
MOST: Final = 64
"""Connections that may be open at once."""
CLIMB: Final = 3.0
"""So many times its longest rung a ladder takes: to climb it, to come back, and to tell the layer."""


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add what says which database is meant."""
    parser.add_argument(
        "where", metavar="URL|NAME", help="the database's URL, or a target's name in --config.file"
    )
    parser.add_argument(
        "--config.file", dest="config_file", type=Path, metavar="FILE",
        help="the exporter's configuration, in which a target has that name",
    )  # fmt: skip
    password = parser.add_mutually_exclusive_group()
    password.add_argument(
        "--password.file",
        dest="password_file",
        type=Path,
        metavar="FILE",
        help="read the password from a file",
    )
    password.add_argument(
        "--password.env", dest="password_env", metavar="NAME", help="take it from an environment variable"
    )
    password.add_argument(
        "--password.ask", dest="password_ask", action="store_true", help="ask for it at the terminal"
    )
    parser.set_defaults(mistaken=parser.error)


def add_hold(parser: argparse.ArgumentParser, usual: float) -> None:
    """Add for how long connections are left silent; `usual` is the default in seconds."""
    parser.add_argument(
        "--hold", type=read_by(_hold), metavar="DURATION",
        help="how long to leave connections silent at the most, 0 for not at all "
        f"(default {format_duration(usual)})",
    )  # fmt: skip
    parser.add_argument(
        "--ladder", type=read_by(_ladder), default=(), metavar="DURATION,…",
        help="the silences to try, such as 30s,1m,5m (default: what fits --hold)",
    )  # fmt: skip
    parser.add_argument(
        "--connection-budget", dest="budget", type=read_by(_connections), default=9, metavar="COUNT",
        help="connections that may be open at once (default 9)",
    )  # fmt: skip
    parser.set_defaults(usual_hold=usual)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add how things are shown."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", dest="form", action="store_const", const=Form.JSON, help="report as one JSON document"
    )
    form.add_argument(
        "--markdown", dest="form", action="store_const", const=Form.MARKDOWN,
        help="report as Markdown, for a support ticket",
    )  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="lines only: no live display, no colours")
    parser.add_argument(
        "--log.level", dest="log_level", choices=logs.LEVELS,
        help="log on standard error, from this level on; there is no live display then",
    )  # fmt: skip
    parser.add_argument(
        "--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt",
        help="how lines of the log are written (default logfmt)",
    )  # fmt: skip
    parser.set_defaults(form=Form.TEXT)


def duration(text: str) -> float:
    """Read a duration; a number alone is seconds, as SQLAlchemy has it."""
    return parse_duration(f"{text}s" if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else text)


def hold(parsed: argparse.Namespace) -> float:
    """Give for how many seconds connections are left silent at the most."""
    longest = max(parsed.ladder, default=0.0)
    if parsed.hold is None:
        usual: float = parsed.usual_hold
        return max(usual, CLIMB * longest)
    if longest > parsed.hold:
        told = format_duration(longest)
        parsed.mistaken(
            f"--ladder has a silence of {told}, and --hold ends before: write --hold {told} or more"
        )
    held: float = parsed.hold
    return held


def password(parsed: argparse.Namespace) -> Secret | None:
    """Find the password that was given beside the URL; raises PlanError."""
    beside = parsed.password_file or parsed.password_env or parsed.password_ask
    if PASSWORD.search(parsed.where):
        if beside:
            parsed.mistaken("there is a password in the URL, and another beside it: keep one of them")
        complain(
            "warning: who lists processes on this host sees the password in the URL; "
            "--password.file, --password.env and --password.ask keep it hidden"
        )
    try:
        return _password(parsed)
    except SecretUnreadable as error:
        raise PlanError(str(error)) from None


def _password(parsed: argparse.Namespace) -> Secret | None:
    if parsed.password_file:
        return Secret.file(parsed.password_file)
    if name := parsed.password_env:
        if name not in os.environ:
            raise PlanError(f"the environment variable {name!r} is not set")
        return Secret.literal(os.environ[name], f"environment variable {name}")
    if parsed.password_ask:
        if not sys.stdin.isatty():
            raise PlanError("--password.ask needs a terminal; use --password.file or --password.env")
        _examination(parsed, Plan(where=parsed.where, config=parsed.config_file))  # what is wrong, beforehand
        return Secret.literal(getpass.getpass("Password: "), "what was typed")
    return None


def examined(parsed: argparse.Namespace, plan: Plan, reading: Reading) -> Report:
    """Carry out a plan with its progress on standard error, and write the report; raises PlanError."""
    examination = _examination(parsed, plan)
    screen = screen_of(sys.stdout, sys.stderr, plain=parsed.plain or parsed.log_level is not None)
    logged = StringIO()
    logs.set_up(parsed.log_level or "error", parsed.log_format, logged if screen.live else sys.stderr)
    with outliving():
        try:
            with ending(examination.end):
                report = watched(examination, screen, sys.stderr)
        finally:
            sys.stderr.write(logged.getvalue())
        paper = Paper(form=parsed.form, host=harmless(socket.gethostname()), reading=reading, screen=screen)
        _write(report, paper)
    if plan.password is None and any(each.cause is Cause.AUTH_CREDENTIALS for each in report.findings):
        _hint(parsed.where)
    return report


def failed(error: PlanError) -> int:
    """Say why nothing could be done, and give the exit status."""
    complain("\n".join(harmless(line) for line in str(error).splitlines()))
    return 2


def _examination(parsed: argparse.Namespace, plan: Plan) -> Examination:
    """Prepare it; raises PlanError with all that may help whoever wrote the command."""
    if "://" not in parsed.where:
        if "@" in parsed.where:
            raise PlanError(f"this is no URL; {EXAMPLE}")  # not repeated: a password may stand in it
        if not parsed.config_file:
            told = f"{harmless(parsed.where)[:80]!r} is no URL; {EXAMPLE}"
            raise PlanError(f"{told}, or say with --config.file where a target has that name")
    elif parsed.config_file:
        raise PlanError("with --config.file, give the name of one of its targets instead of a URL")
    try:
        return Examination(plan)
    except PlanError as error:
        hint = f"\n{SPELLING}" if ODD.search(parsed.where) else ""
        raise PlanError(f"{error}{hint}") from None


def _write(report: Report, paper: Paper) -> None:
    """Write the report; whoever reads it may leave before its end, as `head` does."""
    try:
        write(report, paper, sys.stdout)
    except OSError as error:
        discard(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise PlanError(f"the report cannot be written: {error.strerror}") from None


def _hint(where: str) -> None:
    if "://" in where and not PASSWORD.search(where):
        complain("no password was given: --password.ask, --password.file or --password.env takes one")


def _hold(text: str) -> float:
    return 0.0 if text in {"0", "0s"} else duration(text)


def _ladder(text: str) -> tuple[float, ...]:
    return tuple(sorted({duration(rung.strip()) for rung in text.split(",")}))


def _connections(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not 1 <= int(text) <= MOST:
        raise ValueError(f"{text[:20]!r} is no number of connections; 1 to {MOST} is allowed")
    return int(text)
