"""`conndrop check`, which `conndrop run --config.check` is as well: all mistakes in configuration files."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exporter import app
from exporter.cli.output import complain, say
from exporter.config import ConfigurationError, load_access


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "check",
        help="check configuration files",
        description="Check configuration files; show every mistake.",
    )
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument(
        "--web.config.file", dest="web_files", type=Path, action="append", default=[], metavar="FILE",
        help="a web configuration file, repeatable",
    )  # fmt: skip
    parser.set_defaults(command=_run)


def check(files: Sequence[Path], web_files: Sequence[Path]) -> int:
    """Say of each file what is wrong in it, and give the exit status: 1 where anything is."""
    checks = [(path, _configuration) for path in files]
    checks += [(path, _web) for path in web_files]
    status = 0
    for path, told in checks:
        try:
            say(f"{path}: good, {told(path)}")
        except ConfigurationError as error:
            complain(str(error))
            status = 1
    return status


def _run(parsed: argparse.Namespace) -> int:
    if not parsed.files and not parsed.web_files:
        complain("say which files: FILE…, or --web.config.file FILE")
        return 2
    return check(parsed.files, parsed.web_files)


def _configuration(path: Path) -> str:
    count = len(app.read_configuration(path).targets)
    return f"{count} target{'' if count == 1 else 's'}"


def _web(path: Path) -> str:
    access = load_access(path)
    users = len(access.users)
    told = ["HTTPS" if access.encryption else "HTTP", f"{users} user{'' if users == 1 else 's'}"]
    return ", ".join(told)
