"""What MySQL and MariaDB count of a connection of ours, by how it ended (measured: decision 0014).

Only MariaDB counts refusals before the login, and denied access. `Connections` has every connect in it.
"""

from typing import Final

from exporter.model import Counted

BROKEN_OFF: Final = (
    Counted.CONNECTIONS_OPENED,
    Counted.ABORTED_CONNECTS,
    Counted.ABORTED_CONNECTS_PREAUTH,
)
"""We went before the login was sent."""
UNANSWERED: Final = (Counted.CONNECTIONS_OPENED, Counted.ABORTED_CONNECTS, Counted.ABORTED_CLIENTS)
"""We went after that: either of the two, by what the server comes to when it wakes up."""
LET_IN: Final = (Counted.CONNECTIONS_OPENED,)
"""We were let in, and took leave."""
LET_GO: Final = (Counted.CONNECTIONS_OPENED, Counted.ABORTED_CLIENTS)
"""We were let in, and went without a word."""

HOSTS: Final = (1129, 1130)
"""Refusals of the host, before anybody has logged in."""
DENIED: Final = (1044, 1045, 1698)
"""Refusals that MariaDB counts as access denied."""


def refused(packet: bytes) -> tuple[Counted, ...]:
    """Say what a refusal counts as, by its error packet."""
    number = int.from_bytes(packet[1:3], "little")
    if number in HOSTS:
        return BROKEN_OFF
    counted = (Counted.CONNECTIONS_OPENED, Counted.ABORTED_CONNECTS)
    return (*counted, Counted.ACCESS_DENIED) if number in DENIED else counted
