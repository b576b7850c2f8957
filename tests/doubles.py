"""Servers on loopback that do what no real server will do on demand."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket], None]
"""What a double does with one connection; when it returns, the connection is closed."""

_GREETING = (
    b"\x0a9.9.9-double\0",
    struct.pack("<I", 7),  # thread
    b"12345678\0",  # salt, first part
    struct.pack("<HBHH", 0xF7FF, 45, 2, 0x81FF),  # all capabilities but TLS; utf8mb4; autocommit
    b"\x15" + bytes(10),
    b"123456789012\0",  # salt, second part
    b"mysql_native_password\0",
)


def mysql_packet(sequence: int, body: bytes) -> bytes:
    """Frame a packet of the MySQL protocol."""
    return len(body).to_bytes(3, "little") + bytes([sequence]) + body


def postgres_message(kind: bytes, body: bytes) -> bytes:
    """Frame a message of the PostgreSQL protocol."""
    return kind + (len(body) + 4).to_bytes(4, "big") + body


MYSQL_GREETING = mysql_packet(0, b"".join(_GREETING))
MYSQL_OK = bytes(7)


def deaf(sock: socket.socket) -> None:
    """Take everything in and never answer."""
    while sock.recv(65536):
        pass


def reset(sock: socket.socket) -> None:
    """End the connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def hang_up(sock: socket.socket) -> None:
    """Close like a polite peer: a FIN, and no reset for what is still on its way."""
    sock.shutdown(socket.SHUT_WR)
    deaf(sock)


def says(*answers: bytes, then: Script = hang_up) -> Script:
    """Answer each thing the client says with the next of `answers`, then do something else."""

    def script(sock: socket.socket) -> None:
        for answer in answers:
            sock.recv(65536)
            sock.sendall(answer)
        then(sock)

    return script


def greets(greeting: bytes, then: Script = deaf) -> Script:
    """Speak first, as MySQL does, then do something else."""

    def script(sock: socket.socket) -> None:
        sock.sendall(greeting)
        then(sock)

    return script


def dribbles(data: bytes, pause: float = 0.02) -> Script:
    """Send `data` one byte at a time, again and again."""

    def script(sock: socket.socket) -> None:
        while True:
            for byte in data:
                sock.sendall(bytes([byte]))
                time.sleep(pause)

    return script


@contextlib.contextmanager
def server(script: Script, host: str = "127.0.0.1") -> Iterator[int]:
    """Run `script` for every connection; gives the port. All connections end with the block."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener, contextlib.ExitStack() as open_sockets:
        threads: list[threading.Thread] = []

        def one(sock: socket.socket) -> None:
            with contextlib.suppress(OSError), sock:
                script(sock)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    open_sockets.callback(_cut, sock)
                    threads.append(threading.Thread(target=one, args=(sock,), daemon=True))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            _cut(listener)
            acceptor.join(5)
            open_sockets.close()
            for thread in threads:
                thread.join(5)


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    if sock.fileno() >= 0 and sock.type == socket.SOCK_STREAM:
        with contextlib.suppress(OSError):
            sock.close()


@contextlib.contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """Pass everything on to `port`, holding back what the server says for so many seconds; gives the port."""

    def script(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sending = threading.Thread(target=_pump, args=(client, upstream, 0.0), daemon=True)
            sending.start()
            _pump(upstream, client, seconds)
            sending.join(5)

    with server(script) as own:
        yield own


def _pump(source: socket.socket, sink: socket.socket, seconds: float) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            time.sleep(seconds)
            sink.sendall(data)
    with contextlib.suppress(OSError):
        time.sleep(seconds)
        sink.shutdown(socket.SHUT_WR)
