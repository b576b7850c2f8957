"""The shipped configuration of Alertmanager: who is told of what, and who keeps whom quiet."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from exporter.diagnosis.catalogue import CATALOGUE
from exporter.model import Severity
from tests.lab.exporter import HERE
from tests.paging.mail import mailbox
from tests.paging.receivers import receiver
from tests.paging.shipped import SHIPPED, addressed
from tests.servers.alertmanager import Alertmanager, alertmanager
from tests.servers.releases import Release
from tests.waiting import wait_for

Labels = Mapping[str, str]
PAGE, SLACK, MAIL = "databases-page", "databases-slack", "databases-mail"
OPERATORS, OPERATORS_PAGE, NOBODY = "conndrop-operators", "conndrop-operators-page", "nobody"


def amtool(release: Release, *words: str) -> str:
    done = subprocess.run(
        [release.program("amtool"), *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_is_sound(release: Release) -> None:
    said = amtool(release, "check-config", str(SHIPPED))
    assert " - 1 templates\n  SUCCESS" in said


@pytest.mark.parametrize(
    ("kind", "severity", "told"),
    [
        ("cause", "critical", PAGE),
        ("cause", "warning", SLACK),
        ("cause", "info", MAIL),
        ("symptom", "critical", PAGE),
        ("symptom", "warning", SLACK),
        ("symptom", "info", MAIL),
        ("risk", "critical", PAGE),
        ("risk", "warning", SLACK),
        ("risk", "info", MAIL),
        ("exporter", "critical", OPERATORS_PAGE),
        ("exporter", "warning", OPERATORS),
        ("exporter", "info", OPERATORS),
        ("verdict", "critical", PAGE),
        ("verdict", "warning", SLACK),
        ("memory", "info", NOBODY),
    ],
)
def test_each_is_told_to_whom_it_concerns(release: Release, kind: str, severity: str, told: str) -> None:
    labels = (f"kind={kind}", f"severity={severity}", "alertname=Any", "target=orders")
    assert amtool(release, "config", "routes", "test", f"--config.file={SHIPPED}", *labels).strip() == told


def test_what_comes_from_elsewhere_goes_to_slack(release: Release) -> None:
    """An alert without our labels is nobody's page."""
    said = amtool(release, "config", "routes", "test", f"--config.file={SHIPPED}", "alertname=Stranger")
    assert said.strip() == SLACK


def test_no_cause_is_less_than_a_warning() -> None:
    """The configuration has no rules for what causes of the severity info would keep quiet."""
    assert {entry.severity for entry in CATALOGUE.values()} == {Severity.CRITICAL, Severity.WARNING}


def cause(name: str, severity: str = "critical", **more: str) -> Labels:
    fixed = {"alertname": "DatabaseConnectionsDropping", "kind": "cause"}
    return {**fixed, "cause": name, "severity": severity, **more}


def symptom(severity: str = "critical", **more: str) -> Labels:
    return {"alertname": "DatabasePacketLoss", "kind": "symptom", "severity": severity, **more}


def memory(remembers: str) -> Labels:
    fixed = {"alertname": "DatabaseIncidentRemembered", "kind": "memory", "severity": "info"}
    return {**fixed, "remembers": remembers}


def risk(severity: str = "warning", **more: str) -> Labels:
    return {"alertname": "DatabaseCertificateExpiring", "kind": "risk", "severity": severity, **more}


UPLINK: Final = {"alertname": "ConndropUplinkDown", "kind": "exporter", "severity": "critical"}
MISSED: Final = {"alertname": "ConndropProbesMissed", "kind": "exporter", "severity": "warning"}
STRANGER: Final = {"alertname": "Stranger", "target": ""}
ELSEWHERE: Final = {"target": "elsewhere"}
FROM_ELSEWHERE: Final = {"vantage": "app-2"}
QUIET: Final[Mapping[str, tuple[Labels, Labels]]] = {
    "uplink and a cause": (UPLINK, cause("server.down")),
    "uplink and a cause of the network": (UPLINK, cause("net.blackhole")),
    "uplink and a symptom": (UPLINK, symptom()),
    "uplink and a risk of another target": (UPLINK, risk(**ELSEWHERE)),
    "uplink and the exporter": (UPLINK, MISSED),
    "network and another cause": (cause("net.blackhole"), cause("server.down")),
    "network and a lesser cause": (cause("net.blackhole"), cause("server.slow_query", "warning")),
    "lesser network and a lesser cause": (cause("net.loss", "warning"), cause("dns.slow", "warning")),
    "local network and another cause": (cause("client.local_network"), cause("net_x.other")),
    "cause and symptom": (cause("server.down"), symptom()),
    "cause and an outage": (cause("server.down"), symptom(alertname="DatabaseDown")),
    "cause and a lesser symptom": (cause("server.down"), symptom("warning")),
    "cause and an info": (cause("server.down"), symptom("info")),
    "lesser cause and a lesser symptom": (cause("net.loss", "warning"), symptom("warning")),
    "remembered and symptom": (memory("critical"), symptom()),
    "remembered and a lesser symptom": (memory("critical"), symptom("warning")),
    "less remembered and a lesser symptom": (memory("warning"), symptom("warning")),
    "worse and less bad": (symptom(), symptom("warning")),
    "worse and less bad of a risk": (risk("critical"), risk()),
    "the same cause, less bad": (cause("server.down"), cause("server.down", "warning")),
}
"""Of each pair, the first keeps the second quiet."""
LOUD: Final[Mapping[str, tuple[Labels, Labels]]] = {
    "uplink from elsewhere": (UPLINK, cause("server.down", **FROM_ELSEWHERE)),
    "uplink of another exporter": (UPLINK, cause("server.down", instance="10.0.0.2:10054")),
    "uplink and itself": (UPLINK, UPLINK | {"other": "yes"}),
    "network of another target": (cause("net.blackhole"), cause("server.down", **ELSEWHERE)),
    "network seen from elsewhere": (cause("net.blackhole"), cause("server.down", **FROM_ELSEWHERE)),
    "lesser network and a cause": (cause("net.loss", "warning"), cause("server.down")),
    "two of the network": (cause("net.blackhole"), cause("net.loss", "warning")),
    "network and a risk": (cause("net.blackhole"), risk()),
    "network and the exporter": (cause("net.blackhole"), MISSED),
    "another cause and the network": (cause("server.down"), cause("net.loss", "warning")),
    "two causes": (cause("server.down"), cause("auth.credentials", "warning")),
    "no name and symptom": (cause("unknown"), symptom("warning")),
    "lesser cause and symptom": (cause("net.loss", "warning"), symptom()),
    "cause and a symptom elsewhere": (cause("server.down"), symptom(**ELSEWHERE)),
    "cause and the server's own symptom": (cause("server.down"), symptom(target="")),
    "cause and risk": (cause("server.down"), risk()),
    "less remembered and symptom": (memory("warning"), symptom()),
    "remembered and cause": (memory("critical"), cause("server.down")),
    "remembered and an outage": (memory("critical"), symptom(alertname="DatabaseDown")),
    "remembered elsewhere": (memory("critical"), symptom(**ELSEWHERE)),
    "worse of another name": (symptom(), risk()),
    "worse of another scope": (symptom(scope="account"), symptom("warning", scope="database")),
    "worse of another user": (symptom(user="app"), symptom("warning", user="batch")),
    "worse of others": (STRANGER | {"severity": "critical"}, STRANGER | {"severity": "warning"}),
    "worse elsewhere": (symptom(), symptom("warning", **ELSEWHERE)),
}
"""Of each pair, the second is told although the first is there."""


def test_who_keeps_whom_quiet(tmp_path: Path, release: Release) -> None:
    """Each pair belongs to an exporter of its own, so that no other one interferes."""
    pairs = {**LOUD, **QUIET}  # in the order in which they come in
    with receiver(HERE) as receiving, mailbox(HERE) as letters:
        configuration = addressed(tmp_path, receiving, letters)
        with alertmanager(HERE, configuration, release) as running:
            running.receive([{"labels": placed(one, name)} for name, pair in pairs.items() for one in pair])
            expected = sorted(sorted(placed(second, name).items()) for name, (_, second) in QUIET.items())
            wait_for(lambda: sorted(sorted(one.items()) for one in quiet(running)) == expected)


def placed(labels: Labels, name: str) -> Labels:
    """Give the labels of an alert of a pair, with whose it is."""
    fixed = {"job": "conndrop", "instance": "10.0.0.1:10054", "vantage": "app-1", "target": "orders"}
    found = {**fixed, **labels}
    if labels.get("kind") == "exporter":
        del found["target"]
    return found | {"job": f"{found['job']} {name}"}


def quiet(running: Alertmanager) -> list[Labels]:
    """Give the labels of the alerts that are kept quiet."""
    return [one["labels"] for one in running.alerts() if one["status"]["inhibitedBy"]]
