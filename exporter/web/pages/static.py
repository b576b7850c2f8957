"""The stylesheets, the script and the icon."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from exporter.web.answer import Answer, Request

ICON: Final = "icon.svg"
FOLDER: Final = Path(__file__).parents[1] / "static"
KINDS: Final[Mapping[str, str]] = {
    "style.css": "text/css; charset=utf-8",
    "charts.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    ICON: "image/svg+xml",
}
FILES: Final = {name: (FOLDER / name).read_bytes() for name in KINDS}
VERSION: Final = hashlib.sha256(b"".join(FILES.values())).hexdigest()[:12]
"""Stands in every link to them, so that a browser keeps them until they are others."""
FOR_EVER: Final = "public, max-age=31536000, immutable"


def icon(_: Request) -> Answer:
    """Answer with the icon that browsers ask for beside what is no page."""
    return Answer(content=FILES[ICON], kind=KINDS[ICON])


def serve(request: Request) -> Answer:
    """Answer with one file; what is asked for by its version may be kept."""
    name = request.rest
    if name not in FILES:
        return Answer.text("not found", HTTPStatus.NOT_FOUND)
    asked = parse_qs(request.query[:100]).get("v")
    caching = FOR_EVER if asked == [VERSION] else "no-cache"
    return Answer(content=FILES[name], kind=KINDS[name], headers=[("Cache-Control", caching)])
