"""Where passwords come from."""

import os
from typing import Any

from pydantic import Field

from exporter.config.document import Document
from exporter.config.problems import Place, Problem
from exporter.model import Secret, SecretUnreadable
from exporter.settings import Settings


class PasswordSource(Settings):
    """Where a password comes from that does not stand in the URL."""

    env: str | None = Field(default=None, description="name of an environment variable")
    file: str | None = Field(default=None, description="path of a file; read anew for each session")


def password_source(value: object) -> object:
    """Say the same of everything that is no source, and repeat nothing: it may be a password."""
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= {"env", "file"}:
        return value
    raise ValueError("must be {env: NAME} or {file: PATH}; a password may not stand in the configuration")


def read_password(document: Document, place: Place, source: Any, problems: list[Problem]) -> Secret | None:
    """Find the password of which `source`, as it was written at `place`, tells; None where there is none."""
    env, file = (source.get(key) if isinstance(source, dict) else None for key in ("env", "file"))
    if isinstance(env, str):
        described = f"environment variable {env}"
        if env not in os.environ:
            problems.append(document.problem((*place, "env"), f"{described} is not set"))
            return None
        try:
            return Secret.literal(os.environ[env], described)
        except SecretUnreadable as error:
            problems.append(document.problem((*place, "env"), str(error)))
            return None
    if not isinstance(file, str):
        return None
    secret = Secret.file(document.path.parent / file)
    try:
        secret.reveal()
    except SecretUnreadable as error:
        problems.append(document.problem((*place, "file"), str(error)))
    return secret
