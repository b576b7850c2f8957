"""What becomes of a target that was found: a template in which its address and labels are filled in.

What is found says who, where and which database, and nothing else: all else is the template's.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote

from exporter.config.address import UrlError, host_problem, prepare, read_url
from exporter.config.naming import check_label, check_name
from exporter.config.probed import ProbedTarget
from exporter.db.dialect import Dialect
from exporter.model import Endpoint, Secret, Target

PLACEHOLDER: Final = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")
AS_PORT: Final = re.compile(r":\{([a-zA-Z_][a-zA-Z0-9_]*)\}(?=[/?]|$)")
LONGEST_LABEL: Final = 1000
"""Characters of a label's value."""
MOST_LABELS: Final = 50
LONGEST_LABEL_NAME: Final = 100
HINT: Final = "{address}, {host}, {port} or a label of the list"


class _Missing(LookupError):
    """A placeholder stands for nothing."""


class Unsound(Exception):
    """A target that was found, or a template, makes no target; the text is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a list says of one target: an address such as `db1:5432`, and labels."""

    address: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Where:
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, address: str, default: int) -> "Where":
        """Read `db1:5432`, `db1`, `[::1]:5432` or `::1`; raise Unsound otherwise."""
        host, port = address, ""
        if "@" in address:  # before which a password may stand
            raise Unsound("what has an @ in it is no address; write db1.example.com:5432")
        if address.startswith("["):
            host, _, port = address[1:].partition("]")
            port = port.removeprefix(":") if port.startswith(":") else port and "x"
        elif address.count(":") == 1:
            host, _, port = address.partition(":")
        if host_problem(host) or not address.isprintable():
            raise Unsound(f"{address[:100]!r} is no address; write db1.example.com:5432")
        if not port:
            return cls(host, default)
        if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
            raise Unsound(f"{address[:100]!r} has no port from 1 to 65535")
        return cls(host, int(port))

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for that every target has."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return {"address": f"{host}:{self.port}", "host": host, "port": str(self.port)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What targets of a list have in common: the `model` for them, and what differs, with placeholders."""

    name: str
    url: str = field(repr=False)
    labels: Mapping[str, str]
    model: ProbedTarget
    dialects: Sequence[Dialect] = field(repr=False)

    def target(self, found: Found) -> ProbedTarget:
        """Make a target of what was found; raises Unsound."""
        model = self.model.target.endpoint
        where = Where.parse(found.address, self.model.dialect.default_port)
        values = {**found.labels, **where.values}
        try:
            written = read_url(_fill(self.url, _in_url(values)), None, self.dialects)[0]
            name = check_name(_fill(self.name, _in_name(values)))
            labels = self._labels(found, values)
        except _Missing as missing:
            raise Unsound(f"{found.address}: {missing}") from None
        except UrlError as error:
            raise Unsound(f"{found.address}: its URL {error}") from None
        except ValueError as error:
            raise Unsound(f"{found.address}: its name {error}; target: name: says how it is made") from None
        # Only these: whatever has been filled in adds no parameter, and no password.
        endpoint = replace(
            model, host=written.host, port=written.port, user=written.user, database=written.database
        )
        target = Target(name=name, endpoint=endpoint, labels=labels)
        return replace(self.model, target=target)

    def _labels(self, found: Found, values: Mapping[str, str]) -> Mapping[str, str]:
        given = {name: value for name, value in found.labels.items() if not name.startswith("__")}
        if len(given) > MOST_LABELS or any(len(name) > LONGEST_LABEL_NAME for name in given):
            raise Unsound(
                f"{found.address}: has more than {MOST_LABELS} labels, or one with a name of more than "
                f"{LONGEST_LABEL_NAME} characters"
            )
        for name in given:
            try:
                check_label(name)
            except ValueError as error:
                raise Unsound(f"{found.address}: its label {name[:100]!r} {error}") from None
        own = {name: _fill(text, _plain(values)) for name, text in self.labels.items()}
        for name, value in (labels := {**given, **own}).items():
            if len(value) > LONGEST_LABEL or not value.isprintable():
                raise Unsound(
                    f"{found.address}: its label {name} has a control character in it, or more than "
                    f"{LONGEST_LABEL} characters"
                )
        return labels


def url_problems(url: str, password: Secret | None, dialects: Sequence[Dialect]) -> Iterator[str]:
    """Say all that is wrong with the URL of a template; the texts do not show it."""
    if problem := braces_problem(url):
        yield problem
        return
    try:
        one, other = (sample(url, password, dialects, number) for number in (1, 2))
        if _fixed(*one) == _fixed(*other):
            prepare(*one)
        else:
            yield "a list says who and where, and no more: no {…} may stand in the password or behind the ?"
    except UrlError as error:
        yield from error.problems
        return
    if (one[0].host, one[0].port) == (other[0].host, other[0].port):
        yield "is the same for every target; write {address} where host and port stand"


def _fixed(endpoint: Endpoint, dialect: Dialect) -> tuple[object, ...]:
    """Give what a list has no say in."""
    return endpoint.password, endpoint.params, dialect


def sample(
    url: str, password: Secret | None, dialects: Sequence[Dialect], number: int = 1
) -> tuple[Endpoint, Dialect]:
    """Fill the URL of a template with something that no list says; raises UrlError."""
    where = Where(f"{'ab'[number - 1]}.invalid", number)
    ports = set(AS_PORT.findall(url))
    labels = {name: str(number) if name in ports else "ab"[number - 1] for name in PLACEHOLDER.findall(url)}
    return read_url(_fill(url, _in_url({**labels, **where.values})), password, dialects)


def name_problem(name: str) -> str:
    """Say what is wrong with the name in a template, or nothing."""
    values = dict.fromkeys(PLACEHOLDER.findall(name), "a")
    try:
        check_name(_fill(name, _plain(values)))
    except ValueError as error:
        return braces_problem(name) or str(error)
    return ""


def braces_problem(text: str) -> str:
    """Say that there is a brace that stands for nothing, where there is one."""
    if set(PLACEHOLDER.sub("", text)) & set("{}"):
        return f"has a brace that belongs to no placeholder; in braces may stand {HINT}"
    return ""


def _fill(text: str, value: Callable[[str], str | None]) -> str:
    """Put in what the placeholders stand for; raises _Missing where one stands for nothing."""

    def filled(match: re.Match[str]) -> str:
        if (found := value(match[1])) is None:
            raise _Missing(f"the template has {match[0]}, and the list no label {match[1]}")
        return found

    return PLACEHOLDER.sub(filled, text)


def _plain(values: Mapping[str, str]) -> Callable[[str], str | None]:
    return values.get


def _in_url(values: Mapping[str, str]) -> Callable[[str], str | None]:
    """Give values as they stand in a URL, where none of them means anything but itself."""

    def value(name: str) -> str | None:
        found = values.get(name)
        return found if name in ("address", "host", "port") or found is None else quote(found, safe="")

    return value


def _in_name(values: Mapping[str, str]) -> Callable[[str], str | None]:
    """Give values as they stand in a name: an address of IPv6 has no brackets, and begins with a digit."""

    def value(name: str) -> str | None:
        found = values.get(name)
        if found is None or not found.startswith("["):
            return found
        bare = found.replace("[", "").replace("]", "").replace("%", "-")
        return f"0{bare}" if bare.startswith(":") else bare

    return value
