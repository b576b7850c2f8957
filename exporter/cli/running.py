"""`conndrop run`, with the options of other exporters where theirs do the same."""

import argparse
import math
import os
import signal
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from exporter import app, logs
from exporter.cli.checking import add_shard, check
from exporter.cli.output import VERSION, complain
from exporter.cli.parsing import read_by
from exporter.config import ConfigurationError, check_name
from exporter.model import Shard
from exporter.runtime.systemd import NoSockets, Systemd, passed_sockets, sockets_passed
from exporter.settings import parse_duration
from exporter.web.mounting import Mount
from exporter.web.server import AddressError, ListenAddress

DEFAULT_ADDRESS: Final = "127.0.0.1:10054"
"""Loopback only; 10054 is "connection reset by peer" where errors have numbers of five digits."""
SHORTEST: Final = 1.0
"""Seconds between two looks at the configuration's files, at least."""
MOST: Final = 1_000_000
"""Probes that can be remembered; each takes some kilobytes."""


def add(commands: Any) -> None:
    """Add `run` to the parser's `commands`."""
    parser = commands.add_parser(
        "run", help="run the exporter", description="Run the exporter until it is told to stop."
    )
    _add_configuration(parser)
    add_shard(parser)
    add_web(parser)
    parser.add_argument(
        "--web.systemd-socket", dest="passed", action="store_true",
        help="listen on the sockets that systemd passes, and on no address of --web.listen-address",
    )  # fmt: skip
    parser.add_argument(
        "--state.directory", dest="state_directory", type=Path, metavar="DIR",
        help="where what is learnt is kept (default: systemd's StateDirectory, or ~/.local/state/conndrop)",
    )  # fmt: skip
    parser.add_argument(
        "--vantage", type=read_by(check_name), metavar="NAME",
        help="where this exporter stands, in place of what the configuration says of it",
    )  # fmt: skip
    add_rest(parser)
    parser.set_defaults(command=_run)


def _run(parsed: argparse.Namespace) -> int:
    if parsed.check:
        return check([parsed.config_file], [parsed.web_file] if parsed.web_file else [], parsed.shard)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it would end us; what it asks for is being done
    logs.set_up(parsed.log_level, parsed.log_format)
    try:
        source = app.Source(parsed.config_file, partial(app.read_configuration, vantage=parsed.vantage))
        daemon = app.Daemon(
            source.read(),
            _listen(parsed),
            parsed.state_directory or _state_directory(),
            entrance(parsed),
            options(parsed, source=source, systemd=Systemd(), shard=parsed.shard or Shard()),
        )
    except AddressError as error:
        taken = "; systemd listens, and --web.systemd-socket takes its socket" if sockets_passed() else ""
        complain(f"{error}{taken}")
        return 1
    except (ConfigurationError, NoSockets) as error:
        complain(str(error))
        return 1
    app.run(daemon)
    return 0


def _listen(parsed: argparse.Namespace) -> Sequence[ListenAddress | socket.socket]:
    """Say where to listen; raises NoSockets."""
    if parsed.passed:
        return passed_sockets()
    return parsed.listen or [ListenAddress.parse(DEFAULT_ADDRESS)]


def entrance(parsed: argparse.Namespace) -> app.Entrance:
    """Read the web configuration; raise ConfigurationError."""
    try:
        mount = Mount.parse(parsed.external_url, parsed.route_prefix)
    except ValueError as error:
        parsed.mistaken(str(error))
    return app.Entrance(parsed.web_file, healthy_open=parsed.healthy_open, mount=mount)


def options(parsed: argparse.Namespace, **further: Any) -> app.Options:
    """Give what the command line says of the daemon; `further` is what else there is to say."""
    every = parsed.reload_interval if getattr(parsed, "auto_reload", False) else None
    return app.Options(
        reload_every=every,
        timeout_offset=parsed.timeout_offset,
        history_limit=parsed.history_limit,
        **further,
    )


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file", dest="config_file", type=Path, required=True, metavar="FILE",
        help="what is probed; read anew on SIGHUP and on POST /-/reload",
    )  # fmt: skip
    parser.add_argument(
        "--config.check", dest="check", action="store_true",
        help="show every mistake in the configuration files, and end: with 0 where there is none, or else 1",
    )  # fmt: skip
    parser.add_argument(
        "--config.enable-auto-reload", dest="auto_reload", action="store_true",
        help="read the configuration anew when its file has changed; files of targets are watched anyway",
    )  # fmt: skip
    parser.add_argument(
        "--config.auto-reload-interval", dest="reload_interval", type=read_by(_interval), default=30.0,
        metavar="DURATION", help="time between two looks whether it has (default 30s)",
    )  # fmt: skip


def add_web(parser: argparse.ArgumentParser) -> None:
    """Add how the pages are reached."""
    parser.add_argument(
        "--web.listen-address", dest="listen", type=read_by(ListenAddress.parse), action="append",
        metavar="HOST:PORT", help=f"where to listen, repeatable (default {DEFAULT_ADDRESS})",
    )  # fmt: skip
    parser.add_argument(
        "--web.config.file", dest="web_file", type=Path, metavar="FILE",
        help="TLS, passwords, headers and a limit of requests, in the format of exporter-toolkit",
    )  # fmt: skip
    parser.add_argument(
        "--web.healthy-without-credentials", dest="healthy_open", action="store_true",
        help="answer /-/healthy without a password, and outside the limit of requests",
    )  # fmt: skip
    parser.add_argument(
        "--web.external-url", dest="external_url", default="", metavar="URL",
        help="under which people reach the pages, such as behind a reverse proxy",
    )  # fmt: skip
    parser.add_argument(
        "--web.route-prefix", dest="route_prefix", metavar="PATH",
        help="below which everything is served (default: the path of --web.external-url)",
    )  # fmt: skip
    parser.set_defaults(mistaken=parser.error)


def add_rest(parser: argparse.ArgumentParser, level: str = "info") -> None:
    """Add what has to do with /probe and the log; `level` is what is logged by default."""
    parser.add_argument(
        "--timeout-offset", dest="timeout_offset", type=read_by(_seconds), default=0.5, metavar="SECONDS",
        help="by how much a /probe ends before its scrape times out (default 0.5)",
    )  # fmt: skip
    parser.add_argument(
        "--history.limit", dest="history_limit", type=read_by(_count), default=100, metavar="COUNT",
        help="how many probes are remembered with their logs (default 100)",
    )  # fmt: skip
    parser.add_argument(
        "--log.level", dest="log_level", choices=logs.LEVELS, default=level,
        help=f"least level that is logged (default {level})",
    )  # fmt: skip
    parser.add_argument(
        "--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt",
        help="how lines of the log are written (default logfmt)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=VERSION)


def _state_directory() -> Path:
    """Find where state is kept: what systemd gives, or else where the XDG specification has it."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    home = os.environ.get("XDG_STATE_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path("~/.local/state").expanduser()
    return base / "conndrop"


def _interval(text: str) -> float:
    """Read a duration; a number alone is seconds, as blackbox_exporter has it."""
    return parse_duration(f"{text}s" if text.isdecimal() else text, SHORTEST)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{text!r} is no number of seconds; write something like 0.5")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text[:20]!r} is no count; write something like 100")
    if len(text) > len(str(MOST)) or int(text) > MOST:
        raise ValueError(f"{text[:20]!r} is out of range; {MOST} is the most")
    return int(text)
