"""One echo request."""

from exporter.blackbox.errand import Errand, Trail
from exporter.blackbox.finding import find
from exporter.model import Phase
from exporter.net.single_echo import echo


def look(errand: Errand, trail: Trail) -> None:
    """Send one echo request and wait for its answer; raise ProbeError where none comes."""
    address = find(errand, trail)[0]
    trail.phases["resolve"] = trail.lookup or 0.0
    trail.clock.enter(Phase.QUERY)
    echoed = echo(address, trail.clock.remaining(), errand.settings.payload_size, errand.stop)
    trail.phases |= {"setup": echoed.setup, "rtt": echoed.rtt}
    trail.say("Found matching reply packet", rtt=f"{echoed.rtt:.6f}")
