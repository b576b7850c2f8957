"""Many messages from one socket in one system call: recvmmsg(2), which the socket module does not offer."""

import ctypes
import errno
from typing import Final

MSG_DONTWAIT: Final = 0x40
NAME_BYTES: Final = 28
"""Size of the largest address we meet, a sockaddr_in6."""
TRIES: Final = 4
"""Calls until one is carried out: each may be told a pending error instead."""


class _Vector(ctypes.Structure):
    """A struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """A struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """A struct mmsghdr."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


_recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)


class Batch:
    """Room for `count` messages, used again and again: their beginnings, control data and senders.

    A message is `data_bytes` long at most here; what is longer is cut. After `take`, message number i
    begins at `data[i * data_bytes]`, its control messages at `control[i * control_bytes]`, and the
    sender's sockaddr at `names[i * NAME_BYTES]`; what a message does not fill is zero.
    """

    def __init__(self, count: int, data_bytes: int, control_bytes: int) -> None:
        self.count = count
        self.data_bytes = data_bytes
        self.control_bytes = control_bytes
        self.data = bytearray(count * data_bytes)
        self.control = bytearray(count * control_bytes)
        self.names = bytearray(count * NAME_BYTES)
        self._vectors = (_Vector * count)()
        self._messages = (_Message * count)()
        rooms = zip(
            range(count),
            _places(self.names, NAME_BYTES),
            _places(self.data, data_bytes),
            _places(self.control, control_bytes),
            strict=True,
        )
        for index, name, data, control in rooms:
            self._vectors[index] = _Vector(data, data_bytes)
            vector = ctypes.addressof(self._vectors[index])
            self._messages[index].header = _Header(name, NAME_BYTES, vector, 1, control, control_bytes, 0)
        self._where = ctypes.addressof(self._messages)
        self._fresh = bytes(self._messages)
        self._rooms = [(room, bytes(len(room))) for room in (self.data, self.control, self.names)]

    def take(self, descriptor: int, flags: int = 0) -> int:
        """Take in what has arrived, without waiting, and return the number of messages.

        An error pending on the socket is passed over: it is about an earlier packet, and the error queue
        tells it, too.
        """
        ctypes.memmove(self._where, self._fresh, len(self._fresh))
        for room, zeros in self._rooms:
            room[:] = zeros
        for _ in range(TRIES):
            number: int = _recvmmsg(descriptor, self._where, self.count, flags | MSG_DONTWAIT, None)
            if number >= 0:
                return number
            if ctypes.get_errno() in (errno.EAGAIN, errno.EBADF):
                break
        return 0

    def length(self, index: int) -> int:
        """Give the length of message number `index` in bytes, or what fitted of it."""
        length: int = self._messages[index].length
        return length


def _places(room: bytearray, size: int) -> range:
    """Give the addresses of the parts of a bytearray, which then cannot be resized any more."""
    start = ctypes.addressof((ctypes.c_char * len(room)).from_buffer(room))
    return range(start, start + len(room), size)
