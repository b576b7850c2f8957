"""What `docs/alerts.md` says of the alerts."""

import re

from tests.alerts.files import FILES, ROOT, alerts

DOCUMENT = (ROOT / "docs" / "alerts.md").read_text()
ROWS = dict(re.findall(r"^\| \[([A-Z]\w+)\]\([^)]+\) \| ([a-z, ]+) \|", DOCUMENT, flags=re.MULTILINE))


def test_every_alert_is_in_the_table_with_its_severities() -> None:
    wanted: dict[str, set[str]] = {}
    for rule in alerts():
        if rule.document["labels"]["kind"] != "memory":
            wanted.setdefault(rule.name, set()).add(rule.severity)
    assert {name: set(severities.split(", ")) for name, severities in ROWS.items()} == wanted


def test_every_file_for_other_exporters_is_told() -> None:
    told = set(re.findall(r"^\| `compat/(\w+\.yml)` \|", DOCUMENT, flags=re.MULTILINE))
    assert told == {path.name for path in FILES if path.parent.name == "compat"}


def test_its_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)", DOCUMENT):
        assert (ROOT / "docs" / link).exists(), link
