"""What the hops of a path are called, and whose they are."""

import time

from exporter.net.hostnames import Hostnames
from exporter.net.owners import Owners
from exporter.net.resolve import is_address
from exporter.net.waiting import Stop
from exporter.tracing.table import Trace

LOOK = 0.02
"""Seconds between two looks whether the names have come."""


class Naming:
    """Reverse names and owners of addresses; whoever keeps a reverse zone may write anything into it."""

    def __init__(self, owners: Owners, hostnames: Hostnames | None) -> None:
        """Take names from `hostnames`; None asks for none."""
        self._owners = owners
        self._hostnames = hostnames

    def name(self, address: str) -> str:
        """Give the reverse name, empty where there is none or it has not come yet; asks for it if need be."""
        name = plain(self._hostnames.of(address)) if self._hostnames else ""
        return "" if is_address(name) else name  # else one host could be taken for another

    def owner(self, address: str) -> str:
        """Name who owns an address, by the configuration; empty where that is not said."""
        return self._owners.of(address)

    def title(self, address: str) -> str:
        """Give all that is known of an address: `core1.transit.example (192.0.2.1, Transit)`."""
        name, owner = self.name(address), self.owner(address)
        if not name:
            return f"{address} ({owner})" if owner else address
        return f"{name} ({address}, {owner})" if owner else f"{name} ({address})"

    def ask(self, trace: Trace) -> None:
        """Ask for the names along a path, so that they are there when they are wanted."""
        for hop in trace.hops:
            for address in hop.addresses:
                self.name(address)

    def settle(self, trace: Trace, seconds: float, stop: Stop) -> None:
        """Wait until all names of a path are known or known not to be there, but no longer than that."""
        if self._hostnames is None:
            return
        unknown = {address for hop in trace.hops for address in hop.addresses}
        until = time.monotonic() + seconds
        while unknown and time.monotonic() < until:
            unknown = {address for address in unknown if not self._hostnames.knows(address)}
            if unknown and stop.sleep(LOOK):
                return


def plain(name: str) -> str:
    """Make a name harmless: what cannot be printed, and blanks, which no host's name has, are replaced."""
    return "".join(
        sign if sign.isprintable() and not sign.isspace() else "\N{REPLACEMENT CHARACTER}" for sign in name
    )
