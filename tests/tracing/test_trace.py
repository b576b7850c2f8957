"""Paths through real routers: the table, the sentence and the status, beside mtr's."""

import contextlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.net.waiting import Stop
from exporter.tracing.destination import Destination
from exporter.tracing.table import Table
from exporter.tracing.tracer import Pace, Tracer
from exporter.tracing.verdict import judge
from tests.lab.routers import Row, row
from tests.networks import needs_namespaces
from tests.test_path import PORT, listening, needs_mtr, ruled
from tests.tracing.chain import BRISK, LOSSY, chain, path, place

pytestmark = needs_namespaces
ROW = re.compile(r" *(\d+)\.\|-- (\S+) +([\d.]+)%? +(\d+)(?: +[\d.]+){5}")
COUNT = 20


@pytest.fixture(scope="module")
def five() -> Iterator[Row]:
    with chain() as built:
        yield built


def rows(report: str) -> list[tuple[str, float, int]]:
    """Give address, share lost and packets sent of each hop in a report."""
    found = [ROW.match(line) for line in report.splitlines()]
    return [(hop[2], float(hop[3]) / 100, int(hop[4])) for hop in found if hop]


@needs_mtr
def test_mtr_reports_the_same(five: Row) -> None:
    """Both at a time over a router that loses half: same hops and columns, same loss as far as chance allows.

    mtr gets a port of its own, so that neither takes what the other one is to lose.
    """
    rules = [
        rule.replace(" tcp ", f" tcp dport {port} tcp ", 1) for port in (PORT, PORT + 1) for rule in LOSSY
    ]
    with ruled(five.routers[2], "forward", *rules):
        mtr = five.client.start(
            "mtr", "--report", "-n", "--tcp", "-P", f"{PORT + 1}", "-c", f"{COUNT}",
            "-i", "0.1", "-Z", "1", "-G", "1", five.target(4), stdout=-1,
        )  # fmt: skip
        status, ours, _ = path(
            five, "--report", "-n", place(five), "-c", f"{COUNT}", "-i", "0.1", "-Z", "0.1"
        )
        theirs = mtr.communicate(timeout=60)[0].decode()
    mine, others = rows(ours), rows(theirs)
    assert [row[0] for row in mine] == [row[0] for row in others] == five.path(4)
    for (_, one, sent), (_, other, theirs_sent) in zip(mine, others, strict=True):
        share = (one * sent + other * theirs_sent) / (sent + theirs_sent)
        allowed = 4 * math.sqrt(share * (1 - share) * (1 / sent + 1 / theirs_sent))
        assert abs(one - other) <= allowed + 0.001
        assert sent == COUNT
    columns = [re.sub(r"\d", "9", line)[:39] for line in (ours + theirs).splitlines() if line[:5] == "HOST:"]
    assert columns[0] == columns[1]
    assert status == 1
    assert [row[1] for row in mine] == [0.0, 0.0, 0.0, 0.5, 0.5, 0.5]
    assert "(10 of 20 packets, 50.0%) begins at hop 4, 10.0.3.2: before that, hop 3, 10.0.2.2, loses" in ours


@needs_mtr
@pytest.mark.parametrize("layout", ["-r", "-w"])
@pytest.mark.parametrize("target", ["10.0.5.2", "10.0.5.77"])
def test_the_layout_is_mtrs_to_the_byte(five: Row, layout: str, target: str) -> None:
    """But for the figures themselves, and what stands behind mtr's last line."""
    told = ("-n", layout, "-c", "2", "-i", "0.2", "-P", f"{PORT}")
    with ruled(five.routers[4], "forward", "ip daddr 10.0.5.77 drop"):
        theirs = five.client.command("mtr", *told, "--tcp", "-G", "0.5", "-Z", "1", target)
        _, ours, _ = path(five, *told, target, "-Z", "0.1")

    def layout_of(line: str) -> str:
        # Delays are below ten milliseconds here, or one machine is very busy.
        return re.sub(r"[ \d]{3}\d\.\d", "  9.9", line.replace("100.0", "999.9"))

    table = ours.split("\n\n")[0].splitlines()
    assert [layout_of(line) for line in table[1:]] == [layout_of(line) for line in theirs.splitlines()[1:]]
    assert re.sub(r"\d", "9", table[0]) == re.sub(r"\d", "9", theirs.splitlines()[0])


@needs_mtr
def test_the_json_is_mtrs_and_more(five: Row) -> None:
    told = ("-n", "-j", "-c", "2", "-i", "0.1", "-P", f"{PORT}", five.target(4))
    theirs = json.loads(five.client.command("mtr", "--tcp", "-G", "1", *told))["report"]
    status, written, _ = path(five, *told)
    ours = json.loads(written)["report"]
    assert theirs["mtr"].keys() <= ours["mtr"].keys()
    assert {**ours["mtr"], "psize": 0} == {**theirs["mtr"], "psize": 0}
    for mine, other in zip(ours["hubs"], theirs["hubs"], strict=True):
        assert mine.keys() == other.keys()
        assert {key: mine[key] for key in ("count", "host", "Loss%", "Snt")} == {
            key: other[key] for key in ("count", "host", "Loss%", "Snt")
        }
        assert all(
            isinstance(mine[key], float) and mine[key] < 1000 for key in ("Last", "Avg", "Best", "Wrst")
        )
    assert status == 0
    assert (ours["conndrop"]["state"], ours["conndrop"]["loss_start"]) == ("clean", None)
    assert [hop["addresses"][0]["address"] for hop in ours["conndrop"]["hops"]] == five.path(4)


def test_the_sentence_names_where_loss_begins_and_whose_it_is(five: Row, tmp_path: Path) -> None:
    configuration = tmp_path / "conndrop.yml"
    configuration.write_text(
        "networks: {Hosting: [10.0.0.0/22], Transit: [10.0.3.0/24]}\n"
        f"targets:\n- {{name: orders, url: 'mysql://u@{five.target(4)}:{PORT}/d'}}\n"
    )
    with ruled(five.routers[2], "forward", *LOSSY):
        status, said, _ = path(five, "orders", "-wn", "-c", "12", *BRISK, "--config.file", str(configuration))
    assert status == 1
    assert said.splitlines()[-1] == (
        "Loss that reaches TCP port 7777 of 10.0.5.2 (6 of 12 packets, 50.0%) begins at hop 4, "
        "10.0.3.2 (Transit): before that, hop 3, 10.0.2.2 (Hosting), loses nothing."
    )
    assert [line.rpartition("  ")[2] for line in said.splitlines() if " 3.|--" in line] == ["Hosting"]


def test_a_rate_limit_is_called_one(five: Row) -> None:
    limited = {"net.ipv4.icmp_ratelimit": 1000, "net.ipv4.icmp_ratemask": 6168}
    five.routers[1].sysctl(limited)
    try:
        status, said, _ = path(five, place(five), "-rn", "-c", "20", *BRISK)
    finally:
        five.routers[1].sysctl(dict.fromkeys(limited, 0))
    assert status == 0
    assert re.search(
        r"^Loss of \d\d\.\d% at hop 2, 10.0.1.2, is only rate limiting of answers, because what passes there "
        r"arrives: no loss reaches TCP port 7777 of 10.0.5.2; all 20 packets to it were answered\.$",
        said,
        re.MULTILINE,
    )


WHERE = "TCP port 7777 of 10.0.5.2"
FEW = "which is too few to rule it out."
FATES = {
    "a closed port": (
        "server input meta l4proto tcp reject with tcp reset",
        "-c10",
        0,
        f"No loss reaches {WHERE}: all 10 packets to it were answered.",
    ),
    "a port that is refused by ICMP": (
        "server input meta l4proto tcp reject",
        "-c1",
        0,
        f"No loss so far on the way to {WHERE}: the only packet to it was answered, {FEW}",
    ),
    "a filter": (
        "server input drop",
        "-c3",
        1,
        f"{WHERE} does not answer: the last that does is hop 5, 10.0.4.2; "
        "--icmp tells whether the host answers at all.",
    ),
    "a long way": (
        "server input drop",
        "-c1 -m2",
        1,
        f"{WHERE} does not answer: the last that does is hop 2, 10.0.1.2, "
        "and none behind it was asked: allow more hops with --max-hops.",
    ),
    "a router that forbids": (
        "r3 forward meta l4proto tcp reject with icmpx admin-prohibited",
        "-c2",
        1,
        f"Packets to {WHERE} are refused by hop 3, 10.0.2.2, which says: communication administratively "
        "prohibited (in 2 of 2 rounds).",
    ),
    "nobody at all": (
        "r1 output drop; r1 forward drop",
        "-c1 -Z0.05",
        1,
        f"{WHERE} does not answer: no router on the way does either; "
        "--icmp tells whether the host answers at all.",
    ),
    "UDP": (
        "",
        "-u -c2",
        0,
        f"No loss so far on the way to 10.0.5.2 by UDP: all 2 packets to it were answered, {FEW}",
    ),
}
"""Node, hook and rule; options; exit status and sentence."""


@pytest.mark.parametrize("fate", FATES)
def test_what_becomes_of_the_packets_is_said(five: Row, fate: str) -> None:
    rules, words, status, sentence = FATES[fate]
    with contextlib.ExitStack() as stack:
        for node, hook, rule in (rule.strip().split(" ", 2) for rule in rules.split(";") if rule):
            (found,) = (one for one in five.nodes if one.name == node)
            stack.enter_context(ruled(found, hook, rule))
        seen, said, _ = path(five, place(five), "-rn", *BRISK, *words.split())
    assert (seen, said.splitlines()[-1]) == (status, sentence)


def test_a_host_without_a_route_says_so(five: Row) -> None:
    status, said, _ = path(five, "192.0.2.1", "-rc1")
    assert status == 1
    assert said.splitlines()[-1] == (
        "Nothing can be sent to TCP port 5432 of 192.0.2.1 from this host: 192.0.2.1: Network is unreachable."
    )


def test_icmp_needs_a_permission_and_then_works(five: Row) -> None:
    five.client.sysctl({"net.ipv4.ping_group_range": "1 0"})
    assert path(five, "--icmp", five.target(4), "-r") == (
        2, "", "no ICMP socket may be opened: let this process's group into sysctl "
        "net.ipv4.ping_group_range, or follow the path by tcp, which needs no permission\n",
    )  # fmt: skip
    five.client.sysctl({"net.ipv4.ping_group_range": "0 2147483647"})
    status, said, _ = path(five, "--icmp", five.target(4), "-rnc2", *BRISK)
    assert status == 0
    assert [row[0] for row in rows(said)] == five.path(4)


@pytest.mark.parametrize("protocol", ["-T", "-u"])
def test_the_server_accepts_nothing(five: Row, protocol: str) -> None:
    """And so it counts no connection that was broken off."""

    def opened() -> list[str]:
        counters = five.server.command("cat", "/proc/thread-self/net/snmp").splitlines()
        return [line.split()[6] for line in counters if line.startswith("Tcp:")]

    before = opened()
    assert path(five, place(five), protocol, "-rnc20", *BRISK)[0] == 0
    assert before[0] == "PassiveOpens"
    assert opened() == before


def test_a_way_that_changes_shows_all_who_stood_there() -> None:
    """The one that answered last comes first, as with mtr; nothing of it is loss."""
    with row(4, beside=True) as lab, listening(lab.server, lab.target(4)), lab.client.entered():
        there = Destination(host="db.test", address=lab.target(4), port=PORT, protocol="tcp")
        tracer, table = Tracer(there, Pace(interval=0.02, cycles=5), Stop()), Table()
        tracer.run(table)
        before = table.trace().hops[1].addresses
        lab.there(4, 101)
        tracer.run(table)
    trace = table.trace()
    assert before == (lab.path(4)[1],)
    assert trace.hops[1].addresses == ("10.0.101.2", *before)
    assert judge(trace, there, str).good


def test_ipv6(five: Row) -> None:
    status, said, _ = path(five, place(five, 6), "-6rnc2", *BRISK)
    assert status == 0
    assert [row[0] for row in rows(said)] == five.path(6)
