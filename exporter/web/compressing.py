"""Answers made smaller for those who take them so."""

import gzip
import re
from dataclasses import replace
from typing import Final

from exporter.web.answer import Answer, Request

GZIP: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


def compressed(answer: Answer, request: Request) -> Answer:
    """Compress an answer where the client takes gzip."""
    varying = replace(answer, headers=[*answer.headers, ("Vary", "Accept, Accept-Encoding")])
    if not GZIP.search(request.headers.get("accept-encoding", "")):
        return varying
    content = gzip.compress(answer.content, compresslevel=1)
    return replace(varying, content=content, headers=[*varying.headers, ("Content-Encoding", "gzip")])
