"""Alerts that come in at an Alertmanager with the shipped templates, and what is told of them."""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from tests.paging.mail import Mailbox
from tests.paging.receivers import Receiver
from tests.servers.alertmanager import Alertmanager
from tests.waiting import wait_for

URL: Final = "http://alertmanager.test"
EXPORTER: Final = "http://10.0.0.1:10054"
PLACED: Final = {"job": "conndrop", "instance": "10.0.0.1:10054", "vantage": "app-1", "target": "orders"}
CAUSE: Final[Mapping[str, Any]] = {
    "labels": {
        **PLACED,
        "alertname": "DatabaseConnectionsDropping",
        "kind": "cause",
        "cause": "server.down",
        "severity": "critical",
    },
    "annotations": {
        "summary": "Nothing listens at port 5432 of orders",
        "evidence": "sessions failed: 3, window: 5m",
        "fix": "See whether it runs: systemctl status postgresql && ls <datadir>",
        "runbook_url": f"{EXPORTER}/runbooks/DatabaseConnectionsDropping",
        "incidents_url": f"{EXPORTER}/incidents?target=orders",
    },
}
RISK: Final = {
    "labels": {**PLACED, "alertname": "CertificateExpires", "kind": "risk", "severity": "critical"},
    "annotations": {
        "summary": "The certificate of orders expires soon",
        "evidence": "2 days are left",
        "fix": "Renew it",
        "runbook_url": f"{EXPORTER}/runbooks/CertificateExpires",
    },
}
"""By its name it would come first."""
VERDICT: Final = {
    "labels": {
        "job": "conndrop",
        "target": "orders",
        "alertname": "DatabaseTroubleEverywhere",
        "kind": "verdict",
        "severity": "critical",
    },
    "annotations": {"summary": "orders has trouble everywhere", "seen": "everywhere: the server"},
}
"""What rules make of it that compare exporters."""


class Desk:
    """An Alertmanager with the shipped templates, and whom it tells."""

    def __init__(self, running: Alertmanager, receiving: Receiver, letters: Mailbox) -> None:
        self.receive = running.receive
        self._receiver = receiving
        self.mailbox = letters
        self._severity = ""
        self._since = self._until = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def post(self, severity: str) -> None:
        """Let both alerts come in."""
        self._severity = severity
        self._receive({})

    def resolve(self) -> None:
        """Let both be over."""
        self._until = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self._receive({"endsAt": self._until.isoformat()})

    def messages(self, path: str, count: int) -> list[Any]:
        """Wait for so many messages at a path, and give them, oldest first."""
        wait_for(lambda: len(self._receiver.deliveries(path)) >= count)
        return [one.document for one in self._receiver.deliveries(path)]

    def filled(self, text: str) -> str:
        """Put in what was posted."""
        for name, value in (("SINCE", self._since), ("UNTIL", self._until)):
            text = text.replace(name, value.strftime("%Y-%m-%d %H:%M:%S UTC"))
        return text.replace("SEVERITY", self._severity)

    def _receive(self, more: Mapping[str, str]) -> None:
        fixed = {"startsAt": self._since.isoformat(), **more}
        self.receive(
            [
                {**one, **fixed, "labels": {**one["labels"], "severity": self._severity}}
                for one in (RISK, CAUSE)
            ]
        )
