"""A mail server that keeps whatever it is given."""

import contextlib
import email
import email.policy
import socketserver
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Final

from tests.lab.exporter import Network
from tests.paging.serving import serving

ANSWERS: Final = {
    b"EHLO": b"250 SMTPUTF8",
    b"HELO": b"250 mailbox.test",
    b"MAIL": b"250 good",
    b"RCPT": b"250 good",
    b"DATA": b"354 go on",
    b"QUIT": b"221 goodbye",
}


class Mailbox:
    """What came to whomever, as messages; listens on loopback, and speaks what SMTP is needed."""

    def __init__(self, inside: Network) -> None:
        self.letters: list[EmailMessage] = []
        taken = self.letters.append

        class Handler(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self) -> None:
                self._say(b"220 mailbox.test")
                for line in self.rfile:
                    verb = line[:4].upper()
                    self._say(ANSWERS.get(verb, b"502 not here"))
                    if verb == b"DATA":
                        if (content := self._content()) is None:
                            return
                        taken(_letter(content))
                        self._say(b"250 kept")
                    elif verb == b"QUIT":
                        return

            def _content(self) -> bytes | None:
                """Read a letter to its last line; give none where it breaks off, as its sender ended."""
                content = b""
                for line in self.rfile:
                    if line == b".\r\n":
                        return content
                    content += line.removeprefix(b".") if line.startswith(b"..") else line
                return None

            def _say(self, line: bytes) -> None:
                self.wfile.write(line + b"\r\n")

        self.server = inside.run(lambda: socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler))

    @property
    def address(self) -> str:
        """Where it listens, host:port."""
        return f"127.0.0.1:{self.server.server_address[1]}"


def _letter(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@contextlib.contextmanager
def mailbox(inside: Network) -> Iterator[Mailbox]:
    """Take mail in a network until the block ends."""
    found = Mailbox(inside)
    with serving(found.server):
        yield found
