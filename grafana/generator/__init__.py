"""The dashboards for Grafana, as values, and how they are printed: `make dashboards`."""
