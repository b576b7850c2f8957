"""Templates made into answers that no text of a peer can turn into anything else."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from exporter import __version__
from exporter.model import rfc3339
from exporter.web.answer import HTML, Answer
from exporter.web.pages import wording
from exporter.web.pages.static import VERSION

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
)


class Templates:
    """Renders pages whose links all begin with `prefix`, which is empty or begins with a slash."""

    def __init__(
        self, prefix: str, clock: Callable[[], float], charts: Mapping[str, Callable[..., Markup]]
    ) -> None:
        self._clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=wording.presentable,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "duration": wording.duration,
            "percent": wording.percent,
            "moment": wording.moment,
            "rfc3339": rfc3339,
            "ago": wording.ago,
            "clock": wording.clock,
            "segment": lambda text: quote(text, safe=":"),
        }
        self._environment.globals |= {
            "prefix": prefix,
            "version": __version__,
            "static": VERSION,
            "several": wording.several,
            **charts,
        }
        # Later there may be no descriptor left to read one with, or those of another version there.
        for template in self._environment.list_templates():
            self._environment.get_template(template)

    def answer(self, template: str, status: HTTPStatus = HTTPStatus.OK, **shown: Any) -> Answer:
        """Render a template with what it shows."""
        text = self._environment.get_template(f"{template}.html").render(now=self._clock(), **shown)
        return Answer(content=text.encode(errors="replace"), kind=HTML, status=status, headers=HEADERS)
