"""What makes probes run, and carries what they saw to those who want it."""
