"""Records in DNS that are a list of targets."""

import re
from collections.abc import Sequence
from typing import Final

from exporter.config.listing import DnsListing
from exporter.config.template import Found
from exporter.discovery.groups import Broken
from exporter.model import ProbeError
from exporter.net.dns_exchange import Answer, Nameserver, ask
from exporter.net.dns_query import ResolvConf
from exporter.net.waiting import Stop

PATIENCE: Final = 3.0
"""Seconds in which a name server has to answer; the next one is asked then."""
SECONDS: Final = re.compile(r" within [\d.]+ s")
"""What is another thing each time; the same failure has the same words."""


class Records:
    """The records of one listing: the name servers of resolv.conf are asked in turn."""

    def __init__(self, listing: DnsListing, stop: Stop, resolv_conf: ResolvConf | None = None) -> None:
        self._block, self._stop = listing.block, stop
        self._resolv_conf = resolv_conf or ResolvConf()

    def __call__(self) -> Sequence[Found]:
        """Ask for all names; raises Broken where one has no record."""
        return [found for name in self._block.names for found in self._records(name)]

    def _records(self, name: str) -> Sequence[Found]:
        addresses = self._addresses(name)
        if self._block.type != "SRV":
            return [
                Found(address=self._numeric(address), labels={"__meta_dns_name": name})
                for address in addresses
            ]
        if len(addresses) == 1 and addresses[0].startswith(".:"):
            return ()  # RFC 2782: the service is decidedly not there
        return [_service(name, *address.rsplit(":", 1)) for address in addresses]

    def _numeric(self, address: str) -> str:
        return f"[{address}]:{self._block.port}" if ":" in address else f"{address}:{self._block.port}"

    def _addresses(self, name: str) -> Sequence[str]:
        """Ask one name server after the other, until one knows, or knows that there is nothing."""
        configured = self._resolv_conf.read()
        said = "resolv.conf names no name server"
        try:
            names = configured.names(name)
        except ProbeError as error:
            raise Broken(error.detail) from None
        for server in configured.nameservers:
            kinds = (self._block.type,)
            (answer,) = ask(names, [Nameserver(address=server)], PATIENCE, self._stop, kinds)
            if answer.addresses:
                return answer.addresses
            said = self._words(answer)
            if answer.unknown:
                break
        raise Broken(f"{name}: {said}")

    def _words(self, answer: Answer) -> str:
        if answer.unknown:
            return f"there is no record of type {self._block.type} ({answer.rcode})"
        assert answer.error is not None  # noqa: S101  there is no address
        return SECONDS.sub("", answer.error.detail)


def _service(name: str, host: str, port: str) -> Found:
    """Give a service as Prometheus does: the record's target with its last dot, the address without."""
    return Found(
        address=f"{host.rstrip('.')}:{port}",
        labels={
            "__meta_dns_name": name,
            "__meta_dns_srv_record_target": host,
            "__meta_dns_srv_record_port": port,
        },
    )
