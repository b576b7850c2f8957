"""The causes, one entry each: what they are, how they look, what tells them apart, what to do."""

from collections.abc import Mapping
from typing import Final

from exporter.diagnosis.catalogue import (
    auth,
    client,
    conduct,
    dns,
    failover,
    lifecycle,
    limits,
    middlebox,
    net,
    proxy,
    reach,
    tls,
    unknown,
)
from exporter.diagnosis.catalogue.entry import Entry
from exporter.model import Cause

CATALOGUE: Final[Mapping[Cause, Entry]] = {
    Cause.CLIENT_RESOURCES: client.RESOURCES,
    Cause.CLIENT_LOCAL_NETWORK: client.LOCAL_NETWORK,
    Cause.CLIENT_POOL_EXHAUSTED: client.POOL_EXHAUSTED,
    Cause.CLIENT_CONNECTION_MISUSE: client.CONNECTION_MISUSE,
    Cause.DNS_FAILURE: dns.FAILURE,
    Cause.DNS_SLOW: dns.SLOW,
    Cause.DNS_ANSWER_CHANGED: dns.ANSWER_CHANGED,
    Cause.DNS_IPV6_BROKEN: dns.IPV6_BROKEN,
    Cause.NET_LOSS: net.LOSS,
    Cause.NET_LATENCY: net.LATENCY,
    Cause.NET_BLACKHOLE: reach.BLACKHOLE,
    Cause.NET_UNREACHABLE: reach.UNREACHABLE,
    Cause.NET_MTU_BLACKHOLE: net.MTU_BLACKHOLE,
    Cause.NET_CORRUPTION: net.CORRUPTION,
    Cause.MIDDLEBOX_IDLE_TIMEOUT: middlebox.IDLE_TIMEOUT,
    Cause.MIDDLEBOX_STATE_LOST: middlebox.STATE_LOST,
    Cause.MIDDLEBOX_LIFETIME_LIMIT: middlebox.LIFETIME_LIMIT,
    Cause.MIDDLEBOX_CONNECT_BLOCKED: middlebox.CONNECT_BLOCKED,
    Cause.MIDDLEBOX_CONNECT_LIMITED: middlebox.CONNECT_LIMITED,
    Cause.PROXY_IDLE_TIMEOUT: proxy.IDLE_TIMEOUT,
    Cause.PROXY_BACKEND_UNAVAILABLE: proxy.BACKEND_UNAVAILABLE,
    Cause.PROXY_SATURATED: proxy.SATURATED,
    Cause.PROXY_RESTARTED: proxy.RESTARTED,
    Cause.SERVER_IDLE_TIMEOUT: lifecycle.IDLE_TIMEOUT,
    Cause.SERVER_SESSION_KILLED: lifecycle.SESSION_KILLED,
    Cause.SERVER_RESTART: lifecycle.RESTART,
    Cause.SERVER_DOWN: lifecycle.DOWN,
    Cause.SERVER_UNRESPONSIVE: conduct.UNRESPONSIVE,
    Cause.SERVER_SATURATED: limits.SATURATED,
    Cause.SERVER_ACCOUNT_LIMIT: limits.ACCOUNT_LIMIT,
    Cause.SERVER_HOST_BLOCKED: limits.HOST_BLOCKED,
    Cause.SERVER_READ_ONLY: conduct.READ_ONLY,
    Cause.SERVER_SLOW_QUERY: conduct.SLOW_QUERY,
    Cause.SERVER_RESOURCE: limits.RESOURCE,
    Cause.FAILOVER_ENDPOINT_CHANGED: failover.ENDPOINT_CHANGED,
    Cause.AUTH_CREDENTIALS: auth.CREDENTIALS,
    Cause.AUTH_NOT_ALLOWED: auth.NOT_ALLOWED,
    Cause.TLS_CERTIFICATE: tls.CERTIFICATE,
    Cause.TLS_HANDSHAKE: tls.HANDSHAKE,
    Cause.UNKNOWN: unknown.UNKNOWN,
}
"""Every cause there is, in the order of `Cause`."""
