"""Where targets are discovered, and what becomes of each that is found."""

from dataclasses import dataclass, field
from pathlib import Path

from exporter.config.discovery import DnsDiscovery, FileDiscovery, HttpDiscovery
from exporter.config.template import Template
from exporter.model import Secret
from exporter.net.tls import TlsPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class FileListing:
    """Files that hold lists; their patterns are relative to `folder`."""

    name: str
    block: FileDiscovery = field(compare=False)
    template: Template
    folder: Path

    @property
    def place(self) -> tuple[object, ...]:
        """Where the list is: what was found there is still found when all else is written anew."""
        return (self.folder, *self.block.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks a server for its list: a `user` with a secret, or a `scheme`, such as Bearer, with one."""

    user: str = ""
    scheme: str = ""
    secret: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpListing:
    """A list that a server has; the `url` is without a user and a password."""

    name: str
    block: HttpDiscovery = field(compare=False)
    template: Template
    url: str = field(repr=False)
    login: Login | None
    policy: TlsPolicy

    @property
    def place(self) -> tuple[object, ...]:
        """Where the list is (see `FileListing`)."""
        return (self.url,)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsListing:
    """Names whose records are a list."""

    name: str
    block: DnsDiscovery = field(compare=False)
    template: Template

    @property
    def place(self) -> tuple[object, ...]:
        """Where the list is (see `FileListing`)."""
        return (self.block.type, self.block.port, *self.block.names)


Listing = FileListing | HttpListing | DnsListing


def same(one: Listing, other: Listing) -> bool:
    """Whether nothing differs; models of blocks are made anew for each reading, and so are never equal."""
    return one == other and one.block.model_dump(warnings=False) == other.block.model_dump(warnings=False)
