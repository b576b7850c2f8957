"""/logs: what a probe has logged, by number or by target, as blackbox_exporter has it."""

from http import HTTPStatus
from urllib.parse import parse_qs

from exporter.model import Result, harmless
from exporter.web.answer import Answer, Request
from exporter.web.pages.sources import Sources

LONGEST_NUMBER = 18
MISSING = "Probe id or target must be defined as http query parameters"
BOTH = "Probe id and target can't be defined at the same time"


def logs(sources: Sources, request: Request) -> Answer:
    """Answer with one log; 400 where the query does not say which, 404 where it is kept no more."""
    given = {name: values[0] for name, values in parse_qs(request.query[:2000]).items()}
    number, target = given.get("id"), given.get("target")
    if (number is None) == (target is None):
        return Answer.text(MISSING if number is None else BOTH, HTTPStatus.BAD_REQUEST)
    if target is not None:
        return _log(sources.latest(target, given.get("module", "")), "Probe target not found")
    if number is None or not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        return Answer.text("Invalid probe id: must be a whole number", HTTPStatus.BAD_REQUEST)
    return _log(sources.find(int(number)), "Probe id not found")


def _log(found: Result | None, otherwise: str) -> Answer:
    if found is None:
        return Answer.text(otherwise, HTTPStatus.NOT_FOUND)
    lines = (f"{harmless(line)}\n" for line in found.log.split("\n"))
    return Answer(content="".join(lines).rstrip("\n").encode(errors="replace") + b"\n")
