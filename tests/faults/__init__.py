"""Idle timeouts of every kind in the lab, and whether the exporter finds them and whose they are."""
