"""What a request to /probe asks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from exporter.blackbox.places import BadTarget
from exporter.web.answer import Answer, Request

TIMEOUT_HEADER: Final = "x-prometheus-scrape-timeout-seconds"
DEFAULT_TIMEOUT: Final = 120.0
MOST_FIELDS: Final = 32
MOST_SHOWN: Final = 100


class Refused(Exception):
    """A request that is not carried out, and the answer to it."""

    def __init__(
        self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, retry_after: int | None = None
    ) -> None:
        super().__init__(text)
        plain = Answer.text(text, status)
        headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
        self.answer = Answer(content=plain.content, status=status, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A target, and how to look at it; without a module empty. `hostname` is another name to ask for."""

    target: str
    module: str
    hostname: str = ""
    debug: bool = False


def asked(request: Request) -> Asked:
    """Read a request; raise Refused. Parameters that we do not know make no difference."""
    try:
        pairs = parse_qsl(request.query, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused("too many parameters") from None
    given = dict(reversed(pairs))  # the first counts where one stands twice
    target = given.get("target", "")
    if not target:
        raise Refused("Target parameter is missing")
    if "module" in given and given.get("auth_module", given["module"]) != given["module"]:
        raise Refused("module and auth_module name different modules; one of them is enough")
    return Asked(
        target=target,
        module=given.get("module", given.get("auth_module", "")),
        hostname=given.get("hostname", ""),
        debug=given.get("debug") == "true",
    )


def seconds(headers: Mapping[str, str], module: float, offset: float) -> float:
    """Give the time for a look: what Prometheus grants less `offset`, but no more than the module's own.

    Raises Refused where what Prometheus is said to grant is no number.
    """
    text = headers.get(TIMEOUT_HEADER, "")
    try:
        granted = float(text) if text else 0.0
    except ValueError:
        granted = math.nan
    if not math.isfinite(granted):
        shown = text[:MOST_SHOWN].encode("ascii", "replace").decode()
        said = f'Failed to parse timeout from Prometheus header: "{shown}" is no number'
        raise Refused(said, HTTPStatus.INTERNAL_SERVER_ERROR)
    most = (granted or DEFAULT_TIMEOUT) - offset
    return module if module < most or most < 0 else most


def unknown(module: str) -> Refused:
    """Refuse a module that there is not."""
    return Refused(f'Unknown module "{module[:MOST_SHOWN]}"')


def bad(problem: BadTarget) -> Refused:
    """Refuse a target that makes no sense."""
    return Refused(str(problem))
