"""A network of the demo's own: a namespace with loopback and one device, behind which the middlebox sits.

It goes with the last process in it. Nobody outside can see it, and nothing of the host's is changed.
"""

import ctypes
import fcntl
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from exporter.demo.forwarding import HOST

DEVICE: Final = "middlebox"
TUN: Final = "/dev/net/tun"
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
TUNSETIFF: Final = 0x400454CA
IFF_UP, IFF_TUN, IFF_NO_PI = 0x1, 0x1, 0x1000  # bare IP packets, without a header of the device's own
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
CAPABILITIES: Final = struct.pack("Ii", 0x20080522, 0)
"""Of this process, in the version of the call that all kernels have."""
PINGS: Final = Path("/proc/sys/net/ipv4/ping_group_range")


def why_impossible() -> str:
    """Try in a process of its own whether `enter` succeeds here; say what is in the way, empty for nothing.

    What has been entered cannot be left, and some hosts let one in and allow nothing there.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            enter()
        except OSError as error:
            os.write(writing, f"{error.filename or TUN}: {error.strerror}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as words:
        said = words.read()
    os.waitpid(child, 0)
    return said


def enter() -> int:
    """Give this process, and all that it starts from now on, the demo's network; raises OSError.

    Returns the descriptor of the device. The process must not have a second thread. Whoever is not root
    becomes the owner of the network in a user namespace, remains who they are, and gives up what power over
    it that gave them.
    """
    user, group = os.geteuid(), os.getegid()
    _call("unshare", NEW_NETWORK if user == 0 else NEW_USER | NEW_NETWORK)
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    tun = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)  # of the network in which it is opened
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _set(sock, SIOCSIFFLAGS, "lo", struct.pack("H", IFF_UP))
        _set(sock, SIOCSIFADDR, DEVICE, struct.pack("HH4s", socket.AF_INET, 0, HOST.packed))
        _set(sock, SIOCSIFNETMASK, DEVICE, struct.pack("HH4s", socket.AF_INET, 0, bytes((255, 255, 255, 0))))
        _set(sock, SIOCSIFFLAGS, DEVICE, struct.pack("H", IFF_UP))
    with suppress(OSError):  # in some containers nobody may; then there are no echoes
        PINGS.write_text(f"{group} {group}")
    if user:
        _call("capset", CAPABILITIES, bytes(24))
    return tun


def _set(sock: socket.socket, request: int, device: str, value: bytes) -> None:
    fcntl.ioctl(sock, request, struct.pack("16s24s", device.encode(), value))


def _call(name: str, *arguments: int | bytes) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
