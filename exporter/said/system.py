"""What the kernel says of a connect, and which cause it means."""

import errno

from exporter.model import Cause

CAUSES: dict[int, Cause] = {
    errno.ECONNREFUSED: Cause.SERVER_DOWN,
    errno.ECONNRESET: Cause.PROXY_BACKEND_UNAVAILABLE,  # answered, and taken back before anybody looked
    errno.EHOSTUNREACH: Cause.NET_UNREACHABLE,
    errno.ENETUNREACH: Cause.NET_UNREACHABLE,
    errno.ETIMEDOUT: Cause.NET_BLACKHOLE,
    errno.EADDRINUSE: Cause.CLIENT_RESOURCES,
    errno.EADDRNOTAVAIL: Cause.CLIENT_RESOURCES,
    errno.EMFILE: Cause.CLIENT_RESOURCES,
    errno.ENFILE: Cause.CLIENT_RESOURCES,
    errno.ENOBUFS: Cause.CLIENT_RESOURCES,
    errno.ENOMEM: Cause.CLIENT_RESOURCES,
    errno.EPERM: Cause.CLIENT_LOCAL_NETWORK,
    errno.EACCES: Cause.CLIENT_LOCAL_NETWORK,
    errno.ENETDOWN: Cause.CLIENT_LOCAL_NETWORK,
}
"""Errors of connect(2) and socket(2), by what they tell. Anything else is `unknown`."""
