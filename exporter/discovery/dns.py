"""Records in DNS that are a list of targets."""

import re
from collections.abc import Sequence
from typing import Final

from exporter.config.listing import DnsListing
from exporter.config.template import Found
from exporter.discovery.groups import Broken
from exporter.model import ProbeError
from exporter.net.dns_exchange import Answer, Nameserver, ask
from exporter.net.dns_query import Name, ResolvConf
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
        self._silent: set[str] = set()

    def __call__(self) -> Sequence[Found]:
        """Ask for all names; raises Broken where one has no record."""
        self._silent.clear()
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
        """Ask for each completion of a name, until there is something; raises Broken where there is not."""
        configured = self._resolv_conf.read()
        try:
            completed = configured.names(name)
        except ProbeError as error:
            raise Broken(error.detail) from None
        wrong = ""
        for each in completed:
            answer = self._answer(each, configured.nameservers)
            if answer is None:
                raise Broken(f"{name}: resolv.conf names no name server")
            if answer.error is None:
                return answer.addresses
            if answer.unknown:
                wrong = wrong or f"there is no record of type {self._block.type} ({answer.rcode})"
            else:
                wrong = SECONDS.sub("", answer.error.detail)
        raise Broken(f"{name}: {wrong}")

    def _answer(self, name: Name, servers: Sequence[str]) -> Answer | None:
        """Ask one name server after the other, until one knows, or knows that there is nothing.

        Those that had no answer in this look come last: a hundred names shall not wait for each in turn.
        """
        answer = None
        for server in sorted(servers, key=self._silent.__contains__):
            kinds = (self._block.type,)
            (answer,) = ask([name], [Nameserver(address=server)], PATIENCE, self._stop, kinds)
            if answer.error is None or answer.unknown:
                break
            self._silent.add(server)
        return answer


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
