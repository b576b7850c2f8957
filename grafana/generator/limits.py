"""From where on values are no longer good: where the alerts begin."""

from typing import Final

from grafana.generator.panel import Limits

LOSS: Final = Limits(warning="<packet_loss_warning>", critical="<packet_loss_critical>")
LATENCY: Final = Limits(warning="<latency>")
FAILING: Final = Limits(warning="<session_failures_warning>", critical="<session_failures_critical>")
FULL: Final = Limits(warning="<saturation_warning>", critical="<saturation_critical>")
AVAILABLE: Final = Limits(warning="<availability>", falls=True)
INTOLERABLE: Final = Limits(warning="<application_errors>")
MISSED: Final = Limits(warning="<missed_runs>")
WRONG: Final = Limits(warning="<measurement_error>")
HAPPENED: Final = Limits(warning="1")
"""For numbers of events of which there should be none."""
HARMFUL: Final = Limits(critical="1")
"""The same, where each of them has done harm."""
