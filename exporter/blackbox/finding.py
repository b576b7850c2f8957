"""From a host to the address that is looked at: resolved once, judged, and then looked at and no other."""

import time
from collections.abc import Sequence

from exporter.blackbox.errand import Errand, Forbidden, Trail
from exporter.model import Cause, Phase, ProbeError
from exporter.net.resolve import is_address


def find(errand: Errand, trail: Trail) -> Sequence[str]:
    """Give the addresses to look at: one, or of a target of ours all there are, in order of preference.

    Raises Forbidden, and ProbeError where the name has no address. To whom a name is not allowed, that it
    does not resolve is told in the same way as that its addresses are forbidden.
    """
    begun = time.perf_counter()
    trail.clock.enter(Phase.DNS)
    addresses = _judged(errand, trail)
    if errand.allow is not None:
        addresses = (_chosen(errand, addresses),)
    trail.lookup = (trail.lookup or 0.0) + time.perf_counter() - begun
    trail.address = addresses[0]
    trail.say("Resolved target address", host=errand.host, ip=addresses[0])
    return addresses


def _judged(errand: Errand, trail: Trail) -> Sequence[str]:
    allow, host, port = errand.allow, errand.host, errand.port
    if is_address(host):
        found: Sequence[str] = (host,)
    elif allow is None or allow.names(host, port):
        return errand.resolver.addresses(host, trail.clock.remaining())
    elif not allow.has_networks:
        raise Forbidden
    else:
        try:
            found = errand.resolver.addresses(host, trail.clock.remaining(), stranger=True)
        except ProbeError:
            raise Forbidden from None
    if allow is not None:
        found = [address for address in found if allow.holds(address, port)]
    if not found:
        raise Forbidden
    return found


def _chosen(errand: Errand, addresses: Sequence[str]) -> str:
    """Choose by the settings' `preferred_ip_protocol`, in the resolver's order."""
    wanted = errand.settings.preferred_ip_protocol
    preferred = [address for address in addresses if (":" in address) is (wanted == "ip6")]
    if preferred:
        return preferred[0]
    if not errand.settings.ip_protocol_fallback:
        raise ProbeError(Cause.DNS_FAILURE, f"{errand.host}: no address of {wanted}")
    return addresses[0]
