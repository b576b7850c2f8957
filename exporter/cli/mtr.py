"""What to say to people who type options of mtr that the command `path` does not have."""

from collections.abc import Mapping
from typing import Final

_OTHER_FORMS: Final = "write --json for what a program is to read"
_ROUTED: Final = "the routes of this host choose; `ip route get ADDRESS` shows them"
_FIXED: Final = "what is sent is always the same; leave it out"
_NUMBERS: Final = "owners of hops come from the `networks` of a --config.file"
_WORDS: Final = (
    (("-C", "--csv", "-l", "--raw", "-p", "--split", "-x", "--xml"), _OTHER_FORMS),
    (("-o", "--order"), "a report always has mtr's usual columns, and --json has more; leave it out"),
    (("-s", "--psize"), "a TCP packet that asks for a connection carries nothing; leave it out"),
    (("-B", "--bitpattern", "-Q", "--tos", "-M", "--mark", "-L", "--localport"), _FIXED),
    (("-I", "--interface", "-a", "--address"), _ROUTED),
    (("-y", "--ipinfo"), _NUMBERS),
    (("-e", "--mpls"), "labels of MPLS are not shown; leave it out"),
    (("-f", "--first-ttl"), "all hops are asked, from the first on; leave it out"),
    (("-U", "--max-unknown"), "a round ends behind five silent hops; --max-hops ends it earlier"),
    (("-t", "--curses", "--displaymode"), "on a terminal the table is live without it, and key d changes it"),
    (("-F", "--filename"), "one host at a time"),
    (("-S", "--sctp"), "packets are sent by --tcp, --udp or --icmp"),
    (("-v", "--version"), "write conndrop --version"),
)
ELSEWHERE: Final[Mapping[str, str]] = {option: told for options, told in _WORDS for option in options}
"""By the option."""
