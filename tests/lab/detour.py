"""A way round the link between client and router of a site: over a link whose conditions can be set."""

import contextlib
from collections.abc import Iterator

from tests.lab.link import Link
from tests.lab.routers import address, subnet
from tests.lab.site import Site

NUMBER = 200
"""The link's own number, of which its addresses are made."""


@contextlib.contextmanager
def detour(site: Site) -> Iterator[Link]:
    """Lead what client and server say to each other over IPv4 over a link of its own."""
    near, far = address(NUMBER, 1, 4), address(NUMBER, 2, 4)
    with Link(site.client, site.router, (f"{near}/24",), (f"{far}/24",), name="to-client2") as link:
        site.server.ip(f"route add {subnet(NUMBER, 4)} via {address(1, 1, 4)}")
        site.client.ip(f"route replace {subnet(1, 4)} via {far}")
        try:
            yield link
        finally:
            site.client.ip(f"route replace {subnet(1, 4)} via {address(0, 2, 4)}")
            site.server.ip(f"route del {subnet(NUMBER, 4)}")
