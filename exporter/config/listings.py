"""The places where targets are discovered, read from a configuration with every mistake in them."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from exporter.config.address import host_problem
from exporter.config.discovery import KEYS, DnsDiscovery, HttpDiscovery
from exporter.config.document import Document
from exporter.config.listing import DnsListing, FileListing, HttpListing, Listing, Login
from exporter.config.passwords import read_password
from exporter.config.probed import ProbedTarget
from exporter.config.problems import Place
from exporter.config.target_files import PATTERNS
from exporter.config.targets import TargetReading
from exporter.config.template import Template, braces_problem, name_problem, sample, url_problems
from exporter.config.tls import read_policy
from exporter.config.validating import validated
from exporter.model import Secret, SecretUnreadable, Target
from exporter.net.dns_query import question_problem

SCHEMES: Final = ("http", "https")


def read_listings(document: Document, reading: TargetReading) -> tuple[Listing, ...]:
    """Give the places that a file names; what is wrong is added to the problems of `reading`."""
    content = document.content if isinstance(document.content, dict) else {}
    found: list[Listing] = []
    names = {PATTERNS: ""}
    for key in KEYS:
        entries = content.get(key)
        for index, written in enumerate(entries if isinstance(entries, list) else ()):
            place = (key, index)
            block: Any = validated(
                reading.terms.models.discovery[key], document, place, written, reading.problems
            )
            if block is None:
                continue
            name = block.name or f"{key}[{index}]"
            if name in names:
                message = f"{name!r} is the name of another source of targets; names must differ"
                reading.problems.append(document.problem((*place, "name"), message))
            names[name] = key
            if listing := _Reading(document, place, written, reading).listing(name, block):
                found.append(listing)
    return tuple(found)


class _Reading:
    """Reads one entry, whose shape is sound."""

    def __init__(self, document: Document, place: Place, written: Any, reading: TargetReading) -> None:
        self._document, self._place, self._written = document, place, written
        self._reading, self._problems = reading, reading.problems

    def listing(self, name: str, block: Any) -> Listing | None:
        """Give what it means; None where it is unsound."""
        template = self._template(block.target)
        if isinstance(block, HttpDiscovery):
            return self._http(name, block, template)
        if isinstance(block, DnsDiscovery):
            self._look_at_names(block)
        if template is None:
            return None
        if isinstance(block, DnsDiscovery):
            return DnsListing(name=name, block=block, template=template)
        return FileListing(name=name, block=block, template=template, folder=self._document.path.parent)

    def _look_at_names(self, block: DnsDiscovery) -> None:
        for index, asked in enumerate(block.names):
            if question_problem(asked, block.type):
                self._problem("is not a name that DNS can hold", "names", index)

    def _http(self, name: str, block: HttpDiscovery, template: Template | None) -> HttpListing | None:
        policy = read_policy(self._document, (*self._place, "tls_config"), block.tls_config, self._problems)
        try:
            url = urlsplit(block.url)
            wrong = list(_wrong(block.url, url))
        except ValueError:
            wrong = ["is no URL"]
        if wrong:
            self._problem(f"{wrong[0]}; write https://inventory.example.com/databases", "url")
            return None
        login = self._login(block, url)
        bare = url._replace(netloc=url.netloc.rpartition("@")[2], fragment="").geturl()
        if template is None:
            return None
        return HttpListing(name=name, block=block, template=template, url=bare, login=login, policy=policy)

    def _login(self, block: HttpDiscovery, url: SplitResult) -> Login | None:
        """Find out who asks for a list; None for nobody in particular."""
        if url.username is not None:
            if block.basic_auth or block.authorization:
                self._problem("has a user, and a block beside it says who asks; keep one of them", "url")
            return Login(user=unquote(url.username), secret=self._literal(unquote(url.password or "")))
        if basic := block.basic_auth:
            return Login(user=basic.username, secret=self._secret("basic_auth", "password"))
        if block.authorization:
            secret = self._secret("authorization", "credentials")
            return Login(scheme=block.authorization.type, secret=secret)
        return None

    def _literal(self, password: str) -> Secret | None:
        try:
            return Secret.literal(password, "the URL") if password else None
        except SecretUnreadable as error:
            self._problem(f"has a password that cannot be used: {error}", "url")
            return None

    def _secret(self, block: str, key: str) -> Secret | None:
        """Read a secret that is written as a block, or as the path of a file under another key."""
        written = self._written[block]
        file = written.get(f"{key}_file")
        place = (*self._place, block, f"{key}_file" if file else key)
        source = {"file": file} if file else written.get(key)
        return read_password(self._document, place, source, self._problems)

    def _template(self, block: Any) -> Template | None:
        """Read the block `target`; None where it is unsound."""
        written, place = self._written["target"], (*self._place, "target")
        before = len(self._problems)
        source = written.get("password")
        password = read_password(self._document, (*place, "password"), source, self._problems)
        probes = self._reading.probes(self._document, (*place, "probes"), written.get("probes"))
        dialects = self._reading.terms.dialects
        for problem in url_problems(block.url, password, dialects):
            self._problem(problem, "target", "url")
        if problem := name_problem(block.name):
            self._problem(problem, "target", "name")
        for label, text in block.labels.items():
            if problem := braces_problem(text):
                self._problem(problem, "target", "labels", label)
        if len(self._problems) > before:
            return None
        endpoint, dialect = sample(block.url, password, dialects)
        model = ProbedTarget(
            target=Target(name="", endpoint=endpoint),
            dialect=dialect,
            probes=probes,
            connection_budget=block.connection_budget or self._reading.terms.budget,
        )
        return Template(name=block.name, url=block.url, labels=block.labels, model=model, dialects=dialects)

    def _problem(self, message: str, *key: str | int) -> None:
        self._problems.append(self._document.problem((*self._place, *key), message))


def _wrong(written: str, url: SplitResult) -> Iterator[str]:
    """Say what is wrong with the URL of a list, and do not show it; raises ValueError for a bad port."""
    if url.scheme not in SCHEMES:
        yield "does not begin with http:// or https://"
    if not (written.isascii() and written.isprintable() and " " not in written):
        yield "has a blank or another character that a URL cannot have"
    if problem := host_problem(url.hostname or ""):
        yield problem.partition(";")[0]
    if url.port == 0:
        yield "has port 0"
    if url.netloc.count("@") > 1:
        yield "has an @ in its password, where %40 must stand"
