"""What is found in a place, as targets."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from exporter.config import ConfigurationError, ProbedTarget
from exporter.config.listing import DnsListing, FileListing, HttpListing, Listing
from exporter.config.target_files import PATTERNS, TargetFiles
from exporter.config.template import Found, Unsound
from exporter.discovery.dns import Records
from exporter.discovery.files import ListFiles, settled
from exporter.discovery.groups import Broken
from exporter.discovery.http import ServersList
from exporter.net.resolve import Resolver
from exporter.net.waiting import Stop

LOOK: Final = 5.0
"""Seconds between two looks whether files of targets have changed."""
AGAIN: Final = 30.0
"""Seconds after which files that were unsound are read again: what was missing may be there by now."""
Targets = tuple[ProbedTarget, ...]


class Place(Protocol):
    """Where targets are found; `every` is how many seconds there are from one look to the next."""

    name: str
    every: float

    def look(self) -> Targets:
        """Give the targets that are there now; raises Broken."""
        ...


class Listed:
    """A place of which a listing tells."""

    def __init__(self, listing: Listing, look: Callable[[], Sequence[Found]]) -> None:
        """Take how the list is had; nothing has been found yet."""
        self.listing, self.name = listing, listing.name
        self.every: float = listing.block.refresh_interval
        self._look = look
        self._found: Sequence[Found] | None = None
        self._targets: Targets = ()

    def look(self) -> Targets:
        """Give the targets of the list as it is now (see `Place`)."""
        found = self._look()
        if found != self._found:  # to make targets takes longer than to see that there is nothing to do
            self._targets = made(found, self.listing)
            self._found = found
        return self._targets

    def inherit(self, before: "Listed", held: Targets) -> Targets:
        """Give what holds now that this is looked at in place of `before`, of which these targets held.

        They are made anew, where that can be; if not, the first look will tell why.
        """
        if before._found is None or before._targets != held:  # what was found there last was refused
            return held
        try:
            self._targets = made(before._found, self.listing)
        except Broken:
            return held
        self._found = before._found
        return self._targets


class Further:
    """The files of `target_files`, which have been read with the configuration."""

    name: str = PATTERNS
    every = LOOK

    def __init__(self, files: TargetFiles, stop: Stop) -> None:
        self._files, self._stop = files, stop
        self._seen = files.seen
        self._wrong, self._again = "", 0.0

    def look(self) -> Targets:
        """Give the targets that stand in them now (see `Place`)."""
        if self._files.digest() != self._seen:
            self._read(settled(self._files.digest, self._stop))
        elif self._wrong and time.monotonic() >= self._again:
            self._read(self._seen)
        if self._wrong:
            raise Broken(self._wrong)
        return self._files.targets

    def _read(self, seen: bytes) -> None:
        """Read files of that digest; what is written to meanwhile is read at the next look."""
        files, wrong = self._files, ""
        try:
            files = self._files.read()
        except ConfigurationError as error:
            wrong = str(error)
        if files.digest() == seen:
            self._seen, self._files, self._wrong = seen, files, wrong
            self._again = time.monotonic() + AGAIN


def listed(listing: Listing, resolver: Resolver, stop: Stop) -> Listed:
    """Give the place of which a listing tells."""
    match listing:
        case HttpListing():
            return Listed(listing, ServersList(listing, resolver, stop))
        case DnsListing():
            return Listed(listing, Records(listing, stop))
        case FileListing():
            return Listed(listing, ListFiles(listing, stop))


def made(found: Sequence[Found], listing: Listing) -> Targets:
    """Make targets of what was found; raises Broken. What stands in a list twice is there once."""
    targets: dict[str, ProbedTarget] = {}
    for each in found:
        try:
            target = listing.template.target(each)
        except Unsound as error:
            raise Broken(f"{_file(each, listing)}{error}") from None
        if targets.setdefault(target.target.name, target) != target:
            raise Broken(
                f"{_file(each, listing)}{target.target.name} is the name of two targets; "
                "target: name: says how it is made"
            )
    return tuple(targets.values())


def _file(found: Found, listing: Listing) -> str:
    """Say in which of many files it stands; a server, which may give that label too, is not believed."""
    return f"{found.labels['__meta_filepath']}: " if isinstance(listing, FileListing) else ""
