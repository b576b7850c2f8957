"""The whole way from a measurement to a page: real Prometheus, real Alertmanager, and who is told."""
