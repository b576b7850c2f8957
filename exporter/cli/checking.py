"""`conndrop check`, which `conndrop run --config.check` is as well: all mistakes in configuration files."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from exporter import app
from exporter.cli.output import complain, say
from exporter.cli.parsing import read_by
from exporter.config import ConfigurationError, load_access
from exporter.model import Shard


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
    add_shard(parser)
    parser.set_defaults(command=_run)


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add which targets are ours."""
    parser.add_argument(
        "--shard", type=read_by(Shard.parse), metavar="I/N",
        help="look after a part of the targets, as the Ith of N exporters, counted from 0: 0/3, 1/3 or 2/3",
    )  # fmt: skip


def check(files: Sequence[Path], web_files: Sequence[Path], shard: Shard | None) -> int:
    """Say of each file what is wrong in it, and give the exit status: 1 where anything is.

    With a `shard`, also how many of the targets are its own.
    """
    checks: list[tuple[Path, Callable[[Path], str]]] = [
        (path, partial(_configuration, shard)) for path in files
    ]
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
    return check(parsed.files, parsed.web_files, parsed.shard)


def _configuration(shard: Shard | None, path: Path) -> str:
    configuration = app.read_configuration(path)
    names = [probed.target.name for probed in configuration.targets]
    told = [_counted(len(names), "target")]
    if shard:
        told.append(f"{sum(map(shard.owns, names))} of them in shard {shard}")
    if configuration.listings:
        told.append(f"{_counted(len(configuration.listings), 'source')} of further ones")
    return ", ".join(told)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _web(path: Path) -> str:
    access = load_access(path)
    users = len(access.users)
    told = ["HTTPS" if access.encryption else "HTTP", f"{users} user{'' if users == 1 else 's'}"]
    return ", ".join(told)
