"""conndrop-exporter: finds out why database connections drop."""

__version__ = "0.1.0"
