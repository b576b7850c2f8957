"""Who owns an address, by the address ranges named in the configuration."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network


class Owners:
    """Names for ranges of addresses; of several that fit, the narrowest counts."""

    def __init__(self, networks: Mapping[str, Sequence[str]]) -> None:
        """Take ranges such as `172.104.0.0/15` by their owner's name."""
        self.learn(networks)

    def learn(self, networks: Mapping[str, Sequence[str]]) -> None:
        """Know these ranges from now on, and no others; `edition` tells that an answer may have changed."""
        named = ((ip_network(network), name) for name, ranges in networks.items() for network in ranges)
        self._networks = sorted(named, key=lambda pair: -pair[0].prefixlen)
        self.edition = object()

    def of(self, address: str) -> str:
        """Name the owner of a numeric address; empty where it is in none of the ranges."""
        asked = ip_address(address)
        return next((name for network, name in self._networks if asked in network), "")


NOBODY = Owners({})
"""For a configuration without names."""
