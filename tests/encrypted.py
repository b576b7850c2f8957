"""Pages behind TLS, and clients of them with certificates and without."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import trustme

from exporter.app import Entrance
from tests.servers.certificates import NAME, Certificates
from tests.test_web import LOOPBACK, site

REQUEST = b"GET /-/healthy HTTP/1.0\r\n\r\n"
PAIR = "  cert_file: server.pem\n  key_file: server.key\n"


class Folder:
    """A folder with certificates, a web configuration, and its authority's clients."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.certificates = Certificates(path)
        self.rotate()
        self.client("known", self.certificates.issue("client.test", "10.1.2.3", "ops@client.test"))
        self.client("strange", trustme.CA().issue_cert("client.test"))
        self.file = path / "web.yml"

    def rotate(self) -> None:
        """Replace the server's certificate and key as people do: one after the other, in place."""
        self.certificates.install("good", self.path / "server.pem", self.path / "server.key")

    def client(self, name: str, pair: trustme.LeafCert) -> None:
        (self.path / f"{name}.pem").write_bytes(
            pair.private_key_pem.bytes() + b"".join(pem.bytes() for pem in pair.cert_chain_pems)
        )

    def write(self, tls: str = "", rest: str = "") -> Path:
        self.file.write_text(f"tls_server_config:\n{PAIR}{tls}{rest}")
        return self.file

    def context(self, client: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificates.ca))
        if client:
            context.load_cert_chain(self.path / f"{client}.pem")
        return context


@contextlib.contextmanager
def serving(entrance: Entrance, content: bytes = b"conndrop_up 1\n") -> Iterator[int]:
    running = entrance.open(site(content=content), [LOOPBACK])
    try:
        yield running.addresses[0].port
    finally:
        running.stop()


def fetch(port: int, context: ssl.SSLContext) -> tuple[bytes, ssl.SSLSocket]:
    """Ask whether all is healthy; gives the answer and the connection, which is closed. Raises OSError."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        # An end without a goodbye is an error then: somebody may have cut the answer off.
        context.wrap_socket(plain, server_hostname=NAME, suppress_ragged_eofs=False) as sock,
    ):
        sock.sendall(REQUEST)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
        return answer, sock


def let_in(port: int, context: ssl.SSLContext) -> bool:
    try:
        return fetch(port, context)[0].endswith(b"Healthy\n")
    except OSError:
        return False
