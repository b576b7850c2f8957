"""TUN devices: what the kernel sends through one, a process reads, and the other way round."""

import fcntl
import os
import struct
from typing import Final

from tests.lab.namespace import command

TUNSETIFF: Final = 0x400454CA
IFF_TUN: Final = 0x0001
IFF_NO_PI: Final = 0x1000  # bare IP packets, without a header of the device's own
QUEUE: Final = "10000"
"""Packets the device keeps while its process is not scheduled; the default of 500 loses some."""


def open_tun(name: str, *addresses: str) -> int:
    """Make the device `name` with `addresses` (with prefix lengths) in the calling thread's network.

    Returns its descriptor, which never blocks; the device goes when that is closed, and whoever has the
    descriptor may use it from any network.
    """
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    # Without a link-local address the kernel says nothing of its own accord, and counts stay what was sent.
    command("ip", "link", "set", name, "addrgenmode", "none")
    for address in addresses:
        # No search for a double of an IPv6 address: until that ends it could not be used.
        command("ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
    command("ip", "link", "set", name, "up", "txqueuelen", QUEUE)
    return tun
