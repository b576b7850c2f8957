"""`conndrop path`: the way to one host, hop by hop, with the options that people know from mtr."""

import argparse
import importlib.util
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from exporter import app
from exporter.cli.mtr import ELSEWHERE
from exporter.cli.output import complain, say
from exporter.cli.parsing import read_by
from exporter.config import Configuration, ConfigurationError
from exporter.db import DIALECTS
from exporter.model import ProbeError
from exporter.net.flows import why_unavailable
from exporter.net.hostnames import Hostnames
from exporter.net.owners import Owners
from exporter.net.resolve import Resolver, is_address
from exporter.net.waiting import Stop
from exporter.terminal.path import Watch, report
from exporter.terminal.path_report import Style
from exporter.tracing.destination import Destination, NoDestination, find, read_place, read_port
from exporter.tracing.naming import Naming
from exporter.tracing.tracer import Pace, Tracer

DEFAULT_PORT: Final = 5432
REPORT_CYCLES: Final = 10
SHORTEST: Final = 0.01
LONGEST: Final = 3600.0
NO_NUMBERS: Final = "no AS numbers are looked up; owners of hops come from the `networks` of a --config.file"
NO_RICH: Final = (
    "the live table needs the package rich: pip install 'conndrop-exporter[terminal]', or ask for a --report"
)


def add(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    parser = commands.add_parser(
        "path",
        help="show the way to a host, hop by hop, and where loss begins",
        description="Follow the path to a host as mtr does, by TCP to the database's port, and say at whose "
        "hop loss that reaches the target begins. Live on a terminal, or as a report.",
        epilog="Exit status: 0 the target was reached and no loss was found, 1 loss was found or it was not "
        "reached, 2 it could not be traced.",
    )
    parser.add_argument(
        "where", metavar="HOST[:PORT]",
        help="host name, address, [IPv6 address]:PORT, database URL, or a target in the configuration",
    )  # fmt: skip
    _add_packets(parser)
    _add_pace(parser)
    _add_output(parser)
    parser.elsewhere, parser.superfluous = ELSEWHERE, _superfluous
    parser.set_defaults(command=_run)


def _superfluous(parsed: argparse.Namespace, words: Sequence[str]) -> str:
    """Say what HOST PORT should have been, as people type it for telnet, or that one host is enough."""
    where = f"[{parsed.where}]" if is_address(parsed.where) and ":" in parsed.where else parsed.where
    if len(words) == 1 and words[0].isdigit():
        pair = "" if ":" in where.rpartition("]")[2] else f"{where}:{words[0]}, or "
        return f"{words[0]} stands alone; write {pair}--port {words[0]}"
    return f"one host at a time; {', '.join(words)} is too much"


def _add_packets(parser: argparse.ArgumentParser) -> None:
    protocol = parser.add_mutually_exclusive_group()
    for names, word, told in (
        (("-T", "--tcp"), "tcp", "TCP's first packet, to the port; no connection comes of it (default)"),
        (("--icmp",), "icmp", "ICMP echo requests"),
        (("-u", "--udp"), "udp", "UDP datagrams to a port that nobody uses"),
    ):
        protocol.add_argument(*names, dest="protocol", action="store_const", const=word, help=told)
    parser.set_defaults(protocol="tcp")
    parser.add_argument(
        "-P", "--port", type=_port, metavar="PORT",
        help=f"TCP port (default: that of HOST:PORT or of the URL, otherwise {DEFAULT_PORT})",
    )  # fmt: skip
    version = parser.add_mutually_exclusive_group()
    for number in (4, 6):
        version.add_argument(
            f"-{number}", dest="version", action="store_const", const=number, help=f"IPv{number} only"
        )
    parser.add_argument(
        "-m", "--max-hops", "--max-ttl", dest="most_hops", type=read_by(_count(255)), default=30,
        metavar="N", help="hops after which a round gives up (default 30)",
    )  # fmt: skip


def _add_pace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--cycles", "--report-cycles", dest="cycles", type=read_by(_count(10**9)), metavar="N",
        help=f"rounds along the path (default: {REPORT_CYCLES} for a report, no end for the live table)",
    )  # fmt: skip
    parser.add_argument(
        "-i", "--interval", type=read_by(_seconds), default=1.0, metavar="SECONDS",
        help="time from one round to the next (default 1); routers may answer no faster than that",
    )  # fmt: skip
    parser.add_argument(
        "-Z", "-G", "--timeout", "--gracetime", dest="timeout", type=read_by(_seconds), default=1.0,
        metavar="SECONDS", help="longest time a hop may take to answer (default and, for TCP, most: 1)",
    )  # fmt: skip


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-r",
        "--report",
        action="store_true",
        help="print mtr's report when all rounds are done",
    )
    parser.add_argument(
        "-w", "--report-wide", dest="wide", action="store_true", help="a report that cuts no name off"
    )
    parser.add_argument("-j", "--json", dest="as_json", action="store_true", help="a report in mtr's JSON")
    parser.add_argument("-n", "--no-dns", dest="names", action="store_false", help="look no reverse name up")
    parser.add_argument(
        "-z", "--aslookup", dest="numbers", action="store_true",
        help="taken for mtr's sake; no AS numbers are looked up",
    )  # fmt: skip
    parser.add_argument(
        "-b", "--show-ips", dest="addresses", action="store_true", help="show addresses behind the names"
    )
    parser.add_argument(
        "--config.file", dest="config_file", type=Path, metavar="FILE",
        help="configuration whose `networks` name the owners of hops",
    )  # fmt: skip


def _run(parsed: argparse.Namespace) -> int:
    if parsed.numbers and not parsed.config_file:
        complain(NO_NUMBERS)
    is_live = not (parsed.report or parsed.wide or parsed.as_json) and _terminal()
    if is_live and importlib.util.find_spec("rich") is None:
        complain(NO_RICH)
        return 2
    try:
        watch = _watch(parsed, is_live=is_live)
    except (NoDestination, ConfigurationError) as error:
        complain(_harmless(str(error)))
        return 2
    except ProbeError as error:
        complain(error.detail)
        return 2
    style = Style(names=parsed.names, addresses=parsed.addresses, wide=parsed.wide)
    if is_live:
        from exporter.terminal.path_live import live  # noqa: PLC0415  rich is not there for everybody

        return live(watch, style)
    _note(watch.destination)
    return report(watch, style, say, as_json=parsed.as_json)


def _watch(parsed: argparse.Namespace, *, is_live: bool) -> Watch:
    """Find the target; raises NoDestination, ConfigurationError and ProbeError."""
    if trouble := why_unavailable(parsed.protocol):
        raise NoDestination(trouble)
    configuration = app.read_configuration(parsed.config_file) if parsed.config_file else Configuration()
    host, port = _place(parsed.where, configuration)
    stop = Stop()
    port = parsed.port or port or DEFAULT_PORT
    destination = find(host, port, Resolver(stop), protocol=parsed.protocol, version=parsed.version)
    pace = Pace(
        interval=parsed.interval,
        timeout=parsed.timeout,
        most_hops=parsed.most_hops,
        cycles=parsed.cycles or (None if is_live else REPORT_CYCLES),
    )
    return Watch(
        destination=destination,
        tracer=Tracer(destination, pace, stop),
        naming=Naming(Owners(configuration.networks), Hostnames() if parsed.names else None),
        stop=stop,
    )


def _place(where: str, configuration: Configuration) -> tuple[str, int | None]:
    for probed in configuration.targets:
        if probed.target.name == where:
            return probed.target.endpoint.host, probed.target.endpoint.port
    return read_place(where, _ports())


def _ports() -> Mapping[str, int]:
    return {name: dialect.default_port for dialect in DIALECTS for name in dialect.names}


def _terminal() -> bool:
    """Whether a live table can be shown, and keys be read."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb")


def _note(destination: Destination) -> None:
    """Say which address is traced where that is not for granted."""
    if destination.others:
        others = ", ".join(destination.others)
        complain(f"{destination.host} has several addresses: this is {destination.address}, not {others}")


def _harmless(text: str) -> str:
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _port(text: str) -> int:
    try:
        return read_port(text)
    except NoDestination as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _count(most: int) -> Any:
    """Give what reads a whole number from 1 to `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= most):
            raise ValueError(f"{text!r} is no such count; write a whole number from 1 to {most}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(f"{text!r} is no time; write seconds, from {SHORTEST} to {LONGEST:.0f}, such as 0.5")
    return seconds
