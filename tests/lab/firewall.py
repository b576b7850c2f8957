"""What a stateful device between client and server does to connections: it forgets, drops and refuses.

Each fault is a block: it holds from its first line on and is healed with its last. Several may hold at once,
each for a port of the server. The state is what the kernel keeps of each connection (conntrack); it sees
every packet, TCP keepalives too.
"""

import contextlib
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Final, Literal

from tests.lab.namespace import command
from tests.lab.routers import Node
from tests.waiting import wait_for

Way = Literal["there", "back"]
"""From the client to the server, or from the server to the client."""
Refusal = Literal["silent", "rst"]
"""What a packet of a connection that is not known brings its sender: nothing, or a reset."""

REFUSALS: Final = {"silent": "drop", "rst": "reject with tcp reset"}
PORTS: Final = {"there": "dport", "back": "sport"}
FORWARDED: Final = "{ type filter hook forward priority 0; }"
TRANSLATED: Final = "{ type nat hook postrouting priority 100; }"
HELD: Final = 1
"""The mark of connections that were open when a fault began."""


class Firewall:
    """The stateful device that a router is. Times are whole seconds, because the kernel's are."""

    def __init__(self, router: Node) -> None:
        self._router = router
        self._numbers = itertools.count(1)
        # The kernel tracks connections once a rule asks for it; so none is unknown when a fault begins.
        router.rules("forward", "ct state established accept")

    @contextlib.contextmanager
    def idle(self, port: int, seconds: int, refusal: Refusal = "silent") -> Iterator[None]:
        """Forget connections to `port` that begin in this block after so long without a packet.

        What comes later, from either end, is refused.
        """
        with self._table((*_times(port, seconds), *_strict(port, refusal))):
            yield

    @contextlib.contextmanager
    def remapped(self, port: int, seconds: int) -> Iterator[None]:
        """Translate the client's address; a connection idle for so long goes on from another port.

        The server does not know that connection, and it is the server that resets it.
        """
        translation = (
            f"add chain inet TABLE translation {TRANSLATED}",
            f"add rule inet TABLE translation tcp dport {port} masquerade fully-random",
        )
        with self._table((*_times(port, seconds), *translation)):
            yield

    @contextlib.contextmanager
    def masqueraded(self, port: int, seconds: int) -> Iterator[None]:
        """Translate the client's address; a connection idle for so long goes on as before when it is used."""
        translation = (
            f"add chain inet TABLE translation {TRANSLATED}",
            f"add rule inet TABLE translation tcp dport {port} masquerade",
        )
        with self._table((*_times(port, seconds), *translation)):
            yield

    @contextlib.contextmanager
    def forgotten(self, port: int, refusal: Refusal = "silent") -> Iterator[None]:
        """Lose the state of all connections to `port` now, as a restart of the device or a failover does.

        New ones are let through at once.
        """
        with self._table((f"add chain inet TABLE rules {FORWARDED}", *_strict(port, refusal))):
            self.forget(port)
            yield

    @contextlib.contextmanager
    def black_hole(
        self, port: int | None = None, ways: tuple[Way, ...] = ("there", "back"), *, held: bool = False
    ) -> Iterator[None]:
        """Drop what goes these ways, to `port` or to wherever; with `held` only of connections open now."""
        marked = f"ct mark {HELD} " if held else ""
        whom = {way: "" if port is None else f"tcp {PORTS[way]} {port} " for way in PORTS}
        interfaces = {"there": 'iifname "to-client" ', "back": 'oifname "to-client" '}
        if held:
            self._conntrack("-U", port, "--mark", str(HELD))
        drops = (f"add rule inet TABLE rules {interfaces[way]}{whom[way]}{marked}drop" for way in ways)
        with self._table((f"add chain inet TABLE rules {FORWARDED}", *drops)):
            yield

    @contextlib.contextmanager
    def filtering(self, *rules: str) -> Iterator[None]:
        """Let these nft rules hold for what is forwarded, beside all others."""
        lines = (f"add rule inet TABLE rules {rule}" for rule in rules)
        with self._table((f"add chain inet TABLE rules {FORWARDED}", *lines)):
            yield

    @contextlib.contextmanager
    def moved(self, port: int, to: str) -> Iterator[None]:
        """Lead what goes to `port` to another server, `address:port`, as a floating address that has moved.

        Packets of connections that are open go there as well, and it knows none of them.
        """
        chain = "add chain inet TABLE translation { type nat hook prerouting priority -100; }"
        try:
            with self._table((chain, f"add rule inet TABLE translation tcp dport {port} dnat ip to {to}")):
                self.forget(port)
                yield
        finally:
            self.forget(port)

    def forget(self, port: int | None = None) -> None:
        """Delete the state of connections to `port` or of all; what comes next is as if from nowhere."""
        self._conntrack("-D", port)

    def known(self, port: int) -> int:
        """Count the connections to `port` whose state is kept."""
        listed = self._router.run(lambda: command("conntrack", "-L", "-p", "tcp", "--dport", str(port)))
        return len(listed.splitlines())

    def _conntrack(self, verb: str, port: int | None, *words: str) -> None:
        whose = [] if port is None else ["--dport", str(port)]
        for family in ("ipv4", "ipv6"):
            wait_for(partial(self._done, "conntrack", verb, "-f", family, "-p", "tcp", *whose, *words))

    def _done(self, *words: str) -> bool:
        """Run conntrack; tell whether it got to the end of its table.

        It gives up where one of the connections that it goes through has just ended by itself.
        """
        try:
            self._router.command(*words)
        except RuntimeError as failure:
            if "doesn't exist" in str(failure):
                return False
            if "0 flow entries" not in str(failure):  # which is no failure here
                raise
        return True

    @contextlib.contextmanager
    def _table(self, lines: tuple[str, ...]) -> Iterator[None]:
        name = f"fault{next(self._numbers)}"
        self._router.nft(f"add table inet {name}", *(line.replace("TABLE", name) for line in lines))
        try:
            yield
        finally:
            self._router.nft(f"delete table inet {name}")


def _times(port: int, seconds: int) -> Iterator[str]:
    """Give the lines that limit the idle time of connections to `port`."""
    yield f"add chain inet TABLE rules {FORWARDED}"
    for family, layer in (("ipv4", "ip"), ("ipv6", "ip6")):
        policy = f"protocol tcp; l3proto {layer}; policy = {{ established: {seconds} }};"
        yield f"add ct timeout inet TABLE {family} {{ {policy} }}"
        yield f'add rule inet TABLE rules meta nfproto {family} tcp dport {port} ct timeout set "{family}"'


def _strict(port: int, refusal: Refusal) -> Iterator[str]:
    """Give the lines that refuse what belongs to no known connection and does not begin one."""
    for way in PORTS.values():
        yield (
            f"add rule inet TABLE rules tcp {way} {port} ct state new,invalid "
            f"tcp flags & (syn | ack) != syn {REFUSALS[refusal]}"
        )
