"""A copy that is under way from one host to another, and takes all there is of the way."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Final

from tests.lab.namespace import Namespace

PORT: Final = 5999
WINDOW: Final = 130_000
"""Bytes on their way at once: they fill a queue, and do not overflow it."""
CHUNK: Final = 65536


@contextlib.contextmanager
def bulk(source: Namespace, destination: Namespace, host: str) -> Iterator[None]:
    """Copy from `source`, whose address is `host`, to `destination` for the length of the block."""
    listener = source.run(lambda: socket.create_server((host, PORT)))
    reader = destination.run(socket.socket)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    with listener, reader:
        reader.connect((host, PORT))
        sender, _ = listener.accept()
        with sender:
            threads = [
                threading.Thread(target=work) for work in (lambda: _send(sender), lambda: _read(reader))
            ]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                for end in (sender, reader):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                for thread in threads:
                    thread.join()


def _send(sender: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            sender.sendall(bytes(CHUNK))


def _read(reader: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while reader.recv(CHUNK):
            pass
