"""What is asked of us, and what is answered, without the words of any server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
READING: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `path` begins with a slash, `query` is as it was sent, names of headers are in lower case.

    `rest` is what follows the route's own path where the route is for a whole folder.
    """

    method: str = "GET"
    path: str
    rest: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; Content-Length is added on its way."""

    content: bytes
    kind: str = TEXT
    status: HTTPStatus = HTTPStatus.OK
    headers: Sequence[tuple[str, str]] = ()

    @classmethod
    def text(cls, text: str, status: HTTPStatus = HTTPStatus.OK, *headers: tuple[str, str]) -> "Answer":
        """Answer in plain text, of which a line is one that ends."""
        return cls(content=f"{text}\n".encode(errors="replace"), status=status, headers=headers)


Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers the requests for one path, and by which methods it may be asked.

    Who asks by another is told `otherwise`, or which they are.
    """

    handler: Handler
    methods: Sequence[str] = READING
    otherwise: str = ""


Routes = Mapping[str, Route]
"""By path. A path that ends in a slash stands for all below it as well, unless it is the root."""
