"""What things in a configuration may be called."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
OWN_LABELS: Final = ("target", "dialect", "host", "port", "vantage", "le", "quantile")


def check_name(value: str) -> str:
    """Give what may be a name; raise ValueError otherwise."""
    if not NAME.fullmatch(value) or len(value) > 100:
        raise ValueError(
            f"{value!r} is not a name; letters, digits and _ . : - are allowed, at most 100 of them"
        )
    return value


def check_label(value: str) -> str:
    """Give what may be the name of a label; raise ValueError otherwise."""
    if not LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError("is not a label name; letters, digits and _ are allowed, no digit first")
    if value in OWN_LABELS:
        raise ValueError(f"is one of our own labels ({', '.join(OWN_LABELS)}); choose another")
    return value


Name = Annotated[str, AfterValidator(check_name)]
Labels = dict[Annotated[str, AfterValidator(check_label)], str]
Connections = Annotated[int, Field(ge=1, le=10_000)]
