"""Idle timeouts of every kind in the lab, and whether the exporter finds them and names who they belong to."""
