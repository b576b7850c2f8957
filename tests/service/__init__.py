"""What makes a service of the exporter: its units, its installation, and the pages that tell of both."""
