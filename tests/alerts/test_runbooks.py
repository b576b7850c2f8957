"""Every alert has a runbook, and every link of one leads somewhere."""

import re

from exporter.alerts import runbooks
from exporter.alerts.runbooks import SHEETS
from tests.alerts.files import ROOT, RULES, alerts

HEADINGS = ["Meaning", "Impact", "Confirm by hand", "Fix", "False alarms"]
FOLDER = RULES / "runbooks"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {rule.name for rule in alerts()}
    assert list(runbooks()) == sorted({rule.name for rule in alerts()})


def test_runbooks_say_what_somebody_who_is_paged_asks() -> None:
    for path in FOLDER.glob("*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.stem}\n\n"), path.name
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == HEADINGS, path.name
        for heading, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, flags=re.MULTILINE):
            assert len(body.split()) >= 10, (path.name, heading)


def test_links_of_runbooks_lead_somewhere() -> None:
    """Those within the project; there are no others."""
    for path in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\(([^)]+)\)", path.read_text()):
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_relative_to(ROOT), (path.name, link)
            assert target.exists(), (path.name, link)
            if anchor:
                assert anchor in anchors(target.read_text()), (path.name, link)


def test_runbooks_are_shown_without_links_that_lead_nowhere_there() -> None:
    """Neither a terminal nor the exporter's pages have the files beside them; the command has them all."""
    shown = runbooks()
    assert not any("](" in text for text in shown.values())
    assert "host is up, and nothing listens: server.down.\n" in shown["DatabaseDown"]
    for name, text in shown.items():
        linked = "docs/causes.md" in (FOLDER / f"{name}.md").read_text()
        assert text.endswith(SHEETS) == linked, name


def anchors(text: str) -> set[str]:
    """Give the anchors that Markdown's headings have."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_alerts_link_to_their_runbooks() -> None:
    for rule in alerts():
        link = rule.document["annotations"]["runbook_url"]
        served, name = f"http://{{{{ $labels.instance }}}}/runbooks/{rule.name}", rule.name
        assert link in (served, f"alerts/runbooks/{name}.md"), name
