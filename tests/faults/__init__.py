"""Faults of every kind in the lab, and whether the exporter finds them, and says what they are."""
