"""Which hosts may be looked at on request: by name, by suffix, by network, and by port."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
RULE: Final = re.compile(r"\[(?P<six>[^\]]*)\](?::(?P<its>\d{1,5}))?|(?P<host>[^:]*)(?::(?P<port>\d{1,5}))?")
ADVICE: Final = (
    "is neither a host name, a suffix, an address nor a network; "
    "write db.example.com, .example.com, 10.0.0.5 or 10.0.0.0/8, and a port behind it as in 10.0.0.0/8:5432"
)


def is_host_name(text: str) -> bool:
    """Whether `text` can be a host's name; what ends in digits alone is none."""
    labels = text.removesuffix(".").split(".")
    return len(text) <= 253 and not labels[-1].isdigit() and all(map(LABEL.fullmatch, labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry: a name in lower case, a suffix with its dot, or a network; `port` is None for any."""

    name: str = ""
    network: Network | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read an entry; raise ValueError in words for people. `[fd00::/8]:5432` is of IPv6 with a port."""
        match = RULE.fullmatch(text) if text.count(":") < 2 or text.startswith("[") else None
        host = match["six"] or match["host"] or "" if match else text
        port = match["its"] or match["port"] if match else None
        if port is not None and not 0 < int(port) < 65536:
            raise ValueError(f"has port {port}; 1 to 65535 is allowed")
        number = None if port is None else int(port)
        try:
            return cls(network=ipaddress.ip_network(host), port=number)
        except ValueError:
            if not is_host_name(host.removeprefix(".")):
                raise ValueError(ADVICE) from None
        return cls(name=host.lower().removesuffix("."), port=number)

    def names(self, host: str, port: int | None) -> bool:
        """Whether a host of that name is meant, whatever its address is."""
        own = host.lower().removesuffix(".")
        fits = own.endswith(self.name) if self.name.startswith(".") else own == self.name
        return bool(self.name) and fits and self._fits(port)

    def holds(self, address: str, port: int | None) -> bool:
        """Whether a numeric address is meant."""
        if self.network is None or not self._fits(port):
            return False
        found = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None)  # ::ffff:10.0.0.1 leads to where 10.0.0.1 does
        return (mapped or found) in self.network

    def _fits(self, port: int | None) -> bool:
        return self.port is None or self.port == port


@dataclass(frozen=True, slots=True)
class Allowance:
    """All entries there are; without any, nothing is allowed. Ports are None where a look needs none."""

    rules: Sequence[Rule] = ()

    def names(self, host: str, port: int | None) -> bool:
        """Whether a host may be looked at because of its name."""
        return any(rule.names(host, port) for rule in self.rules)

    def holds(self, address: str, port: int | None) -> bool:
        """Whether a numeric address may be looked at, whatever its name is."""
        return any(rule.holds(address, port) for rule in self.rules)

    @property
    def has_networks(self) -> bool:
        """Whether it is worth while to resolve a name that is not among the names."""
        return any(rule.network is not None for rule in self.rules)
