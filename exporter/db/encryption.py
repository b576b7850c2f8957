"""How TLS is had from a database without a login."""

from contextlib import AbstractContextManager
from typing import Protocol

from exporter.net.handshake import TlsChannel
from exporter.net.stream import Stream
from exporter.net.tls import TlsPolicy


class Encryption(Protocol):
    """How one endpoint's database is asked for TLS, and how one leaves it again without a login."""

    @property
    def policy(self) -> TlsPolicy:
        """What the URL demands."""
        ...

    def harmless(self) -> bool:
        """Whether to ask now does no harm: a server that counts broken attempts is given long rests."""
        ...

    def visit(self) -> AbstractContextManager[None]:
        """Count what the server counts of a connection, which is asked for TLS and left in this block."""
        ...

    def ask(self, stream: Stream) -> bool:
        """Ask for TLS, entering phases as a session does, `tls` at the latest; tell whether it comes now.

        Raises ProbeError where the server refuses to talk, or says what no such server does.
        """
        ...

    def leave(self, line: Stream | TlsChannel) -> None:
        """Take leave so that the server has nothing to complain of; enters phase `close`.

        Raises ProbeError with the cause `tls.handshake` if the server turns out to have refused TLS.
        """
        ...
