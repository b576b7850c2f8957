"""Two exporters at two places, and one Prometheus that compares them."""
