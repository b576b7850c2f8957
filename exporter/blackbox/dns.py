"""A question to a name server; or, of a target of ours, the resolution of its name."""

from exporter.blackbox.errand import Errand, Trail
from exporter.blackbox.finding import find
from exporter.model import Cause, ProbeError, Records
from exporter.net.dns_inquiry import inquire
from exporter.net.dns_query import Inquiry


def resolve(errand: Errand, trail: Trail) -> None:
    """Resolve the host's name as the application does; raise ProbeError where that fails."""
    find(errand, trail)


def look(errand: Errand, trail: Trail) -> None:
    """Ask the target, a name server; raise ProbeError where it gives no good answer."""
    settings = errand.settings
    address = find(errand, trail)[0]
    trail.phases["resolve"] = trail.lookup or 0.0
    trail.records = Records()
    inquiry = Inquiry(settings.query_name, settings.query_type, recursion=settings.recursion_desired)
    trail.say("Making DNS query", query=settings.query_name, type=settings.query_type)
    over_tcp = settings.transport_protocol == "tcp"
    answered = inquire(inquiry, address, errand.port or 0, trail.clock, over_tcp=over_tcp)
    trail.records = answered.records
    trail.phases |= {"connect": answered.connect, "request": answered.request}
    trail.say("Got response", rcode=answered.records.rcode, answers=answered.records.answers)
    if answered.records.rcode not in settings.valid_rcodes:
        wanted = " or ".join(settings.valid_rcodes)
        said = f"the server says {answered.records.rcode}, wanted {wanted}"
        raise ProbeError(Cause.DNS_FAILURE, said, code=answered.records.rcode)
