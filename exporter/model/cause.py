"""Why a connection failed: a closed list, fit for a metric label."""

from enum import StrEnum


class Cause(StrEnum):
    """The layer that is to blame, a dot, and what went wrong there.

    On an observation it is the cause *as seen at that moment by one probe*. Several probes seen
    together may tell more: a connect that nothing answers is `NET_BLACKHOLE` here, and turns out
    to be `MIDDLEBOX_CONNECT_BLOCKED` once an echo to the same host comes back.
    """

    CLIENT_RESOURCES = "client.resources"
    CLIENT_LOCAL_NETWORK = "client.local_network"
    CLIENT_POOL_EXHAUSTED = "client.pool_exhausted"
    CLIENT_CONNECTION_MISUSE = "client.connection_misuse"
    DNS_FAILURE = "dns.failure"
    DNS_SLOW = "dns.slow"
    DNS_ANSWER_CHANGED = "dns.answer_changed"
    DNS_IPV6_BROKEN = "dns.ipv6_broken"
    NET_LOSS = "net.loss"
    NET_LATENCY = "net.latency"
    NET_BLACKHOLE = "net.blackhole"
    NET_UNREACHABLE = "net.unreachable"
    NET_MTU_BLACKHOLE = "net.mtu_blackhole"
    NET_CORRUPTION = "net.corruption"
    MIDDLEBOX_IDLE_TIMEOUT = "middlebox.idle_timeout"
    MIDDLEBOX_STATE_LOST = "middlebox.state_lost"
    MIDDLEBOX_LIFETIME_LIMIT = "middlebox.lifetime_limit"
    MIDDLEBOX_CONNECT_BLOCKED = "middlebox.connect_blocked"
    MIDDLEBOX_CONNECT_LIMITED = "middlebox.connect_limited"
    PROXY_IDLE_TIMEOUT = "proxy.idle_timeout"
    PROXY_BACKEND_UNAVAILABLE = "proxy.backend_unavailable"
    PROXY_SATURATED = "proxy.saturated"
    PROXY_RESTARTED = "proxy.restarted"
    SERVER_IDLE_TIMEOUT = "server.idle_timeout"
    SERVER_SESSION_KILLED = "server.session_killed"
    SERVER_RESTART = "server.restart"
    SERVER_DOWN = "server.down"
    SERVER_UNRESPONSIVE = "server.unresponsive"
    SERVER_SATURATED = "server.saturated"
    SERVER_ACCOUNT_LIMIT = "server.account_limit"
    SERVER_HOST_BLOCKED = "server.host_blocked"
    SERVER_READ_ONLY = "server.read_only"
    SERVER_SLOW_QUERY = "server.slow_query"
    SERVER_RESOURCE = "server.resource"
    FAILOVER_ENDPOINT_CHANGED = "failover.endpoint_changed"
    AUTH_CREDENTIALS = "auth.credentials"
    AUTH_NOT_ALLOWED = "auth.not_allowed"
    TLS_CERTIFICATE = "tls.certificate"
    TLS_HANDSHAKE = "tls.handshake"
    UNKNOWN = "unknown"
