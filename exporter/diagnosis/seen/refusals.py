"""What one failure to open a connection shows, by its phase, its cause and its words."""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.sign import Sign
from exporter.model import Cause, Failure, Phase

SPEAKING: Final = frozenset(
    {
        Cause.AUTH_CREDENTIALS,
        Cause.AUTH_NOT_ALLOWED,
        Cause.CLIENT_POOL_EXHAUSTED,
        Cause.DNS_FAILURE,
        Cause.PROXY_IDLE_TIMEOUT,
        Cause.PROXY_SATURATED,
        Cause.SERVER_ACCOUNT_LIMIT,
        Cause.SERVER_HOST_BLOCKED,
        Cause.SERVER_IDLE_TIMEOUT,
        Cause.SERVER_READ_ONLY,
        Cause.SERVER_RESOURCE,
        Cause.SERVER_RESTART,
        Cause.SERVER_SATURATED,
        Cause.SERVER_SESSION_KILLED,
        Cause.SERVER_SLOW_QUERY,
        Cause.TLS_CERTIFICATE,
    }
)
"""Causes that are only ever named where somebody said so: a server, a pooler, a resolver, a certificate."""
WORDLESS: Final[Mapping[Cause, Sign]] = {
    Cause.CLIENT_LOCAL_NETWORK: Sign.FRESH_LOCAL,
    Cause.CLIENT_RESOURCES: Sign.FRESH_RESOURCES,
    Cause.NET_UNREACHABLE: Sign.FRESH_UNREACHABLE,
    Cause.PROXY_BACKEND_UNAVAILABLE: Sign.FRESH_HUNG_UP,
    Cause.SERVER_DOWN: Sign.FRESH_REFUSED,
    Cause.TLS_HANDSHAKE: Sign.FRESH_TLS_STALLS,
}
STUCK: Final[Mapping[Phase | None, Sign]] = {
    None: Sign.FRESH_UNANSWERED,
    Phase.TCP: Sign.FRESH_UNANSWERED,
    Phase.TLS: Sign.FRESH_TLS_STALLS,
}
"""Where packets are acknowledged no more, by the phase that they were sent in."""
SAYING: Final = frozenset({Cause.PROXY_BACKEND_UNAVAILABLE, Cause.TLS_HANDSHAKE})
"""Causes that are named with words or without."""
TIMED: Final = frozenset(
    {
        Sign.FRESH_MUTE,
        Sign.FRESH_NEVER_SENT,
        Sign.FRESH_QUERY_STALLS,
        Sign.FRESH_STUCK,
        Sign.FRESH_TLS_STALLS,
        Sign.FRESH_UNANSWERED,
    }
)
"""What a host that stands still may see without any reason."""
MEANINGS: Final[Mapping[Sign, str]] = {
    Sign.FRESH_FAILED: "nothing tells why",
    Sign.FRESH_HUNG_UP: "connected, and closed before the first byte",
    Sign.FRESH_LOCAL: "refused by this host's own network",
    Sign.FRESH_MUTE: "connected, and not a byte came in time",
    Sign.FRESH_NEVER_SENT: "never left this host, since no packet was sent again",
    Sign.FRESH_QUERY_STALLS: "logged in, and no answer to the query came in time",
    Sign.FRESH_REFUSED: "refused at the port",
    Sign.FRESH_RESOURCES: "not made, for this host or process has run out of something",
    Sign.FRESH_STUCK: "connected, and packets were acknowledged no more",
    Sign.FRESH_TLS_STALLS: "the TLS handshake came to no end",
    Sign.FRESH_UNANSWERED: "no answer to the connect",
    Sign.FRESH_UNREACHABLE: "turned away on the way",
}


def signs_of(failure: Failure) -> tuple[Sign, Cause | None]:
    """Give the sign that a failure shows, and whom it names."""
    cause = failure.cause
    if cause in SPEAKING or (cause in SAYING and (failure.said or _alerted(failure))):
        return Sign.SAID, cause
    if cause is Cause.NET_BLACKHOLE:
        return STUCK.get(failure.phase, Sign.FRESH_STUCK), None
    if cause is Cause.SERVER_UNRESPONSIVE:
        asking = failure.phase is Phase.QUERY
        return (Sign.FRESH_QUERY_STALLS if asking else Sign.FRESH_MUTE), None
    return WORDLESS.get(cause, Sign.FRESH_FAILED), None


def _alerted(failure: Failure) -> bool:
    """Whether a TLS library has named the reason: the code of anything else may be the kernel's."""
    return failure.cause is Cause.TLS_HANDSHAKE and bool(failure.code)
