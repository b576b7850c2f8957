"""What people read: each message in full, as the shipped templates write it."""

import contextlib
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from tests.lab.exporter import HERE
from tests.paging.desk import CAUSE, EXPORTER, RISK, URL, VERDICT, Desk
from tests.paging.mail import mailbox
from tests.paging.receivers import receiver
from tests.paging.shipped import FASTER, KEY, addressed
from tests.servers.alertmanager import alertmanager
from tests.servers.releases import Release
from tests.waiting import wait_for

FIRING: Final = f"""\
[SEVERITY] server.down: Nothing listens at port 5432 of orders
Since: SINCE
Seen from: app-1
Evidence: sessions failed: 3, window: 5m
First: See whether it runs: systemctl status postgresql && ls <datadir>
Runbook: {EXPORTER}/runbooks/DatabaseConnectionsDropping
Incidents: {EXPORTER}/incidents?target=orders

[SEVERITY] CertificateExpires: The certificate of orders expires soon
Since: SINCE
Seen from: app-1
Evidence: 2 days are left
First: Renew it
Runbook: {EXPORTER}/runbooks/CertificateExpires

"""
OVER: Final = f"""\
[over] server.down: Nothing listens at port 5432 of orders
From: SINCE
Until: UNTIL
Seen from: app-1
Incidents: {EXPORTER}/incidents?target=orders

[over] CertificateExpires: The certificate of orders expires soon
From: SINCE
Until: UNTIL
Seen from: app-1

"""
HTML_FIRING: Final = f"""\
<!DOCTYPE html>
<html><body style="font-family: sans-serif">
<h3>[SEVERITY] server.down: Nothing listens at port 5432 of orders</h3>
<p><b>Since:</b> SINCE <b>seen from:</b> app-1</p>
<p><b>Evidence:</b> sessions failed: 3, window: 5m</p>
<p><b>First:</b> See whether it runs: systemctl status postgresql &amp;&amp; ls &lt;datadir&gt;</p>
<p><a href="{EXPORTER}/runbooks/DatabaseConnectionsDropping">Runbook</a> · \
<a href="{EXPORTER}/incidents?target=orders">Incidents</a></p>
<h3>[SEVERITY] CertificateExpires: The certificate of orders expires soon</h3>
<p><b>Since:</b> SINCE <b>seen from:</b> app-1</p>
<p><b>Evidence:</b> 2 days are left</p>
<p><b>First:</b> Renew it</p>
<p><a href="{EXPORTER}/runbooks/CertificateExpires">Runbook</a></p>
<p><a href="{URL}">Alertmanager</a></p>
</body></html>
"""
HTML_OVER: Final = f"""\
<!DOCTYPE html>
<html><body style="font-family: sans-serif">
<h3>[over] server.down: Nothing listens at port 5432 of orders</h3>
<p><b>From:</b> SINCE <b>until:</b> UNTIL <b>seen from:</b> app-1 · \
<a href="{EXPORTER}/incidents?target=orders">Incidents</a></p>
<h3>[over] CertificateExpires: The certificate of orders expires soon</h3>
<p><b>From:</b> SINCE <b>until:</b> UNTIL <b>seen from:</b> app-1</p>
<p><a href="{URL}">Alertmanager</a></p>
</body></html>
"""
SLACK_FIRING: Final = f"""\
*[SEVERITY] server.down:* Nothing listens at port 5432 of orders
*Since:* SINCE *seen from:* app-1
*Evidence:* sessions failed: 3, window: 5m
*First:* See whether it runs: systemctl status postgresql &amp;&amp; ls &lt;datadir&gt;
<{EXPORTER}/runbooks/DatabaseConnectionsDropping|Runbook> · \
<{EXPORTER}/incidents?target=orders|Incidents>

*[SEVERITY] CertificateExpires:* The certificate of orders expires soon
*Since:* SINCE *seen from:* app-1
*Evidence:* 2 days are left
*First:* Renew it
<{EXPORTER}/runbooks/CertificateExpires|Runbook>

"""
SLACK_OVER: Final = f"""\
*[over] server.down:* Nothing listens at port 5432 of orders
SINCE to UNTIL, seen from app-1 · <{EXPORTER}/incidents?target=orders|Incidents>

*[over] CertificateExpires:* The certificate of orders expires soon
SINCE to UNTIL, seen from app-1

"""
RUNBOOK: Final = "alerts/runbooks/DatabaseDown.md"
TITLE: Final = "Nothing listens at port 5432 of orders (and 1 more), seen from app-1"


@pytest.fixture
def desk(tmp_path: Path, release: Release) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        receiving = stack.enter_context(receiver(HERE))
        letters = stack.enter_context(mailbox(HERE))
        configuration = addressed(tmp_path, receiving, letters, timing=FASTER)
        running = stack.enter_context(alertmanager(HERE, configuration, release, url=URL))
        yield Desk(running, receiving, letters)


def test_mail(desk: Desk) -> None:
    desk.post("critical")
    wait_for(lambda: len(desk.mailbox.letters) == 1)
    desk.resolve()
    wait_for(lambda: len(desk.mailbox.letters) == 2)
    first, second = desk.mailbox.letters
    assert (first["To"], first["From"]) == ("databases@example.com", "alertmanager@example.com")
    assert first["Subject"] == f"critical: {TITLE}"
    assert part(first, "plain") == desk.filled(FIRING)
    assert part(first, "html") == desk.filled(HTML_FIRING)
    assert second["Subject"] == f"over: {TITLE}"
    assert part(second, "plain") == desk.filled(OVER)
    assert part(second, "html") == desk.filled(HTML_OVER)


def part(letter: EmailMessage, kind: Literal["plain", "html"]) -> str:
    body = letter.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


def test_pagerduty(desk: Desk) -> None:
    desk.post("critical")
    (first,) = desk.messages("/pagerduty", 1)
    desk.resolve()
    _, second = desk.messages("/pagerduty", 2)
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == second["dedup_key"]
    assert paged(first, f"critical: {TITLE}") == details(firing=desk.filled(FIRING), num_firing="2")
    assert paged(second, f"over: {TITLE}") == details(resolved=desk.filled(OVER), num_resolved="2")


def paged(event: Mapping[str, Any], summary: str) -> dict[str, str]:
    """Give the details of an event of PagerDuty, whose other parts must be as they should be."""
    payload = dict(event["payload"])
    found = payload.pop("custom_details")
    assert payload == {
        "class": "server.down",
        "component": "orders",
        "group": "app-1",
        "severity": "critical",
        "source": "conndrop-exporter",
        "summary": summary,
    }
    incidents = f"{EXPORTER}/incidents?target=orders"
    assert event["links"] == [
        {"href": f"{EXPORTER}/runbooks/DatabaseConnectionsDropping", "text": "Runbook"},
        {"href": incidents, "text": "Incidents"},
    ]
    assert (event["client"], event["client_url"]) == ("conndrop-exporter", incidents)
    assert event["routing_key"] == KEY
    # What is a number or nothing at all is one only in newer releases.
    return {name: str("" if value is None else value) for name, value in found.items()}


def details(**differing: str) -> dict[str, str]:
    return {"firing": "", "resolved": "", "num_firing": "0", "num_resolved": "0", **differing}


def test_slack(desk: Desk) -> None:
    desk.post("warning")
    (first,) = desk.messages("/slack", 1)
    desk.resolve()
    _, second = desk.messages("/slack", 2)
    assert slacked(first) == attachment("warning", f"warning: {TITLE}", desk.filled(SLACK_FIRING))
    assert slacked(second) == attachment("good", f"over: {TITLE}", desk.filled(SLACK_OVER))


def slacked(message: Mapping[str, Any]) -> Mapping[str, str]:
    """Give what Slack shows of a message."""
    assert message["channel"] == "#databases"
    (found,) = message["attachments"]
    return {name: found[name] for name in ("color", "fallback", "title", "title_link", "text")}


def attachment(color: str, title: str, text: str) -> Mapping[str, str]:
    link = f"{EXPORTER}/incidents?target=orders"
    return {"color": color, "fallback": title, "title": title, "title_link": link, "text": text}


def stranger(severity: str, instance: str) -> Mapping[str, Any]:
    """Give an alert as rules on other exporters' metrics make them."""
    labels = {"alertname": "DatabaseDown", "instance": instance, "severity": severity}
    return {"labels": labels, "annotations": {**RISK["annotations"], "runbook_url": RUNBOOK}}


def test_what_knows_of_none_of_our_annotations_is_told_with_what_it_has(desk: Desk) -> None:
    """A rule of somebody else's, with a description or with nothing, comes to the same receivers."""
    desk.receive(
        [
            {
                "labels": {"alertname": "DiskFull", "severity": "critical"},
                "annotations": {"description": "50 MB left"},
            },
            {"labels": {"alertname": "HostDown"}, "annotations": {}},
        ]
    )
    (event,) = desk.messages("/pagerduty", 1)
    assert event["payload"]["summary"] == "critical: 50 MB left"
    told = event["payload"]["custom_details"]["firing"]
    assert told.startswith("[critical] DiskFull: 50 MB left\nSince: ")
    assert not {"Evidence:", "First:", "Runbook:"} & set(told.split())
    (message,) = desk.messages("/slack", 1)
    (found,) = message["attachments"]
    assert found["title"] == "firing: HostDown"
    assert found["text"].startswith("*[firing] HostDown:* HostDown\n*Since:* ")
    assert not {"*Evidence:*", "*First:*"} & set(found["text"].split())


def test_what_has_no_link_is_told_without(desk: Desk) -> None:
    """PagerDuty refuses what is no address."""
    desk.receive([stranger("critical", "10.0.0.8:9104"), stranger("warning", "10.0.0.9:9104")])
    (event,) = desk.messages("/pagerduty", 1)
    assert not {"links", "client_url"} & event.keys()
    assert f"\nRunbook: {RUNBOOK}\n" in event["payload"]["custom_details"]["firing"]
    wait_for(lambda: desk.mailbox.letters)
    (letter,) = desk.mailbox.letters
    assert f"<p>Runbook: {RUNBOOK}</p>" in part(letter, "html")
    (message,) = desk.messages("/slack", 1)
    assert message["attachments"][0]["text"].endswith(f"\nRunbook: {RUNBOOK}\n\n")


@pytest.mark.parametrize("told", [False, True])
def test_what_two_see_of_a_target_is_one_message(desk: Desk, told: bool) -> None:
    """It says from where, and what that means as soon as the rules that compare exporters have told."""
    elsewhere = {**CAUSE["labels"], "vantage": "app-2", "instance": "10.0.0.2:10054"}
    desk.receive([CAUSE, {**CAUSE, "labels": elsewhere}, *([VERDICT] if told else [])])
    (event,) = desk.messages("/pagerduty", 1)
    seen = "everywhere: the server" if told else "app-1 and elsewhere"
    more = 2 if told else 1
    expected = f"critical: Nothing listens at port 5432 of orders (and {more} more), seen from {seen}"
    assert event["payload"]["summary"] == expected
    firing = event["payload"]["custom_details"]["firing"]
    each = [line for line in firing.splitlines() if line.startswith("Seen from: ")]
    assert each == [f"Seen from: {one}" for one in ("app-1", "app-2", *([seen] if told else []))]
