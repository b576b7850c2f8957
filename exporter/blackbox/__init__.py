"""Looks on request, at /probe, as blackbox_exporter has them: at our targets, and at hosts allowed."""
