"""The shipped configuration of Alertmanager, with receivers of the test's own at the end of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.paging.mail import Mailbox
from tests.paging.receivers import Receiver

FOLDER: Final = Path(__file__).parents[2] / "alerts" / "alertmanager"
SHIPPED: Final = FOLDER / "alertmanager.yml"
KEY: Final = "key-of-the-test"
"""What PagerDuty knows its customers by."""
FASTER: Final[Mapping[str, str]] = {"group_wait": "3s", "group_interval": "2s"}


def addressed(
    place: Path, receiving: Receiver, mailbox: Mailbox, *, timing: Mapping[str, str] | None = None
) -> Path:
    """Write the shipped configuration with addresses of the test's own; gives the file.

    Each receiver has a webhook of its name beside what it has. `timing` takes the place of all routes' own.
    """
    document = yaml.safe_load(SHIPPED.read_text())
    document["templates"] = [str(FOLDER / name) for name in document["templates"]]
    document["global"] = _global(place, document["global"], receiving, mailbox)
    for one in document["receivers"]:
        for each in one.get("pagerduty_configs", ()):
            each |= {
                "routing_key_file": _secret(place, "pagerduty", KEY),
                "url": f"{receiving.url}/pagerduty",
            }
        if one["name"] != "nobody":
            one["webhook_configs"] = [{"url": f"{receiving.url}/hook/{one['name']}"}]
    for route in (document["route"], *document["route"]["routes"]):
        route.update(timing or {})
    file = place / "alertmanager.yml"
    file.write_text(json.dumps(document))  # which is YAML, too
    return file


def _global(place: Path, shipped: Mapping[str, Any], receiving: Receiver, mailbox: Mailbox) -> dict[str, Any]:
    """Give the global settings; a server on loopback is talked to without TLS and login."""
    kept = {name: value for name, value in shipped.items() if not name.startswith("smtp_auth")}
    return kept | {
        "slack_api_url_file": _secret(place, "slack", f"{receiving.url}/slack"),
        "smtp_smarthost": mailbox.address,
        "smtp_require_tls": False,
        "smtp_hello": "alertmanager.test",
    }


def _secret(place: Path, name: str, text: str) -> str:
    file = place / name
    file.write_text(text)
    return str(file)
