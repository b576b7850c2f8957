"""The classes of histograms: upper bounds in seconds."""

from exporter.net.engine import LAG_BOUNDS

RTT_BUCKETS = tuple(0.00005 * 2**power for power in range(20))
"""smokeping_prober's buckets, 50 µs to 26 s, so that its dashboards fit."""
SESSION_BUCKETS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
DNS_BUCKETS = (*SESSION_BUCKETS, 30.0)
"""Resolvers that are silent are asked again for half a minute."""
LAG_BUCKETS = LAG_BOUNDS
"""The meter counts its lateness in the same classes."""
ERROR_BUCKETS = tuple(0.000001 * 2**power for power in range(20))
"""1 µs to half a second."""
