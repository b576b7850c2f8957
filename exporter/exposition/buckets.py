"""The classes of histograms: upper bounds in seconds."""

from exporter.net.engine import LAG_BOUNDS

RTT_BUCKETS = tuple(0.00005 * 2**power for power in range(20))
"""smokeping_prober's buckets, 50 µs to 26 s, so that its dashboards fit."""
SESSION_BUCKETS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
DNS_BUCKETS = (*SESSION_BUCKETS, 30.0)
"""Resolvers that are silent are asked again for half a minute."""
POOL_BUCKETS = (*SESSION_BUCKETS, 30.0)
"""What is found dead by a ping is waited for."""

AGE_BUCKETS = (
    1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0,
    86400.0,
)  # fmt: skip
"""How old connections become: borders where timeouts are known to be."""
LAG_BUCKETS = LAG_BOUNDS
"""The meter counts its lateness in the same classes."""
ERROR_BUCKETS = tuple(0.000001 * 2**power for power in range(20))
"""1 µs to half a second."""
