"""Whether a client would rather read a page or plain text."""

from typing import Final

from exporter.web.answer import Request

LONGEST: Final = 1000


def wants_page(request: Request) -> bool:
    """Tell whether HTML is asked for by name, and not less than plain text: browsers do, curl does not."""
    weights = dict(_weight(part) for part in request.headers.get("accept", "")[:LONGEST].split(","))
    html = weights.get("text/html", 0.0)
    return html > 0 and html >= weights.get("text/plain", 0.0)


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (each.strip().lower() for each in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
